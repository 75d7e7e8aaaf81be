# SPDX-License-Identifier: Apache-2.0
"""What the cockpit asks: figures over the sealed record, kept until the record grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import fmean, median

from django.conf import settings

from zhengtong.acts.serving import city
from zhengtong.evaluation.engine import figures, sources
from zhengtong.evaluation.engine.figures import OnTime, Outcome, RatedCase
from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.engine.report import Mined, mine_source
from zhengtong.evaluation.engine.snapshot import Known, Record, Snapshot, record, unchanged
from zhengtong.evaluation.rules.reductions import Before, Reduction, reductions
from zhengtong.ledger import log as compose
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


def picture(life_event: str, leaves: int | None = None) -> Picture:
    """Every closed case of a life event, from the sealed record as it is now, or was at so many leaves."""
    held = _record()
    return _picture(held.segments.folder, held.segments.origin, held.size() if leaves is None else leaves, life_event)


@lru_cache(maxsize=64)
def _picture(folder: Path, origin: str, size: int, life_event: str) -> Picture:
    held = record(folder, origin).segments
    unchanged(held)
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


def bad_up_to() -> int:
    """The highest level that the city counts as a bad rating; 0 where it has no ratings."""
    files = city().all(RatingFile)
    return files[0].bad_up_to if files else 0


def satisfied(ratings: Sequence[RatedCase]) -> OnTime:
    """How many of the rated cases were not rated badly, by the city's own rules."""
    bad = bad_up_to()
    return OnTime(len(ratings), sum(rating.level > bad for rating in ratings))


def compared(
    event: LifeEvent, before: BeforeFile, cases: Sequence[Outcome], now: Mapping[str, float | None] | None = None
) -> Sequence[Reduction]:
    """The six measures of a life event against one published set of figures; `now` in place of what was measured."""
    published = {
        name: value
        for name in ("steps", "days", "materials", "visits", "fields", "departments")
        if (value := getattr(before, name)) is not None
    }
    base = Before(frozenset(before.services), before.comparable, published)
    return reductions(base, frozenset(event.services), measured(cases) if now is None else now)


def defined(event: LifeEvent) -> dict[str, float | None]:
    """The same six as the life event is defined, for the situation that asks for most (口径: what is promised)."""
    services = event.services.values()
    own = {material.key for one in services for material in one.materials if material.origin != "output"}
    return {
        "steps": len(event.services),
        "days": event.event.promised.days if event.event.promised.unit == "working_days" else None,
        "materials": len(own),
        "visits": sum(one.visits for one in services),
        "fields": len({element for one in services for element in one.elements}),
        "departments": len({one.department for one in services}),
    }


@dataclass(frozen=True)
class Pledge:
    """One service's limits in days of one unit; `statutory` None where the law sets none, or counts otherwise."""

    service: str
    statutory: int | None
    promised: int


def pledges(event: LifeEvent) -> list[Pledge]:
    """Promised against statutory limits, service by service (减时间, the official way of counting it)."""
    found = []
    for key, service in event.services.items():
        terms = event.terms(service)
        law, own = terms.statutory("decide"), terms.promised["decide"]
        alike = law is not None and law.unit == own.unit
        found.append(Pledge(key, law.amount if law is not None and alike else None, own.amount))
    return found


def pledged_share(pledges: Sequence[Pledge]) -> float | None:
    """By how much the promised limits together are shorter than the statutory ones of the same services."""
    both = [one for one in pledges if one.statutory]
    law = sum(one.statutory or 0 for one in both)
    return 1 - sum(one.promised for one in both) / law if law else None


def mined_sources() -> list[Mined]:
    """The process figures of every imported log."""
    return [_mined(source.folder) for source in sources.list_sources(settings.ZHENGTONG_STATE)]


@lru_cache(maxsize=32)
def _mined(folder: Path) -> Mined:
    """A source never changes once it is there, so neither does what mining says of it."""
    source = next(s for s in sources.list_sources(folder.parent.parent) if s.folder == folder)
    with EventLog.of(source) as log:
        return mine_source(source, log, 5)
