# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks [NAME…] [--json] [--rounds N] [--size N]`. Without names, all of them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from benchmarks import cases, engines, mining, pages, record, transitions
from benchmarks.report import Report, machine, show

Run = Callable[[int, int], list[Report]]
ALL: dict[str, tuple[Run, int, str]] = {
    "transitions": (transitions.run, 40, "cases a round"),
    "engines": (engines.run, 40, "cases a round; installs SpiffWorkflow and DBOS into build/peers"),
    "ledger": (record.run, 5_000, "events a round"),
    "cases": (cases.run, 62_000, "cases"),
    "pages": (pages.run, 160, "requests a round and page"),
    "map": (mining.run, 1_000_000, "events"),
    "permits": (mining.permits, 0, "not used"),
}


def main() -> None:
    what = "; ".join(f"{name} ({unit}, default {size:,})" for name, (_, size, unit) in ALL.items())
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=f"--size means: {what}")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds of each side (default 5)")
    parser.add_argument("--size", type=int, help="how much work a round is, for the benchmarks named")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in ALL]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}")
    if given.rounds < 1 or (given.size is not None and given.size < 1):
        parser.error("--rounds and --size are at least 1")
    reports: list[Report] = []
    for name in given.names or ALL:
        run, size, _ = ALL[name]
        reports += run(given.rounds, given.size or size)
    if given.json:
        said = {"machine": machine(), "reports": [report.to_json() for report in reports]}
        print(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        show(reports)


if __name__ == "__main__":
    main()
