# SPDX-License-Identifier: Apache-2.0
"""The process of a life event as its own record tells it, step by step.

A case's steps run side by side, so one sequence a case would show as many arcs as there are interleavings. As OCEL
does with objects, each step is followed by itself: from the application, through what happened to it, to the case's
close. A variant is the set of these lifelines. Only closed cases are told; times are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from zhengtong.evaluation.engine.duck import sql
from zhengtong.evaluation.engine.snapshot import Snapshot

START, END = "", ""
"""A lifeline comes from the application and goes to the close of its case."""


@dataclass(frozen=True)
class Wanted:
    """Which cases: closed within [since, until), of a department's steps alone, the most usual ways that cover `share`
    per cent of them; `numbers` from outside the record (a situation)."""

    life_event: str
    department: str = ""
    since_us: int | None = None
    until_us: int | None = None
    share: int = 100
    numbers: frozenset[str] | None = None


@dataclass(frozen=True)
class Activity:
    service: str
    type: str
    events: int
    cases: int


@dataclass(frozen=True)
class Arc:
    """`source` directly followed by `target` within one step, `START` and `END` standing for the case."""

    service: str
    source: str
    target: str
    count: int
    total_us: int
    median_us: int
    p90_us: int


@dataclass(frozen=True)
class Variant:
    """One way through: what happened to each step, as (service, types)."""

    lifelines: tuple[tuple[str, tuple[str, ...]], ...]
    cases: int
    median_us: int


@dataclass(frozen=True)
class Rework:
    """What was done to a step more than once: in so many cases, so many times beyond the first."""

    service: str
    type: str
    cases: int
    repeats: int


@dataclass(frozen=True)
class Process:
    """`cases` of `closed` are shown; `ways` are all their variants, `variants` the most frequent."""

    closed: int
    cases: int
    ways: int
    activities: tuple[Activity, ...]
    arcs: tuple[Arc, ...]
    variants: tuple[Variant, ...]
    rework: tuple[Rework, ...]

    def slowest(self, top: int) -> list[Arc]:
        """Where cases spend most time in all, within the steps."""
        inner = [arc for arc in self.arcs if arc.target != END and arc.total_us > 0]
        return sorted(inner, key=lambda arc: (-arc.total_us, arc.service, arc.source, arc.target))[:top]


_TOLD = """
CREATE TEMP TABLE told AS
SELECT m.number, m.service, m.type, m.time_us, m.leaf_index, c.submitted_us, c.closed_us
FROM moments m JOIN cases c USING (number) LEFT JOIN steps s ON s.number = m.number AND s.service = m.service
WHERE m.service <> '' AND m.type <> 'step_planned' AND c.life_event = ? AND c.closed_us IS NOT NULL
    AND c.closed_us >= coalesce(?, c.closed_us) AND c.closed_us < coalesce(?, c.closed_us + 1)
    AND (? = '' OR s.department = ?) $numbers
"""
_WAYS = """
CREATE TEMP TABLE ways AS
WITH lifelines AS (
    SELECT number, service, list(type ORDER BY time_us, leaf_index) AS types,
        any_value(closed_us - submitted_us) AS took
    FROM told GROUP BY number, service
), cases AS (
    SELECT number, list((service, types) ORDER BY service) AS way, any_value(took) AS took
    FROM lifelines GROUP BY number
)
SELECT number, way, took, dense_rank() OVER (ORDER BY n DESC, way) AS place
FROM (SELECT *, count(*) OVER (PARTITION BY way) AS n FROM cases)
"""
_PICKED = "CREATE TEMP TABLE picked AS SELECT t.* FROM told t JOIN ways USING (number) WHERE place <= ?"
_ACTIVITIES = """
SELECT service, type, count(*), count(DISTINCT number) FROM picked GROUP BY ALL ORDER BY service, type
"""
_ARCS = """
WITH following AS (
    SELECT service, type, time_us, submitted_us, closed_us, lead(type) OVER step AS next,
        lead(time_us) OVER step AS next_us, lag(type) OVER step AS previous
    FROM picked WINDOW step AS (PARTITION BY number, service ORDER BY time_us, leaf_index)
), arcs AS (
    SELECT service, type AS a, coalesce(next, '') AS b, coalesce(next_us, closed_us) - time_us AS gap FROM following
    UNION ALL
    SELECT service, '', type, time_us - submitted_us FROM following WHERE previous IS NULL
)
SELECT service, a, b, count(*), CAST(sum(gap) AS BIGINT), CAST(floor(quantile_cont(gap, 0.5)) AS BIGINT),
    quantile_disc(gap, 0.9)
