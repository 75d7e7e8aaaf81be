# SPDX-License-Identifier: Apache-2.0
"""Figures of the ledger on this machine: `PYTHONPATH=src:tests python tests/ledger/measure.py [EVENTS]`.

A fresh database in a temporary folder (or the empty one of ZHENGTONG_DATABASE_URL), durable as in the product.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable

PER_ACT = 100


def timed(name: str, count: int, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    work()
    print(f"{name:<44} {count / (time.perf_counter() - start):>10,.0f} /s")


def main(count: int) -> None:
    from ledger.factory import NOW, Tree, some_leaves, write
    from zhengtong import ledger
    from zhengtong.ledger.audit import audit
    from zhengtong.ledger.segments import export

    leaves = some_leaves(count * 10)
    timed("leaves appended to a tree in memory", len(leaves), lambda: Tree(leaves))
    log = ledger.log()
    timed(
        f"events recorded durably, {PER_ACT} a transaction",
        count,
        lambda: [write(PER_ACT) for _ in range(count // PER_ACT)],
    )
    timed("leaves sealed durably, batches of 1,000", count, lambda: log.seal(now_us=NOW))
    events = [event for _ in range(count // 4 // PER_ACT) for event in write(PER_ACT)]
    timed("leaves sealed durably, batches of 100", len(events), lambda: log.seal(now_us=NOW, batch=100))
    timed("proofs", 500, lambda: [log.prove(event.id) for event in events[:500]])
    total = count + len(events)
    timed("leaves audited", total, lambda: audit(log, models=[]))
    timed("leaves exported to Parquet", total, lambda: export(log))


if __name__ == "__main__":
    os.environ["ZHENGTONG_STATE"] = tempfile.mkdtemp()
    os.environ["DJANGO_SETTINGS_MODULE"] = "ledger.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
