# SPDX-License-Identifier: Apache-2.0
"""A limit as a series to draw: stretches one after the other, and marks along the same axis.

The axis is elapsed time in the unit of the limit's governing length, paused time included: position p is
the p-th counted day after the day of start (the p-th hour after the start). A mark stands where its due day
stands, whatever unit its own length is counted in and however often the clock was paused before it, so
marks need no arithmetic of counted days by whoever draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from zhengtong.services.rules.clock import HOUR_US, Calendar, Unit, count_days, day_of
from zhengtong.services.rules.limits import LimitView, Mark

MarkKind = Literal["promised", "statutory"]


@dataclass(frozen=True)
class Stretch:
    """From position `start` on, `length` units; `over` lies behind the governing due day."""

    kind: Literal["used", "paused", "over"]
    start: int
    length: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Milestone:
    """`projected`: the day would move with a pause that is still open."""

    kind: MarkKind | Literal["now"]
    at: int
    day: date
    missed: bool = False
    projected: bool = False
    provisional: bool = False


@dataclass(frozen=True)
class LimitSeries:
    """`length`: the axis' end, at least 1 so that shares of it can be taken."""

    unit: Unit
    length: int
    stretches: tuple[Stretch, ...]
    milestones: tuple[Milestone, ...]


def series(view: LimitView, calendar: Calendar) -> LimitSeries:
    """What to draw of a limit; `now` is the moment of assessment, or the end of a limit that has ended."""
    unit = view.governing.unit
    now_us = view.intervals[-1].to_us
    milestones = [Milestone("now", _position(view, unit, now_us, calendar), day_of(now_us, calendar))]
    marks: tuple[tuple[MarkKind, Mark | None], ...] = (
        ("promised", view.promised),
        ("statutory", view.statutory),
    )
    for kind, mark in marks:
        day = mark and (mark.due or mark.projected)
        if mark is not None and day:
            milestones.append(_milestone(kind, mark, day, view, calendar))
    milestones.sort(key=lambda milestone: milestone.at)
    due_us = view.governing.missed_us
    limit = None if due_us is None else _position(view, unit, due_us, calendar)
    stretches = _stretches(view, unit, limit, calendar)
    return LimitSeries(unit, max(1, milestones[-1].at), stretches, tuple(milestones))


def _position(view: LimitView, unit: Unit, at_us: int, calendar: Calendar) -> int:
    if unit == "hours":
        return (at_us - view.started_us) // HOUR_US
    return count_days(unit, day_of(view.started_us, calendar), day_of(at_us, calendar), calendar)


def _milestone(kind: MarkKind, mark: Mark, day: date, view: LimitView, calendar: Calendar) -> Milestone:
    at_us = calendar.end_of_day(day) if mark.due_us is None else mark.due_us
    return Milestone(
        kind=kind,
        at=_position(view, view.governing.unit, at_us, calendar),
        day=day,
        missed=mark.missed_us is not None,
        projected=mark.due is None,
        provisional=mark.provisional,
    )


def _stretches(view: LimitView, unit: Unit, limit: int | None, calendar: Calendar) -> tuple[Stretch, ...]:
    """Intervals by position; time used after the missed governing due day is cut off as `over`."""
    found: list[Stretch] = []
    for interval in view.intervals:
        start = _position(view, unit, interval.from_us, calendar)
        end = _position(view, unit, interval.to_us, calendar)
        if interval.reasons:
            found.append(Stretch("paused", start, end - start, interval.reasons))
            continue
        edge = end if limit is None else min(max(limit, start), end)
        found.append(Stretch("used", start, edge - start))
        found.append(Stretch("over", edge, end - edge))
    return tuple(stretch for stretch in found if stretch.length)
