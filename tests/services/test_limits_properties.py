# SPDX-License-Identifier: Apache-2.0
"""Limits against a slow oracle that walks day by day, over real calendars and random pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings

from services.limit_factory import DAY, HOUR, OFF, ON, YEARS, calendar_in, plain
from zhengtong.city.calendar import WorkingCalendar
from zhengtong.errors import BadInput
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.limits import Assessment, LimitView, assess
from zhengtong.services.rules.regimes import Allowance, Extension, Regime, Source, Terms

CALENDARS = {zone: calendar_in(zone) for zone in ("Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin")}
SHANGHAI = CALENDARS["Asia/Shanghai"]
START = SHANGHAI.start_of_day(date(2024, 1, 1))
ONE = timedelta(days=1)
UNITS = ("working_days", "calendar_days", "hours")


@dataclass(frozen=True)
class Life:
    """One matter: accepted at `start`, paused over (from, to) pairs that may overlap, asked about at `now`."""

    start: int
    pauses: tuple[tuple[int, int | None], ...]
    now: int

    def known(self) -> list[tuple[int, int | None]]:
        """The pauses as seen at `now`."""
        return [(a, b if b is not None and b <= self.now else None) for a, b in self.pauses if a <= self.now]

    def facts(self) -> list[Fact]:
        found = [Fact("received", self.start), Fact("accepted", self.start)]
        for number, (start, stop) in enumerate(self.pauses):
            found.append(Fact("paused", start, reason=f"ground-{number}"))
            if stop is not None:
                found.append(Fact("resumed", stop, reason=f"ground-{number}"))
        return found


@st.composite
def lives(draw: st.DrawFn, calendar: WorkingCalendar = SHANGHAI) -> Life:
    # Most instants stand next to a midnight, where days change hands.
    def instant(low: int, high: int) -> int:
        at = draw(st.integers(low, high))
        midnight = calendar.start_of_day(calendar.date_of(at))
        return draw(st.sampled_from([at, midnight - 1, midnight, midnight + 1]))

    start = instant(START + DAY, START + 3 * 365 * DAY)
    pauses = []
    for _ in range(draw(st.integers(0, 4))):
        begins = max(start, instant(start, start + 60 * DAY))
        ends = draw(st.sampled_from([begins, begins + HOUR, max(begins, instant(begins, begins + 40 * DAY))]))
        pauses.append((begins, ends if draw(st.integers(0, 5)) else None))
    return Life(start, tuple(pauses), max(start, instant(start, start + 200 * DAY)))


def works(day: date) -> bool:
    if day.year in YEARS and (day in OFF or day in ON):
        return day in ON
    return day.weekday() < 5


class Oracle:
    """Counts by walking; shares nothing with the code under test but the city's midnights."""

    def __init__(self, life: Life, unit: str, calendar: WorkingCalendar) -> None:
        self.life, self.unit, self.calendar = life, unit, calendar
        self.pauses = life.known()

    def paused_at(self, instant: int) -> bool:
        """Just before an instant."""
        return any(a < instant and (b is None or instant <= b) for a, b in self.pauses)

    def counts(self, day: date) -> bool:
        midnight = self.calendar.start_of_day(day)
        unit_counts = works(day) if self.unit == "working_days" else True
        return self.life.start < midnight and unit_counts and not self.paused_at(midnight)

    def days(self, until: int) -> list[date]:
        day, last = self.calendar.date_of(self.life.start), self.calendar.date_of(until)
        return [day + ONE * i for i in range(1, (last - day).days + 1)]

    def used(self) -> int:
        return sum(self.counts(day) for day in self.days(self.life.now))

    def elapsed(self) -> int:
        return sum(works(day) or self.unit == "calendar_days" for day in self.days(self.life.now))

    def due(self, amount: int) -> date | None:
        day, count = self.calendar.date_of(self.life.start), 0
        horizon = day + ONE * 900
        while count < amount:
            day += ONE
            if day > horizon:
                return None
            count += self.counts(day)
        while not works(day) or self.paused_at(self.calendar.start_of_day(day + ONE)):
            day += ONE
            if day > horizon:
                return None
        return day

    def hours(self, amount: int) -> tuple[int, int | None]:
        """(hours used, instant due), by walking over every instant at which anything changes."""
        edges = sorted({self.life.start, *(x for pair in self.pauses for x in pair if x is not None)})
        running, due = 0, None
        for begins, ends in zip(edges, [*edges[1:], None], strict=True):
            if any(a <= begins and (b is None or begins < b) for a, b in self.pauses):
                continue
            if due is None and (ends is None or running + ends - begins >= amount * HOUR):
                due = begins + amount * HOUR - running
            running += max(0, min(ends if ends is not None else self.life.now, self.life.now) - begins)
        return running // HOUR, due


