# SPDX-License-Identifier: Apache-2.0
"""Figures of a life event, counted from sealed events: which cases, on time or late, and what each one cost.

Every figure is a fold over `Outcome`s, and every outcome names its case, whose events are the evidence. Times are
integer microseconds; no approximate function is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

import duckdb

# One row a decided step of a closed case. A withdrawn case was not decided by the departments: it is not counted.
_DECIDED = """
WITH closed AS (
    SELECT o.object_id AS number, e.time_us AS closed_us
    FROM events e JOIN event_objects o USING (event_id)
    WHERE e.type = 'case_closed' AND o.object_type = 'case' AND o.qualifier = 'state'
      AND json_extract_string(e.attributes, '$.life_event') = ?
      AND json_extract_string(e.attributes, '$.outcome') <> 'withdrawn'
), submitted AS (
    SELECT o.object_id AS number, e.time_us AS submitted_us,
           json_extract_string(e.attributes, '$.channel') AS channel,
           coalesce(json_extract(e.attributes, '$.fields_typed')::BIGINT, 0) AS typed,
           coalesce(json_extract(e.attributes, '$.materials_uploaded')::BIGINT, 0) AS uploaded,
           coalesce(json_extract(e.attributes, '$.visits')::BIGINT, 0) AS visits
    FROM events e JOIN event_objects o USING (event_id)
    WHERE e.type = 'case_submitted' AND o.object_type = 'case' AND o.qualifier = 'state'
), corrected AS (
    SELECT o.object_id AS number,
           sum(coalesce(json_extract(e.attributes, '$.materials_uploaded')::BIGINT, 0)) AS uploaded
    FROM events e JOIN event_objects o USING (event_id)
    WHERE e.type = 'form_corrected' AND o.object_type = 'case' GROUP BY ALL
), decided AS (
    SELECT o.object_id AS number, e.time_us AS decided_us, e.department,
           json_extract_string(e.attributes, '$.service') AS service,
           json_extract(e.attributes, '$.promised_due_us')::BIGINT AS promised_due_us,
           json_extract(e.attributes, '$.used_days')::BIGINT AS used_days
    FROM events e JOIN event_objects o USING (event_id)
    WHERE e.type IN ('step_granted', 'step_refused') AND o.object_type = 'case'
)
SELECT number, closed_us, submitted_us, channel, typed, s.uploaded + coalesce(c.uploaded, 0), visits,
       service, department, decided_us, promised_due_us, used_days
FROM closed JOIN submitted s USING (number) LEFT JOIN corrected c USING (number) LEFT JOIN decided USING (number)
ORDER BY closed_us, number, decided_us, service
"""


@dataclass(frozen=True)
class StepOutcome:
    """A decided step. `late` against its promised end; `used_days` as its limit counts them."""

    service: str
    department: str
    decided_us: int
    late: bool
    used_days: int | None


@dataclass(frozen=True)
class Outcome:
    """A closed case as its events tell it. `late` when any of its steps was."""

    number: str
    submitted_us: int
    closed_us: int
    channel: str
    fields_typed: int
    materials_uploaded: int
    visits: int
    steps: tuple[StepOutcome, ...]

    @property
    def late(self) -> bool:
        return any(step.late for step in self.steps)

    @property
    def departments(self) -> int:
        return len({step.department for step in self.steps})


def outcomes(connection: duckdb.DuckDBPyConnection, life_event: str) -> list[Outcome]:
    """Every closed case of a life event, oldest first."""
    grouped: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for row in connection.execute(_DECIDED, [life_event]).fetchall():
        grouped[row[0]].append(row)
    return [_outcome(rows) for rows in grouped.values()]


def _outcome(rows: list[tuple[object, ...]]) -> Outcome:
    number, closed_us, submitted_us, channel, typed, uploaded, visits = rows[0][:7]
    steps = [
        StepOutcome(
            service=str(service),
            department=str(department),
            decided_us=int(str(decided)),
            late=due is not None and int(str(decided)) > int(str(due)),
            used_days=None if used is None else int(str(used)),
        )
        for service, department, decided, due, used in (row[7:] for row in rows)
        if service is not None
    ]
    return Outcome(
        number=str(number),
        submitted_us=int(str(submitted_us)),
        closed_us=int(str(closed_us)),
        channel=str(channel),
        fields_typed=int(str(typed)),
        materials_uploaded=int(str(uploaded)),
        visits=int(str(visits)),
        steps=tuple(steps),
    )


@dataclass(frozen=True)
class OnTime:
    """A count, never a share alone: `on_time` of `closed` cases."""

    closed: int
    on_time: int

    @property
    def share(self) -> float | None:
        return self.on_time / self.closed if self.closed else None


def on_time(cases: Iterable[Outcome]) -> OnTime:
    cases = list(cases)
    return OnTime(len(cases), sum(not case.late for case in cases))


@dataclass(frozen=True)
class ServiceFigures:
    """How one service of the life event went. `department` is the one that decided it last."""

    service: str
    department: str
    decided: int
    late: int
    median_days: float | None

    @property
    def late_share(self) -> float:
        return self.late / self.decided if self.decided else 0.0


def by_service(cases: Iterable[Outcome]) -> list[ServiceFigures]:
    """Per service, the one with the greatest share of late steps first."""
    steps: dict[str, list[StepOutcome]] = defaultdict(list)
    for case in cases:
        for step in case.steps:
            steps[step.service].append(step)
    figures = []
    for service, decided in steps.items():
        days = [step.used_days for step in decided if step.used_days is not None]
        figures.append(
            ServiceFigures(
                service,
                decided[-1].department,
                len(decided),
                sum(s.late for s in decided),
                median(days) if days else None,
            )
        )
    return sorted(figures, key=lambda figure: (-figure.late_share, figure.service))


_RATED = """
SELECT o.object_id, json_extract(e.attributes, '$.level')::BIGINT, e.time_us
FROM events e JOIN event_objects o USING (event_id)
WHERE e.type = 'case_rated' AND o.object_type = 'case' AND json_extract_string(e.attributes, '$.life_event') = ?
ORDER BY e.time_us, o.object_id
"""


@dataclass(frozen=True)
class RatedCase:
    number: str
    level: int
    rated_us: int


def rated_cases(connection: duckdb.DuckDBPyConnection, life_event: str) -> list[RatedCase]:
    """Every rating of a life event's cases, oldest first."""
    return [RatedCase(*row) for row in connection.execute(_RATED, [life_event]).fetchall()]
