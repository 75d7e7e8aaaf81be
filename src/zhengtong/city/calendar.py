# SPDX-License-Identifier: Apache-2.0
"""The city's working days and hours: pure, built once, answered in constant time.

工作日 are Monday to Friday, less the days off and plus the make-up workdays (调休上班) of the State
Council's yearly notice (under 全国年节及纪念日放假办法). A year without a published notice is counted by
weekdays alone and is *provisional*: whoever shows a date that rests on it says so, and computes it again
once the notice is in the city folder.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from zhengtong.errors import BadInput

FIRST, LAST = date(1970, 1, 1), date(2100, 12, 31)
WEEKDAYS = frozenset(range(5))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
REMEMBERED = 10_000
"""Instants and dates remembered at most, some 2 MB."""

Hours = tuple[tuple[time, time], ...]


@dataclass(frozen=True)
class YearTable:
    """What one yearly notice changes: days off (weekend days among them do no harm) and make-up workdays.

    `published` is false for a table a city wrote ahead of the notice; its dates count, but stay provisional.
    """

    year: int
    holidays: frozenset[date]
    workdays: frozenset[date]
    published: bool = True
    source: str = ""


@dataclass(frozen=True)
class WorkingCalendar:
    """Counts over 1970–2100; a date outside raises BadInput, as does a count that leads outside."""

    zone: ZoneInfo
    years: tuple[YearTable, ...] = ()
    hours: Mapping[int, Hours] = field(default_factory=dict, hash=False)
    """Opening hours by weekday (0 = Monday); they never decide what a working day is."""
    _before: array[int] = field(init=False, repr=False, compare=False)
    """At index i: the working days in [FIRST, FIRST + i)."""
    _days: array[int] = field(init=False, repr=False, compare=False)
    """Ordinals of the working days, ascending."""
    _published: frozenset[int] = field(init=False, repr=False, compare=False)

    _dates: dict[int, date] = field(init=False, repr=False, compare=False, default_factory=dict)
    _instants: dict[tuple[date, time], int] = field(init=False, repr=False, compare=False, default_factory=dict)
    """Answers given before: the clocks of one case ask for the same few instants over and over."""

    def __post_init__(self) -> None:
        off = {day for table in self.years for day in table.holidays}
        on = {day for table in self.years for day in table.workdays}
        before, days, count = array("i", [0]), array("i"), 0
        for ordinal in range(FIRST.toordinal(), LAST.toordinal() + 1):
            day = date.fromordinal(ordinal)
            if day in on or (day not in off and day.weekday() in WEEKDAYS):
                days.append(ordinal)
                count += 1
            before.append(count)
        object.__setattr__(self, "_before", before)
        object.__setattr__(self, "_days", days)
        object.__setattr__(self, "_published", frozenset(t.year for t in self.years if t.published))

    def is_working_day(self, day: date) -> bool:
        i = _index(day)
        return self._before[i + 1] > self._before[i]

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day` (before it, for n < 0), never counting `day`; `day` for n = 0."""
        _index(day)
        if n == 0:
            return day
        at = day.toordinal()
        i = n + (bisect_right(self._days, at) - 1 if n > 0 else bisect_left(self._days, at))
        if not 0 <= i < len(self._days):
            raise _outside(f"{day} {n:+d}")
        return date.fromordinal(self._days[i])

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is earlier.

        So `working_days_between(d, add_working_days(d, n)) == n` for every n.
        """
        a, b = _index(start), _index(end)
        if b >= a:
            return self._before[b + 1] - self._before[a + 1]
        return self._before[b] - self._before[a]

    def next_working_day(self, day: date) -> date:
        """`day` itself if it is one, else the first one after it."""
        return day if self.is_working_day(day) else self.add_working_days(day, 1)

    def provisional(self, day: date) -> bool:
        """Whether no published notice covers the year of `day`."""
        return day.year not in self._published

    def provisional_between(self, start: date, end: date) -> bool:
        """Whether a count over these days (in either order) rests on a year without a published notice."""
        low, high = sorted((start.year, end.year))
        return any(year not in self._published for year in range(low, high + 1))

    def date_of(self, instant_us: int) -> date:
        """The calendar date in the city's zone at an instant."""
        known = self._dates.get(instant_us)
        if known is None:
            if len(self._dates) >= REMEMBERED:
                self._dates.clear()
            known = self._dates[instant_us] = (_EPOCH + instant_us * _MICROSECOND).astimezone(self.zone).date()
        return known

    def start_of_day(self, day: date) -> int:
        """The first instant of `day` in the city's zone, in µs since 1970 UTC."""
        return self.instant(day, time())

    def end_of_day(self, day: date) -> int:
        """The last microsecond of `day` in the city's zone."""
        return self.start_of_day(day + timedelta(days=1)) - 1

    def end_of_working_day(self, day: date) -> int:
        """Closing time on `day`, by its weekday; without hours, the end of the day.

        A make-up workday at a weekend without hours of its own closes as the last weekday that has hours.
        """
        spans = self.hours.get(day.weekday(), ())
        if not spans and self.is_working_day(day):
            spans = next((self.hours[d] for d in sorted(WEEKDAYS, reverse=True) if self.hours.get(d)), ())
        return self.instant(day, spans[-1][1]) if spans else self.end_of_day(day)

    def instant(self, day: date, at: time) -> int:
        """`day` and clock time `at` in the city's zone as µs since 1970 UTC."""
        known = self._instants.get((day, at))
        if known is None:
            if len(self._instants) >= REMEMBERED:
                self._instants.clear()
            local = datetime.combine(day, at, tzinfo=self.zone)
            known = self._instants[day, at] = (local - _EPOCH) // _MICROSECOND
        return known


def conflicts(years: Iterable[YearTable]) -> dict[date, tuple[int, int]]:
    """Days that one notice gives off and another makes a workday, with the years of the two tables."""
    tables = list(years)
    return {
        day: (a.year, b.year) for a in tables for b in tables for day in sorted(a.holidays & b.workdays) if a is not b
    }


def _index(day: date) -> int:
    if not FIRST <= day <= LAST:
        raise _outside(str(day))
    return day.toordinal() - FIRST.toordinal()


def _outside(found: str) -> BadInput:
    return BadInput(
        "日期超出工作日历的范围",
        "the date lies outside the working calendar",
        found=found,
        expected=f"{FIRST} – {LAST}",
    )
