# SPDX-License-Identifier: Apache-2.0
"""Logs made up for tests, written as CSV, XES and Parquet, and mining done the plain way to compare with."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ZHENGTONG_SHARED", REPOSITORY.parent / "shared"))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

needs_permits = pytest.mark.skipif(
    not (SHARED / "data" / "permits" / "receipt.csv.gz").is_file(),
    reason="the permit log of the shared data folder is not here (ZHENGTONG_SHARED)",
)


def permits(kind: str) -> Path:
    return SHARED / "data" / "permits" / f"receipt.{kind}.gz"


@dataclass(frozen=True)
class Event:
    case: str
    activity: str
    us: int
    resource: str | None = None


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=6).filter(
    lambda text: text.strip() and text.strip().lower() != "null"
)
# few cases, few activities and few instants, so that ties, loops and returns are common
events = st.builds(
    Event,
    case=st.sampled_from(["c1", "c2", "c3", "办件四"]),
    activity=st.sampled_from(["受理", "b", "c d", 'q"uo,te', "E&<>"]),
    us=st.integers(0, 6).map(lambda n: n * 3_600_000_000 + n),
    resource=st.sampled_from([None, "张", "r2"]),
)
logs = st.lists(events, min_size=1, max_size=40)


def iso(us: int) -> str:
    return (EPOCH + timedelta(microseconds=us)).isoformat(timespec="microseconds")


def as_csv(log: list[Event]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["case:concept:name", "concept:name", "time:timestamp", "org:resource"])
    writer.writerows([event.case, event.activity, iso(event.us), event.resource or ""] for event in log)
    return out.getvalue().encode()


def as_xes(log: list[Event]) -> bytes:
    """Traces in order of first appearance; within a trace the order of the list."""
    traces: dict[str, list[Event]] = defaultdict(list)
    for event in log:
        traces[event.case].append(event)
    out = ['<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0" xmlns="http://www.xes-standard.org/">']
    for case, inside in traces.items():
        out.append(f'<trace><string key="concept:name" value={quoteattr(case)}/>')
        for event in inside:
            who = f'<string key="org:resource" value={quoteattr(event.resource)}/>' if event.resource else ""
            out.append(
                f'<event><string key="concept:name" value={quoteattr(event.activity)}/>{who}'
                f'<date key="time:timestamp" value="{iso(event.us)}"/></event>'
            )
        out.append("</trace>")
    return "\n".join([*out, "</log>"]).encode()


def as_parquet(log: list[Event], path: Path) -> Path:
    columns = {
        "case_id": [event.case for event in log],
        "activity": [event.activity for event in log],
        "time_us": pa.array([event.us for event in log], pa.int64()),
        "position": pa.array(range(len(log)), pa.int64()),
        "resource": pa.array([event.resource for event in log], pa.string()),
    }
    pq.write_table(pa.table(columns), path)
    return path


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def cases_of(log: list[Event]) -> dict[str, list[Event]]:
    """Events of each case by time, then by their place in the file."""
    traces: dict[str, list[Event]] = defaultdict(list)
    for event in log:
        traces[event.case].append(event)
    return {case: sorted(inside, key=lambda event: event.us) for case, inside in traces.items()}


def arcs_of(log: list[Event]) -> dict[tuple[str, str], list[int]]:
    gaps: dict[tuple[str, str], list[int]] = defaultdict(list)
    for inside in cases_of(log).values():
        for one, other in itertools.pairwise(inside):
            gaps[one.activity, other.activity].append(other.us - one.us)
    return gaps


def variants_of(log: list[Event]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(event.activity for event in inside) for inside in cases_of(log).values())


def median(values: list[int]) -> int:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) // 2


def nearest_rank(values: list[int], percent: int) -> int:
    return sorted(values)[max(-(-percent * len(values) // 100), 1) - 1]
