# SPDX-License-Identifier: Apache-2.0
"""One side of the process-map benchmark, in a process of its own: `python map_side.py SIDE FILE` prints JSON.

It imports nothing of ours before it has to: the interpreter of a peer need not have it. Times and memory count from
after the imports.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

Arcs = list[tuple[str, str, int]]
Work = Callable[[], Arcs]


def zhengtong(log: str) -> Work:
    from zhengtong.evaluation.engine.mining import EventLog

    def work() -> Arcs:
        with EventLog(Path(log)) as opened:
            return [(arc.source, arc.target, arc.count) for arc in opened.process_map().arcs]

    return work


def plain(log: str) -> Work:
    """Counting pairs in a loop: no times, no medians, so it does less than the other two."""
    from collections import Counter

    import pyarrow.parquet

    def work() -> Arcs:
        table = pyarrow.parquet.read_table(log, columns=["case_no", "activity"])
        cases, names = table["case_no"].to_pylist(), table["activity"].to_pylist()
        arcs: Counter[tuple[str, str]] = Counter()
        for at in range(len(cases) - 1):
            if cases[at] == cases[at + 1]:
                arcs[names[at], names[at + 1]] += 1
        return [(a, b, n) for (a, b), n in arcs.items()]

    return work


def pm4py(log: str) -> Work:
    pandas, peer = import_module("pandas"), import_module("pm4py")

    def work() -> Arcs:
        frame = pandas.read_parquet(log, columns=["case_id", "activity", "time_us"])
        frame["time_us"] = pandas.to_datetime(frame["time_us"], unit="us", utc=True)
        found, _, _ = peer.discover_dfg(frame, activity_key="activity", timestamp_key="time_us", case_id_key="case_id")
        return [(a, b, int(n)) for (a, b), n in found.items()]

    return work


SIDES = {"Zhengtong (DuckDB)": zhengtong, "plain Python": plain, "pm4py": pm4py}


def main(side: str, log: str) -> None:
    work = SIDES[side](log)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    arcs = work()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"arcs": arcs, "cpu_s": cpu, "wall_s": wall, "peak_mb": after.ru_maxrss / 1024}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