def decide(seen: Assessment) -> LimitView:
    view = seen.limit("decide")
    assert view is not None and view.statutory is not None
    return view


def due_us(life: Life, terms: Terms, more: Sequence[Fact] = ()) -> int | None:
    mark = decide(assess(terms, [*life.facts(), *more], SHANGHAI, life.now)).statutory
    assert mark is not None
    return mark.due_us


@pytest.mark.parametrize("zone", CALENDARS)
@pytest.mark.parametrize("unit", ["working_days", "calendar_days"])
@settings(deadline=None, max_examples=120)
@given(data=st.data(), amount=st.integers(0, 60))
def test_days_agree_with_walking_day_by_day(zone: str, unit: str, data: st.DataObject, amount: int) -> None:
    calendar = CALENDARS[zone]
    life = data.draw(lives(calendar))
    oracle = Oracle(life, unit, calendar)
    view = decide(assess(plain(amount, unit), life.facts(), calendar, life.now))
    mark, due = view.statutory, oracle.due(amount)
    assert mark is not None and mark.due == due
    assert mark.used == oracle.used() and view.excluded == oracle.elapsed() - oracle.used()
    assert sum(interval.count for interval in view.intervals) == oracle.elapsed()
    late = due is not None and life.now > calendar.end_of_day(due)
    open_pause = any(b is None for _, b in life.known())
    assert view.state == ("late" if late else "paused" if open_pause else "running")
    assert (mark.missed_us is not None) == late
    if due is None:
        assert mark.remaining == max(0, amount - mark.used) and mark.projected is not None


@settings(deadline=None, max_examples=300)
@given(life=lives(), amount=st.integers(0, 300))
def test_hours_agree_with_walking_from_change_to_change(life: Life, amount: int) -> None:
    view = decide(assess(plain(amount, "hours"), life.facts(), SHANGHAI, life.now))
    used, due = Oracle(life, "hours", SHANGHAI).hours(amount)
    assert view.statutory is not None
    assert (view.statutory.used, view.statutory.due_us) == (used, due)


@settings(deadline=None, max_examples=200)
@given(
    life=lives(),
    amount=st.integers(0, 60),
    unit=st.sampled_from(UNITS),
    offset=st.integers(0, 50 * DAY),
    length=st.integers(0, 50 * DAY),
)
def test_one_more_pause_never_brings_a_due_day_nearer(
    life: Life, amount: int, unit: str, offset: int, length: int
) -> None:
    terms, begins = plain(amount, unit), life.start + offset
    late = Life(life.start, life.pauses, life.now + 400 * DAY)
    more = [Fact("paused", begins, reason="more"), Fact("resumed", begins + length, reason="more")]
    before, after = due_us(late, terms), due_us(late, terms, more)
    assert after is None or (before is not None and after >= before)
    if before is None:
        assert after is None


