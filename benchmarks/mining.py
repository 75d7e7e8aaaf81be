# SPDX-License-Identifier: Apache-2.0
"""The process map of a large log, and the real permit log from file to figures.

Every side runs in a process of its own, so that its memory is its own too: CPU and memory are those of opening the
Parquet file and finding the directly-follows graph, after imports. pm4py (AGPL) is a peer, installed apart: name an
interpreter that has it in `BENCHMARK_PM4PY`.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import place
from benchmarks.measure import Round, Side, side_by_side
from benchmarks.report import Report

ACTIVITIES, EVENTS_A_CASE = 30, 10


def run(rounds: int, size: int) -> list[Report]:
    """The map of `size` made-up events, ten a case, thirty activities."""
    with tempfile.TemporaryDirectory(prefix="zhengtong-bench-") as folder:
        log = Path(folder) / "events.parquet"
        _make_log(log, size)
        sides = {"Zhengtong (DuckDB)": sys.executable, "plain Python": sys.executable}
        if os.environ.get("BENCHMARK_PM4PY"):
            sides["pm4py"] = os.environ["BENCHMARK_PM4PY"]
        taken: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
        for number in range(rounds + 1):
            for name, python in sides.items():
                answer = _apart(python, name, log)
                if number:
                    taken[name].append(answer)
    answers = {json.dumps(sorted(one["arcs"])) for some in taken.values() for one in some}
    if len(answers) != 1:
        raise SystemExit("benchmarks: the sides do not find the same directly-follows graph")
    measured = [
        Side(name, "event", tuple(Round(one["cpu_s"] / size, one["wall_s"] / size) for one in some))
        for name, some in taken.items()
    ]
    facts: dict[str, float | int | str] = {"events": size, "arcs": len(json.loads(answers.pop()))}
    for name, some in taken.items():
        facts[f"peak memory, {name}"] = f"{max(one['peak_mb'] for one in some):,.0f} MB"
        facts[f"CPU seconds, {name}"] = f"{min(o['cpu_s'] for o in some):.2f}–{max(o['cpu_s'] for o in some):.2f}"
    return [Report("map", "Process map, one process a side", measured, "plain Python", facts)]


def _make_log(path: Path, size: int) -> None:
    """Random but repeatable; as the importer writes it: numbered, sorted by case, time and place."""
    import duckdb

    duckdb.execute(
        f"""COPY (SELECT CAST(i // {EVENTS_A_CASE} AS INTEGER) AS case_no, 'c' || i // {EVENTS_A_CASE} AS case_id,
            CAST(hash(i) % {ACTIVITIES} AS INTEGER) AS activity_no, 'activity ' || hash(i) % {ACTIVITIES} AS activity,
            CAST(1700000000000000 + i * 1000000 AS BIGINT) AS time_us, CAST(i AS BIGINT) AS position
            FROM range({size}) t(i) ORDER BY i) TO '{path}' (FORMAT parquet)"""
    )


def _apart(python: str, name: str, log: Path) -> dict[str, Any]:
    arguments = [python, str(place.ROOT / "benchmarks/map_side.py"), name, str(log)]
    done = subprocess.run(arguments, cwd=place.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"benchmarks: {name} failed\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def permits(rounds: int, size: int) -> list[Report]:
    """The real permit log, read, mined and compared with reading it the plain way. `size` is not used."""
    shared = place.shared()
    if shared is None or not (shared / "permits/receipt.csv.gz").is_file():
        print("permits: the shared data folder is not here (ZHENGTONG_SHARED); left out", file=sys.stderr)
        return []
    from zhengtong.evaluation.engine.importing import import_log
    from zhengtong.evaluation.engine.mining import EventLog
    from zhengtong.evaluation.engine.report import mine_source

    files = {kind: shared / f"permits/receipt.{kind}.gz" for kind in ("csv", "xes")}
    found: dict[str, int | str] = {}

    def ours(kind: str) -> int:
        with tempfile.TemporaryDirectory(prefix="zhengtong-bench-") as folder:
            done = import_log(files[kind], "permits", Path(folder), now_us=time.time_ns() // 1000)
            with EventLog.of(done.source) as log:
                mined = mine_source(done.source, log, 10)
        found["arcs"], found["variants"] = len(mined.map.arcs), mined.variants.total
        found["late"] = json.dumps(mined.to_json()["late"])
        return mined.map.events

    def plain() -> int:
        events, arcs, variants = _plainly(files["csv"])
        if (arcs, variants) != (found["arcs"], found["variants"]):
            raise SystemExit("benchmarks: the plain reading finds another graph")
        return events

    sides = side_by_side(
        [
            ("import and mine CSV", lambda: ours("csv")),
            ("import and mine XES", lambda: ours("xes")),
            ("plain reading of the CSV: arcs and variants only", plain),
        ],
        "event",
        rounds,
    )
    return [Report("permits", "A real permit log: check, import, every figure", sides, sides[2].name, found)]


def _plainly(path: Path) -> tuple[int, int, int]:
    traces: dict[str, list[tuple[datetime, int, str]]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for place_, row in enumerate(csv.DictReader(file)):
            when = datetime.fromisoformat(row["time:timestamp"])
            traces.setdefault(row["case:concept:name"], []).append((when, place_, row["concept:name"]))
    arcs: set[tuple[str, str]] = set()
    variants: set[tuple[str, ...]] = set()
    for events in traces.values():
        names = tuple(name for _, _, name in sorted(events))
        arcs.update(itertools.pairwise(names))
        variants.add(names)
    return sum(map(len, traces.values())), len(arcs), len(variants)
