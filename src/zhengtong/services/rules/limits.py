# SPDX-License-Identifier: Apache-2.0
"""The statutory clocks of one matter, derived from what happened to it.

`assess(terms, facts, calendar, now_us)` folds dated facts into limits and looks at them at one instant:
nothing is stored, no clock is read, facts later than `now_us` are as if unknown, so the same call answers
"as of". How days count is in `clock.py`, which lengths apply in `regimes.py`, what can happen in
`facts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from zhengtong.services.rules.clock import (
    HOUR_US,
    Calendar,
    Due,
    Segment,
    Unit,
    count_days,
    day_of,
    due,
    excluded,
    is_provisional,
    spent,
)
from zhengtong.services.rules.facts import SIDE, Breach, Fact
from zhengtong.services.rules.regimes import Allowance, LimitKind, Terms
from zhengtong.services.rules.unfold import Clock, Unfolding

__all__ = ["Assessment", "Fact", "Interval", "Lapse", "LimitView", "Mark", "State", "assess"]

State = Literal["running", "paused", "met", "late", "deemed", "closed"]


@dataclass(frozen=True)
class Interval:
    """A stretch for drawing: the days d with from_day < d ≤ to_day; `count` of them in the limit's unit;
    paused if it has reasons. `open` where it still lasts at the moment of assessment."""

    from_us: int
    to_us: int
    from_day: date
    to_day: date
    count: int
    reasons: tuple[str, ...]
    open: bool


@dataclass(frozen=True)
class Mark:
    """One length measured against a limit, statutory or promised, in `unit`.

    `amount` includes `extension`. `due` and `due_us` (the last instant in time) are None while a pause
    without an end stands before them; `projected` then is the due day if the pause ended today, or when its
    notice said. `remaining` counts from today (or from the end of the limit) to the due day, days or whole
    hours, negative when late; while paused it is what is left to use. `percent` of the term used exceeds
    100 only when late. `missed_us` is the instant a missed limit fell due: the time of the event that a
    sweep records.
    """

    amount: int
    unit: Unit
    extension: int
    used: int
    remaining: int
    percent: int
    due: date | None
    due_us: int | None
    projected: date | None
    missed_us: int | None
    near: bool
    provisional: bool


@dataclass(frozen=True)
class LimitView:
    """A limit at one instant. `round` counts the accept and correct limits from 1. `state` follows the
    statutory length, or the promise where the statute sets none; `late` with `ended_us` None is still
    open."""

    kind: LimitKind
    round: int
    state: State
    started_us: int
    ended_us: int | None
    statutory: Mark | None
    promised: Mark | None
    excluded: int
    intervals: tuple[Interval, ...]

    @property
    def governing(self) -> Mark:
        """The statutory mark, or the promise where the statute sets none."""
        mark = self.statutory or self.promised
        assert mark is not None  # noqa: S101 -- a limit is only opened where one of the two exists
        return mark

    @property
    def near(self) -> bool:
        return any(mark is not None and mark.near for mark in (self.promised, self.statutory))

    @property
    def provisional(self) -> bool:
        return any(mark is not None and mark.provisional for mark in (self.promised, self.statutory))


@dataclass(frozen=True)
class Lapse:
    """What time alone caused: a limit or a promise missed, or acceptance by silence, at the instant it fell
    due. (kind, round, rule, at_us) identify it within its matter for ever, so a sweep can record it
    once."""

    kind: LimitKind
    round: int
    rule: Literal["statutory", "promised", "deemed"]
    at_us: int


@dataclass(frozen=True)
class Assessment:
    """Every limit that has started, in order of start. `accepted_us`: from when the decision clock counts —
    for a deemed acceptance the receipt, while `deemed_us` is the instant at which it came about by
    silence."""

    limits: tuple[LimitView, ...]
    accepted_us: int | None
    deemed_us: int | None
    breaches: tuple[Breach, ...]

    def limit(self, kind: LimitKind) -> LimitView | None:
        """The latest limit of a kind."""
        return next((view for view in reversed(self.limits) if view.kind == kind), None)

    @property
    def lapses(self) -> tuple[Lapse, ...]:
        """Everything that silence did so far, the earliest first."""
        found: list[Lapse] = []
        for view in self.limits:
            if view.state == "deemed" and view.ended_us is not None:
                found.append(Lapse(view.kind, view.round, "deemed", view.ended_us))
            if view.promised is not None and view.promised.missed_us is not None:
                found.append(Lapse(view.kind, view.round, "promised", view.promised.missed_us))
            if view.statutory is not None and view.statutory.missed_us is not None:
                found.append(Lapse(view.kind, view.round, "statutory", view.statutory.missed_us))
        return tuple(sorted(found, key=lambda lapse: lapse.at_us))


def assess(terms: Terms, facts: Sequence[Fact], calendar: Calendar, now_us: int) -> Assessment:
    """The limits of a matter as of `now_us`. Raises BadInput for facts that cannot have happened in this
    order."""
    fold = Unfolding(terms, calendar)
    heard = (fact for fact in facts if fact.at_us <= now_us and fact.kind not in SIDE)
    for fact in sorted(heard, key=lambda fact: fact.at_us):
        fold.take(fact)
    fold.lapse(now_us)
    views = tuple(_view(clock, terms, calendar, now_us) for clock in fold.clocks)
    return Assessment(views, fold.accepted_us, fold.deemed_us, tuple(fold.breaches))


def _view(clock: Clock, terms: Terms, calendar: Calendar, now_us: int) -> LimitView:
    until_us = now_us if clock.ended_us is None else clock.ended_us
    statute, promise = terms.statutory(clock.kind), terms.promised.get(clock.kind)
    statutory = _mark(statute, clock.extension, clock, calendar, until_us) if statute else None
    promised = _mark(promise, 0, clock, calendar, until_us) if promise else None
    governing = statutory or promised
    assert governing is not None  # noqa: S101 -- see LimitView.governing
    return LimitView(
        kind=clock.kind,
        round=clock.round,
        state=_state(clock, governing),
        started_us=clock.started_us,
        ended_us=clock.ended_us,
        statutory=statutory,
        promised=promised,
        excluded=excluded(governing.unit, clock.segments, until_us, calendar),
        intervals=tuple(_interval(segment, governing.unit, clock, calendar, until_us) for segment in clock.segments),
    )


def _state(clock: Clock, mark: Mark) -> State:
    if clock.outcome == "deemed":
        return "deemed"
    if mark.missed_us is not None:
        return "late"
    if clock.outcome is not None:
        return clock.outcome
    return "paused" if clock.segments[-1].reasons else "running"


def _mark(allowance: Allowance, extension: int, clock: Clock, calendar: Calendar, until_us: int) -> Mark:
    unit, amount, segments = allowance.unit, allowance.amount + extension, clock.segments
    due_at = due(unit, amount, segments, calendar)
    missed_us = due_at.at_us if due_at is not None and until_us > due_at.at_us else None
    used = spent(unit, segments, until_us, calendar)
    remaining = _remaining(unit, max(amount - used, 0), due_at, until_us, calendar)
    percent = 100 * used // amount if amount else 100
    open_ = clock.ended_us is None
    expected = due_at or (_projected(unit, amount, clock, calendar, until_us) if open_ else None)
    near = allowance.near is not None and open_ and due_at is not None and missed_us is None
    return Mark(
        amount=amount,
        unit=unit,
        extension=extension,
        used=used,
        remaining=remaining,
        # A last day moved to the next working day is in time although more days than the term have passed.
        percent=percent if missed_us is not None else min(percent, 100),
        due=due_at.day if due_at else None,
        due_us=due_at.at_us if due_at else None,
        projected=expected.day if due_at is None and expected is not None else None,
        missed_us=missed_us,
        near=near and allowance.near is not None and remaining <= allowance.near,
        provisional=expected is not None
        and is_provisional(unit, day_of(clock.started_us, calendar), expected, calendar),
    )


def _remaining(unit: Unit, unused: int, due_at: Due | None, until_us: int, calendar: Calendar) -> int:
    if due_at is None:
        return unused
    if unit == "hours":
        return (due_at.at_us - until_us) // HOUR_US
    return count_days(unit, day_of(until_us, calendar), due_at.day, calendar)


def _projected(unit: Unit, amount: int, clock: Clock, calendar: Calendar, now_us: int) -> Due | None:
    """When the term falls due if the open pause ends today, or on the last day its notices announced."""
    *past, pause = clock.segments
    announced = [calendar.end_of_day(clock.announced[r]) for r in pause.reasons if r in clock.announced]
    ends_us = max([now_us, *announced])
    return due(unit, amount, [*past, replace(pause, to_us=ends_us), Segment(ends_us)], calendar)


def _interval(segment: Segment, unit: Unit, clock: Clock, calendar: Calendar, until_us: int) -> Interval:
    to_us = until_us if segment.to_us is None else segment.to_us
    alone = Segment(segment.from_us, to_us)
    return Interval(
        from_us=segment.from_us,
        to_us=to_us,
        from_day=day_of(segment.from_us, calendar),
        to_day=day_of(to_us, calendar),
        count=spent(unit, [alone], to_us, calendar),
        reasons=segment.reasons,
        open=segment.to_us is None and clock.ended_us is None,
    )
