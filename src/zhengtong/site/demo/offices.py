# SPDX-License-Identifier: Apache-2.0
"""Officers and their hours: who works when, and how long work waits for them.

An office is a queue with so many officers. Work is taken in the order in which it comes, in office hours only; where
more comes than they can do, it waits, and limits are missed for that reason and no other.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, timedelta

from zhengtong.city.calendar import WorkingCalendar

MINUTE = 60_000_000
"""Microseconds."""


class OfficeHours:
    """Working time as one line: minutes of office hours since the first day, and back to instants."""

    def __init__(self, calendar: WorkingCalendar, first: date, last: date) -> None:
        self.starts: list[int] = []
        self.before: list[float] = []
        self.total = 0.0
        day = first
        while day <= last:
            if calendar.is_working_day(day):
                friday = max((d for d in calendar.hours if calendar.hours[d]), default=day.weekday())
                for opens, closes in calendar.hours.get(day.weekday()) or calendar.hours.get(friday, ()):
                    start, end = calendar.instant(day, opens), calendar.instant(day, closes)
                    self.starts.append(start)
                    self.before.append(self.total)
                    self.total += (end - start) / MINUTE
            day += timedelta(days=1)
        self.day = self.total / max(1, calendar.working_days_between(first - timedelta(days=1), last))
        """Minutes of an average working day."""

    def minutes(self, at_us: int) -> float:
        """Office minutes that have passed at an instant."""
        i = bisect_right(self.starts, at_us) - 1
        if i < 0:
            return 0.0
        until = self.before[i + 1] if i + 1 < len(self.before) else self.total
        return min(until, self.before[i] + (at_us - self.starts[i]) / MINUTE)

    def instant(self, minutes: float) -> int:
        """The instant at which so many office minutes have passed; work ends within office hours."""
        inside = min(max(minutes, 0.001), self.total - 0.001)
        i = max(0, bisect_right(self.before, inside) - 1)
        return self.starts[i] + int((inside - self.before[i]) * MINUTE)


@dataclass
class Office:
    """A department's officers: when each is free again, in office minutes."""

    hours: OfficeHours
    officers: int
    handling: float
    """Minutes one look at a matter usually takes."""
    free: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free = [0.0] * self.officers
        heapq.heapify(self.free)

    def done_at(self, at_us: int, effort: float, *, not_before_us: int = 0) -> int:
        """When a look that takes `effort` times the usual minutes is finished, asked for at `at_us`.

        What may not be touched before `not_before_us` does not keep the officers from other work.
        """
        ready = self.hours.minutes(max(at_us, not_before_us))
        if not_before_us > at_us:
            return self.hours.instant(ready + self.handling * effort)
        start = max(ready, heapq.heappop(self.free))
        end = start + self.handling * effort
        heapq.heappush(self.free, end)
        return self.hours.instant(end)
