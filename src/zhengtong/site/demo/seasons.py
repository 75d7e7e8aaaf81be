# SPDX-License-Identifier: Apache-2.0
"""When people come, and for what: assumptions of the demo, by stage of life and month. None is a figure of a place."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from zhengtong.city.calendar import WorkingCalendar
from zhengtong.services.published import LifeEvent

HOUR = 3_600_000_000
WEEKDAY = (1.25, 1.1, 1.0, 1.0, 0.95, 0.4, 0.35)
"""Applications by day of the week, Monday first."""
FREE, AFTER_FREE = 0.3, 1.4
"""On a holiday, and on the first working days after one."""
HOURS = (0, 0, 0, 0, 0, 0, 1, 3, 7, 11, 12, 9, 5, 7, 9, 9, 8, 6, 5, 6, 7, 6, 3, 1)

STAGES: Mapping[str, float] = {
    "birth": 3, "education": 3, "employment": 2, "living": 2, "home": 2, "travel": 2.5, "care": 2.5, "relief": 0.8,
    "old-age": 1.5, "after-death": 0.8, "entry": 2.2, "hiring": 2.5, "taxes": 1.5, "growth": 1.5, "construction": 0.6,
    "exit": 0.9,
}  # fmt: skip
"""How much of all applications a stage of life brings; a stage not named here counts 1."""
MONTHS: Mapping[str, tuple[float, ...]] = {
    "education": (0.1, 0.1, 0.1, 0.2, 0.4, 1.5, 5.0, 3.6, 0.3, 0.1, 0.1, 0.1),
    "old-age": (1.5, 0.8, 1.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 1.0, 1.0),
    "hiring": (0.7, 1.0, 1.7, 1.2, 0.9, 1.1, 1.4, 0.9, 0.9, 0.8, 0.7, 0.6),
    "entry": (0.8, 0.6, 1.4, 1.3, 1.2, 1.0, 0.9, 0.9, 1.1, 1.0, 1.0, 0.9),
    "exit": (0.8, 0.6, 1.0, 1.0, 0.9, 1.0, 0.9, 0.9, 1.0, 1.0, 1.3, 1.7),
}
AT_COUNTER: Mapping[str, float] = {"old-age": 0.4, "after-death": 0.4, "relief": 0.35, "living": 0.2}
USUALLY_AT_COUNTER = 0.13


@dataclass(frozen=True)
class Year:
    """The days that are played, by the city's calendar; `last` is today."""

    calendar: WorkingCalendar
    first: date
    last: date

    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days)]


@dataclass(frozen=True)
class Arrival:
    """Somebody comes for a life event, at an instant, with the answers to its questions."""

    at_us: int
    event: LifeEvent
    answers: Mapping[str, str]
    counter: bool


def weight(event: LifeEvent, events: Sequence[LifeEvent]) -> float:
    """The event's share of its stage's applications: the more services it joins, the more people need it."""
    stage = event.event.stage
    siblings = sum(len(other.services) for other in events if other.event.stage == stage)
    return STAGES.get(stage, 1.0) * len(event.services) / siblings


def usual_answers(event: LifeEvent) -> dict[str, str]:
    """What most people answer: the first option of every question."""
    return {question.key: question.options[0].key for question in event.event.situations}


def arrivals(draw: random.Random, events: Sequence[LifeEvent], year: Year, cases: int) -> list[Arrival]:
    """`cases` applications, in order of time."""
    calendar, span = year.calendar, year.days()
    daily = [_day(calendar, day) for day in span]
    shares = [weight(event, events) for event in events]
    by_month = [_cumulative(events, shares, month) for month in range(12)]
    loads = [load * by_month[day.month - 1][-1] for load, day in zip(daily, span, strict=True)]
    found = []
    for day in draw.choices(span, loads, k=cases):
        event = draw.choices(events, cum_weights=by_month[day.month - 1])[0]
        counter = calendar.is_working_day(day) and draw.random() < AT_COUNTER.get(event.event.stage, USUALLY_AT_COUNTER)
        found.append(Arrival(_moment(draw, calendar, day, counter), event, _answers(draw, event), counter))
    return sorted(found, key=lambda one: one.at_us)


def _cumulative(events: Sequence[LifeEvent], shares: Sequence[float], month: int) -> list[float]:
    seasonal = [MONTHS[e.event.stage][month] if e.event.stage in MONTHS else 1.0 for e in events]
    return list(accumulate(share * season for share, season in zip(shares, seasonal, strict=True)))


def _day(calendar: WorkingCalendar, day: date) -> float:
    if calendar.is_working_day(day):
        after = not calendar.is_working_day(day - timedelta(days=1)) and day.weekday() != 0
        return max(WEEKDAY[day.weekday()], 0.9) * (AFTER_FREE if after else 1.0)
    return FREE if day.weekday() < 5 else WEEKDAY[day.weekday()]


def _moment(draw: random.Random, calendar: WorkingCalendar, day: date, counter: bool) -> int:
    """Online at any hour, as people are awake; at a counter while it is open."""
    hour = (
        draw.choices((9, 10, 11, 14, 15, 16), (3, 4, 3, 4, 4, 2))[0] if counter else draw.choices(range(24), HOURS)[0]
    )
    return calendar.start_of_day(day) + int((hour + draw.random()) * HOUR)


def _answers(draw: random.Random, event: LifeEvent) -> dict[str, str]:
    """Mostly the first option, as life goes."""
    told = {}
    for question in event.event.situations:
        options = [option.key for option in question.options]
        told[question.key] = options[0] if draw.random() < 0.7 else draw.choice(options[1:])
    return told
