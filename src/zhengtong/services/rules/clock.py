# SPDX-License-Identifier: Apache-2.0
"""Periods of law at day granularity: what a day counts for, and when a period falls due.

One sentence decides every day: **a day belongs to the state in which the limit entered it.** It counts when
the limit was running, and not paused, up to the midnight (in the city's zone) with which the day begins.
From this follow

- the day on which something starts is not counted (民法典 art. 201);
- the day on which a pause is notified counts as used, the day on which it ends does not: excluded time
  (行政许可法 art. 45) is counted as every period is, without its first day, with its last [I: no text says
  it for pauses];
- a pause that begins and ends on one day excludes nothing, and no way of cutting time into pauses gains a
  day;
- spans add up: (a, b] and (b, c] make (a, c], so counting is one subtraction of prefix sums for each span.

Working days are those of the calendar, make-up workdays included (行政许可法 art. 82). A period ends with
the last microsecond of its last day (民法典 art. 203 ¶2: 24:00; the business hours of the same paragraph
bind whoever must reach an office, not the office's own term [I]). A last day that is a rest day moves to
the next working day (art. 203 ¶1; weekends held to be rest days [I]). A period whose last day ends inside a
pause falls due at the end of the day on which the pause ends, or the next working day [I]: whoever paused
in time is not late.

Periods in hours start at their instant (art. 201 ¶2), run through nights and rest days, stop exactly while
paused, and do not move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, Protocol, get_args

from zhengtong.errors import BadInput

Unit = Literal["working_days", "calendar_days", "hours"]
UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
HOUR_US: Final = 3_600_000_000
LONGEST: Final = 20_000  # units; longer than any term of law (54 years of calendar days), short of what overflows


class Calendar(Protocol):
    """What the rules need of the city's working-day table (`city.calendar.WorkingCalendar`)."""

    def is_working_day(self, day: date, /) -> bool: ...

    def add_working_days(self, day: date, n: int, /) -> date:
        """The n-th working day after `day`; `day` itself for 0."""

    def working_days_between(self, start: date, end: date, /) -> int:
        """Working days d with start < d ≤ end, for start ≤ end."""

    def provisional(self, day: date, /) -> bool:
        """True where the year's holiday notice is not published, so that the week alone decides."""

    def date_of(self, instant_us: int, /) -> date:
        """The calendar date in the city's zone."""

    def start_of_day(self, day: date, /) -> int:
        """The first instant of a date in the city's zone, in µs since 1970 UTC."""

    def end_of_day(self, day: date, /) -> int:
        """The last microsecond of a date in the city's zone."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a limit's life, in µs since 1970 UTC; no `to_us` while it lasts; paused if it has
    reasons."""

    from_us: int
    to_us: int | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Due:
    """`last`: when the count reached the term; `day`: when it falls due; `at_us`: the last instant in
    time."""

    last: date
    day: date
    at_us: int


def day_of(us: int, calendar: Calendar) -> date:
    """The city's date at an instant. Raises BadInput outside the years that dates can hold."""
    try:
        return calendar.date_of(us)
    except OverflowError as error:
        raise BadInput("时间超出可计算的范围", "the time is outside what can be computed", found=us) from error


def count_days(unit: Unit, a: date, b: date, calendar: Calendar) -> int:
    """Days d with a < d ≤ b that the unit counts, negative where b lies before a."""
    if b < a:
        return -count_days(unit, b, a, calendar)
    return calendar.working_days_between(a, b) if unit == "working_days" else (b - a).days


def advance(unit: Unit, day: date, n: int, calendar: Calendar) -> date:
    """The n-th day after `day` that the unit counts; `day` itself for 0."""
    if n == 0:
        return day
    return calendar.add_working_days(day, n) if unit == "working_days" else day + timedelta(days=n)


def spent(unit: Unit, segments: Sequence[Segment], until_us: int, calendar: Calendar) -> int:
    """Units used at `until_us`: days, or whole hours. Segments are in order and touch."""
    total = 0
    for segment in segments:
        if segment.reasons or segment.from_us >= until_us:
            continue
        end = until_us if segment.to_us is None else min(segment.to_us, until_us)
        total += _length(unit, segment.from_us, end, calendar)
    return total // HOUR_US if unit == "hours" else total


def excluded(unit: Unit, segments: Sequence[Segment], until_us: int, calendar: Calendar) -> int:
    """Units that pauses took out before `until_us`: days, or whole hours."""
    running = [
        Segment(s.from_us, s.to_us) if s.reasons else Segment(s.from_us, s.to_us, ("running",)) for s in segments
    ]
    return spent(unit, running, until_us, calendar)


def due(unit: Unit, amount: int, segments: Sequence[Segment], calendar: Calendar) -> Due | None:
    """When a term of `amount` units falls due; None while a pause without an end stands before it."""
    left = amount * HOUR_US if unit == "hours" else amount
    for segment in segments:
        if segment.reasons:
            continue
        if segment.to_us is not None:
            length = _length(unit, segment.from_us, segment.to_us, calendar)
            if length < left:
                left -= length
                continue
        if unit == "hours":
            at_us = segment.from_us + left
            day = day_of(at_us, calendar)
            return Due(day, day, at_us)
        last = advance(unit, day_of(segment.from_us, calendar), left, calendar)
        day_due = _settle(last, segments, calendar)
        return None if day_due is None else Due(last, day_due, calendar.end_of_day(day_due))
    return None


def is_provisional(unit: Unit, start: date, due_at: Due, calendar: Calendar) -> bool:
    """True where a guessed year can have moved the due day: any year counted through; for calendar days, only
    those between the last day and the working day it moved to."""
    if unit == "hours":
        return False
    first = start if unit == "working_days" else due_at.last
    return any(
        calendar.provisional(min(max(date(year, 1, 1), first), due_at.day))
        for year in range(first.year, due_at.day.year + 1)
    )


def checked_amount(amount: int, unit: str, where: str) -> int:
    """Raises BadInput for an unknown unit, a negative or an absurd number of units."""
    if unit not in UNITS:
        raise BadInput("时限单位不认识", "unknown unit of time", where=where, found=unit, expected=" | ".join(UNITS))
    if not 0 <= amount <= LONGEST:
        raise BadInput(
            "时限的天数不对",
            "the length of a time limit is wrong",
            where=where,
            found=amount,
            expected=f"0–{LONGEST}",
        )
    return amount


def _length(unit: Unit, from_us: int, to_us: int, calendar: Calendar) -> int:
    """Microseconds for hours, else days."""
    if unit == "hours":
        return to_us - from_us
    return count_days(unit, day_of(from_us, calendar), day_of(to_us, calendar), calendar)


def _settle(last: date, segments: Sequence[Segment], calendar: Calendar) -> date | None:
    """The first working day from `last` on that does not end inside a pause."""
    day = last
    while True:
        if not calendar.is_working_day(day):
            day = calendar.add_working_days(day, 1)
        pause = _pause_over_midnight(day, segments, calendar)
        if pause is None:
            return day
        if pause.to_us is None:
            return None
        day = day_of(pause.to_us, calendar)


def _pause_over_midnight(day: date, segments: Sequence[Segment], calendar: Calendar) -> Segment | None:
    pauses = [segment for segment in segments if segment.reasons]
    if not pauses:  # the usual case, worth no look at the clock
        return None
    midnight = calendar.end_of_day(day)
    for pause in pauses:
        if pause.from_us <= midnight and (pause.to_us is None or pause.to_us > midnight):
            return pause
    return None