@settings(deadline=None, max_examples=200)
@given(life=lives(), amount=st.integers(1, 40), n=st.integers(1, 15), offset=st.integers(0, 10 * DAY))
def test_an_extension_in_time_moves_an_unpaused_due_day_by_exactly_its_working_days(
    life: Life, amount: int, n: int, offset: int
) -> None:
    life = Life(life.start, (), life.start + 200 * DAY)
    terms, granted = plain(amount, extension=n), life.start + offset
    before = due_us(life, terms)
    assert before is not None
    assume(granted <= before)
    after = due_us(life, terms, [Fact("extended", granted, days=n)])
    assert after == SHANGHAI.end_of_day(SHANGHAI.add_working_days(SHANGHAI.date_of(before), n))


@settings(deadline=None, max_examples=200)
@given(life=lives(), amount=st.integers(0, 40), steps=st.lists(st.integers(0, 30 * DAY), max_size=6))
def test_time_alone_never_takes_back_a_missed_limit(life: Life, amount: int, steps: list[int]) -> None:
    terms, now, seen = plain(amount), life.now, []
    for step in steps:
        now += step
        seen.append(assess(terms, life.facts(), SHANGHAI, now).lapses)
    for earlier, later in pairwise(seen):
        assert set(earlier) <= set(later)


@settings(deadline=None, max_examples=150)
@given(start=st.integers(START, START + 900 * DAY), wait=st.integers(0, 30 * DAY), days=st.integers(0, 10))
def test_silence_accepts_exactly_when_the_day_by_day_count_says(start: int, wait: int, days: int) -> None:
    regime = Regime("r", "r", "r", Source("演示"), accept=Allowance(days), deemed=True, decide=Allowance(20))
    seen = assess(Terms(regime), [Fact("received", start)], SHANGHAI, start + wait)
    due = Oracle(Life(start, (), start + wait), "working_days", SHANGHAI).due(days)
    assert due is not None
    silent = start + wait > SHANGHAI.end_of_day(due)
    assert (seen.accepted_us == start) == silent
    assert seen.deemed_us == (SHANGHAI.end_of_day(due) if silent else None)


KINDS = st.sampled_from(
    ["received", "correction_asked", "corrected", "accepted", "not_accepted", "paused", "resumed", "extended",
     "decided", "delivered", "withdrawn"]
)  # fmt: skip
FULL = Regime(
    "full", "全", "full", Source("演示"), accept=Allowance(5), deemed=True, correct=Allowance(10, "calendar_days"),
    decide=Allowance(20, extension=Extension(10), near=3), deliver=Allowance(10),
)  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(
    story=st.lists(st.tuples(KINDS, st.integers(0, 8 * DAY), st.sampled_from(["hearing", "test"])), max_size=10),
    wait=st.integers(0, 60 * DAY),
    promised=st.integers(0, 20),
)
def test_any_story_is_either_impossible_in_both_languages_or_adds_up(
    story: list[tuple[str, int, str]], wait: int, promised: int
) -> None:
    now, facts = START + 300 * DAY, [Fact("received", START + 300 * DAY)]
    for kind, gap, reason in story:
        now += gap
        facts.append(Fact(kind, now, reason=reason, days=3 if kind == "extended" else 0))  # type: ignore[arg-type]
    terms = Terms(FULL, promised={"decide": Allowance(promised)})
    try:
        seen = assess(terms, facts, SHANGHAI, now + wait)
    except BadInput as error:
        assert error.zh and error.en and error.zh != error.en
        return
    for view in seen.limits:
        assert sum(i.count for i in view.intervals if not i.reasons) == view.governing.used
        assert sum(i.count for i in view.intervals if i.reasons) == view.excluded
        assert all(a.to_us == b.from_us for a, b in pairwise(view.intervals))
        assert view.intervals[0].from_us == view.started_us
        assert view.intervals[-1].to_us == (view.ended_us or now + wait)
        assert (view.state == "late") == (view.governing.missed_us is not None)
        assert view.ended_us is not None or view.state in {"running", "paused", "late"}
    assert (seen.limit("decide") is None) == (seen.accepted_us is None)
    assert all(lapse.at_us < now + wait for lapse in seen.lapses)
