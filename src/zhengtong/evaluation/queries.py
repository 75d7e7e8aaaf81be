# SPDX-License-Identifier: Apache-2.0
"""What the cockpit asks: figures over the sealed record, kept until the record grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import fmean, median

from django.conf import settings

from zhengtong.acts.serving import city
from zhengtong.errors import Contradicted
from zhengtong.evaluation.engine import figures, sources
from zhengtong.evaluation.engine.figures import OnTime, Outcome, RatedCase
from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.engine.report import Mined, mine_source
from zhengtong.evaluation.engine.snapshot import Known, Record, Snapshot, record
from zhengtong.evaluation.rules.reductions import Before, Reduction, reductions
from zhengtong.ledger import log as compose
from zhengtong.ledger.engine.segments import Segments
from zhengtong.ledger.segments import segments
from zhengtong.services.casework import calendar
from zhengtong.services.definition import BeforeFile, RatingFile
from zhengtong.services.published import LifeEvent
from zhengtong.services.queries import life_events


def record_size() -> int:
    """How many leaves the exported record has: up to there figures can be counted."""
    return _record().size()


def snapshot(leaves: int) -> Snapshot:
    """The record's tables as of so many leaves, kept for the next reader. Raises `Contradicted`."""
    held = _record()
    return _snapshot(held.segments.folder, held.segments.origin, leaves, known())


def known() -> tuple[Known, ...]:
    """Whose each published step is, and under which regime."""
    return tuple(
        Known(event.key, key, service.department, service.regime)
        for event in life_events()
        for key, service in event.services.items()
    )


def _record() -> Record:
    held = segments(compose())
    return record(held.folder, held.origin)


@lru_cache(maxsize=6)
def _snapshot(folder: Path, origin: str, leaves: int, known: tuple[Known, ...]) -> Snapshot:
    return record(folder, origin).at(leaves, known)


@dataclass(frozen=True)
class Picture:
    """The outcomes of a life event as of `leaves` sealed events."""

    leaves: int
    cases: tuple[Outcome, ...]
    ratings: tuple[RatedCase, ...] = ()


def picture(life_event: str) -> Picture:
    """Every closed case of a life event, from the sealed record as it is now."""
    held = segments(compose())
    return _picture(held.folder, held.origin, held.manifest().size, life_event)


@lru_cache(maxsize=64)
def _picture(folder: Path, origin: str, size: int, life_event: str) -> Picture:
    held = Segments(folder, origin)
    changed = held.verify()
    if changed:
        raise Contradicted(
            "存证分段文件已被改动，无法据此计数",
            "segments of the record were changed; nothing can be counted from them",
            found=", ".join(changed),
        )  # fmt: skip
    connection, leaves = held.connect(size)
    with connection:
        return Picture(
            leaves, tuple(figures.outcomes(connection, life_event)), tuple(figures.rated_cases(connection, life_event))
        )


def measured(cases: Sequence[Outcome]) -> dict[str, float | None]:
    """What the record saw, by measure; empty where nothing was seen.

    Counts that are mostly nought or alike (documents, visits, fields) as means, the others as medians; working days.
    """
    if not cases:
        return {}
    days = calendar()
    return {
        "steps": median(len(case.steps) for case in cases),
        "days": median(
            days.working_days_between(days.date_of(case.submitted_us), days.date_of(case.closed_us)) for case in cases
        ),
        "materials": fmean(case.materials_uploaded for case in cases),
        "visits": fmean(case.visits for case in cases),
        "fields": fmean(case.fields_typed for case in cases),
        "departments": median(case.departments for case in cases),
    }


def satisfied(ratings: Sequence[RatedCase]) -> OnTime:
    """How many of the rated cases were not rated badly, by the city's own rules."""
    files = city().all(RatingFile)
    bad = files[0].bad_up_to if files else 0
    return OnTime(len(ratings), sum(rating.level > bad for rating in ratings))


def compared(event: LifeEvent, before: BeforeFile, cases: Sequence[Outcome]) -> Sequence[Reduction]:
    """The six measures of a life event against one published set of figures."""
    published = {
        name: value
        for name in ("steps", "days", "materials", "visits", "fields", "departments")
        if (value := getattr(before, name)) is not None
    }
    base = Before(frozenset(before.services), before.comparable, published)
    return reductions(base, frozenset(event.services), measured(cases))


def mined_sources() -> list[Mined]:
    """The process figures of every imported log."""
    return [_mined(source.folder) for source in sources.list_sources(settings.ZHENGTONG_STATE)]


@lru_cache(maxsize=32)
def _mined(folder: Path) -> Mined:
    """A source never changes once it is there, so neither does what mining says of it."""
    source = next(s for s in sources.list_sources(folder.parent.parent) if s.folder == folder)
    with EventLog.of(source) as log:
        return mine_source(source, log, 5)
