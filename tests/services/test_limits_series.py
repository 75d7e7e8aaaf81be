# SPDX-License-Identifier: Apache-2.0
"""What is drawn of a limit stands where it happened."""

from __future__ import annotations

from datetime import date

import hypothesis.strategies as st
from hypothesis import given, settings

from services.limit_factory import CALENDAR, LICENCE, at, fact, plain
from services.test_limits_properties import Life, lives
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.limit_series import LimitSeries, Milestone, Stretch, series
from zhengtong.services.rules.limits import assess
from zhengtong.services.rules.regimes import Allowance, Terms

RECEIVED, ACCEPTED = fact("received", "2025-09-26"), fact("accepted", "2025-09-26", 11)


def drawn(now: int, *facts: Fact, terms: Terms | None = None) -> LimitSeries:
    view = assess(terms or Terms(LICENCE), facts, CALENDAR, now).limit("decide")
    assert view is not None
    return series(view, CALENDAR)


def test_pauses_push_the_marks_along_the_axis() -> None:
    terms = Terms(LICENCE, promised={"decide": Allowance(5)})
    facts = [RECEIVED, ACCEPTED, fact("paused", "2025-10-09", reason="hearing"), fact("resumed", "2025-10-11")]
    seen = drawn(at("2025-10-14"), *facts, terms=terms)
    # 28, 29, 30 Sep and 9 Oct used; 10 and 11 paused; 13 (the fifth, the promise) and 14 used
    assert seen.stretches == (Stretch("used", 0, 4), Stretch("paused", 4, 2, ("hearing",)), Stretch("used", 6, 2))
    assert seen.milestones == (
        Milestone("promised", 7, date(2025, 10, 13), missed=True),
        Milestone("now", 8, date(2025, 10, 14)),
        Milestone("statutory", 22, date(2025, 11, 3)),
    )
    assert (seen.unit, seen.length) == ("working_days", 22)


def test_days_past_the_missed_limit_are_cut_off_as_over() -> None:
    seen = drawn(at("2025-10-13"), RECEIVED, ACCEPTED, terms=plain(5))
    assert seen.stretches == (Stretch("used", 0, 5), Stretch("over", 5, 2))
    assert seen.milestones[0] == Milestone("statutory", 5, date(2025, 10, 10), missed=True)
    assert seen.length == 7


def test_while_paused_the_marks_are_projected() -> None:
    seen = drawn(at("2025-10-10"), RECEIVED, ACCEPTED, fact("paused", "2025-09-28", reason="hearing"))
    assert seen.milestones[-1].projected and seen.milestones[-1].day == date(2025, 11, 5)


def test_a_promise_in_another_unit_stands_at_its_own_day() -> None:
    terms = Terms(LICENCE, promised={"decide": Allowance(20, "calendar_days")})
    seen = drawn(at("2025-09-28"), RECEIVED, ACCEPTED, terms=terms)
    # 26 Sep + 20 days = Thu 16 Oct: the tenth working day after the 26th
    assert seen.milestones[1] == Milestone("promised", 10, date(2025, 10, 16))


def test_hours_are_drawn_in_hours_and_a_start_has_an_axis_of_its_own() -> None:
    seen = drawn(at("2025-09-26", 15), RECEIVED, ACCEPTED, terms=plain(24, "hours"))
    assert seen.stretches == (Stretch("used", 0, 4),) and seen.length == 24
    on_the_spot = drawn(ACCEPTED.at_us, RECEIVED, ACCEPTED, terms=plain(0))
    assert on_the_spot.length == 1 and on_the_spot.stretches == ()


@settings(deadline=None, max_examples=200)
@given(life=lives(), amount=st.integers(0, 40), unit=st.sampled_from(["working_days", "calendar_days"]))
def test_stretches_touch_cover_the_axis_to_now_and_carry_the_counted_days(life: Life, amount: int, unit: str) -> None:
    view = assess(plain(amount, unit), life.facts(), CALENDAR, life.now).limit("decide")
    assert view is not None and view.statutory is not None
    seen = series(view, CALENDAR)
    now = next(mark for mark in seen.milestones if mark.kind == "now")
    edges = [0, *(stretch.start + stretch.length for stretch in seen.stretches)]
    assert [stretch.start for stretch in seen.stretches] == edges[:-1] and edges[-1] == now.at
    assert sum(s.length for s in seen.stretches if s.kind == "paused") == view.excluded
    assert sum(s.length for s in seen.stretches if s.kind != "paused") == view.statutory.used
    missed = view.statutory.missed_us is not None
    assert missed or not any(stretch.kind == "over" for stretch in seen.stretches)
    assert seen.length >= max(mark.at for mark in seen.milestones) and seen.length >= 1
