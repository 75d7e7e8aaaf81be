# SPDX-License-Identifier: Apache-2.0
"""DBOS: cases of eight steps, each step's result durable before the next. Run by `benchmarks.engines`, apart.

`python dbos_case.py DATABASE CASES` prints the CPU seconds of a step as JSON.
"""

from __future__ import annotations

import json
import resource
import sys

import sqlalchemy
from dbos import DBOS, DBOSConfig
from sqlalchemy import event

STEPS = 8


def main(path: str, cases: int) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", connect_args={"timeout": 20})

    @event.listens_for(engine, "connect")
    def modes(connection, _record):  # type: ignore[no-untyped-def]
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON")

    config: DBOSConfig = {
        "name": "case", "system_database_url": f"sqlite:///{path}", "system_database_engine": engine,
        "log_level": "ERROR",
    }  # fmt: skip
    DBOS(config=config)

    @DBOS.step()
    def step(case: int, number: int) -> dict[str, int]:
        return {"case": case, "number": number}

    @DBOS.workflow()
    def run(case: int) -> int:
        return sum(step(case, number)["number"] for number in range(STEPS))

    DBOS.launch()
    for case in range(5):
        run(case)
    before = resource.getrusage(resource.RUSAGE_SELF)
    for case in range(cases):
        run(case)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        kept = connection.exec_driver_sql("SELECT COUNT(*) FROM operation_outputs").scalar()
    print(json.dumps({"cpu_us": cpu / cases / STEPS * 1e6, "kept": kept, "synchronous": mode}), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