FROM arcs GROUP BY ALL ORDER BY service, a, b
"""
_VARIANTS = """
SELECT any_value(way), count(*) AS n, CAST(floor(quantile_cont(took, 0.5)) AS BIGINT)
FROM ways SEMI JOIN picked USING (number) GROUP BY place ORDER BY n DESC, place LIMIT ?
"""
_REWORK = """
SELECT service, type, count(*), CAST(sum(n - 1) AS BIGINT) AS again
FROM (SELECT number, service, type, count(*) AS n FROM picked GROUP BY ALL HAVING n > 1)
GROUP BY service, type ORDER BY again DESC, service, type
"""


def process(snapshot: Snapshot, wanted: Wanted, *, top: int = 12) -> Process:
    """The map of the wanted cases, their `top` most frequent variants and what was done again."""
    with snapshot.session() as session:
        _tell(session, wanted)
        closed = _count(session, "SELECT count(*) FROM ways")
        last = _last_place(session, wanted.share, closed)
        session.execute(
            "CREATE TEMP TABLE picked AS SELECT t.* FROM told t JOIN ways USING (number) WHERE place <= ?", [last]
        )
        variants = session.execute(_VARIANTS, [top]).fetchall()
        return Process(
            closed=closed,
            cases=_count(session, "SELECT count(DISTINCT number) FROM picked"),
            ways=_count(session, "SELECT count(DISTINCT place) FROM ways SEMI JOIN picked USING (number)"),
            activities=tuple(Activity(*row) for row in session.execute(_ACTIVITIES).fetchall()),
            arcs=tuple(Arc(*row) for row in session.execute(_ARCS).fetchall()),
            variants=tuple(Variant(_lifelines(way), n, took) for way, n, took in variants),
            rework=tuple(Rework(*row) for row in session.execute(_REWORK).fetchall()),
        )


def cases_with(snapshot: Snapshot, wanted: Wanted, service: str, type: str, *, after: str | None = None) -> list[str]:
    """Numbers of the wanted cases in which this happened to the step; with `after`, directly after that."""
    with snapshot.session() as session:
        _tell(session, wanted)
        last = _last_place(session, wanted.share, _count(session, "SELECT count(*) FROM ways"))
        rows = session.execute(
            """SELECT DISTINCT number FROM (
                SELECT t.*, coalesce(lag(t.type) OVER step, '') AS previous
                FROM told t JOIN ways USING (number) WHERE place <= ?
                WINDOW step AS (PARTITION BY t.number, t.service ORDER BY time_us, leaf_index))
            WHERE service = ? AND type = ? AND (? IS NULL OR previous = ?) ORDER BY number""",
            [last, service, type, after, after],
        )
        return [row[0] for row in rows.fetchall()]


def _tell(session: duckdb.DuckDBPyConnection, wanted: Wanted) -> None:
    parameters: list[Any] = [wanted.life_event, wanted.since_us, wanted.until_us, wanted.department, wanted.department]
    numbers = ""
    if wanted.numbers is not None:
        numbers = "AND m.number IN (SELECT unnest(CAST(? AS VARCHAR[])))"
        parameters.append(sorted(wanted.numbers))
    session.execute(sql(_TOLD, numbers=numbers), parameters)
    session.execute(_WAYS)


def _count(session: duckdb.DuckDBPyConnection, query: str) -> int:
    row = session.execute(query).fetchone()
    return int(row[0]) if row else 0


def _last_place(session: duckdb.DuckDBPyConnection, share: int, closed: int) -> int:
    """The last of the most frequent ways needed to cover `share` per cent of the cases."""
    covered = 0
    for place, n in session.execute("SELECT place, count(*) FROM ways GROUP BY place ORDER BY place").fetchall():
        covered += n
        if covered * 100 >= share * closed:
            return int(place)
    return 0


def _lifelines(way: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """DuckDB hands a row out as a tuple or a mapping, by version."""
    pairs = [tuple(one.values()) if isinstance(one, dict) else one for one in way]
    return tuple((service, tuple(types)) for service, types in pairs)
