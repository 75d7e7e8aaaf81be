# SPDX-License-Identifier: Apache-2.0
"""Repeated bad ratings: counted within the days, by concern; shares with an interval that small numbers deserve."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.services.rules.improving import DAY_US, Bad, Concern, Threshold, apart, repeated, share

THREE_IN_TEN = Threshold(3, 10)
NOW = 100 * DAY_US


def bad(day: float, n: int, department: str = "police", aspects: tuple[str, ...] = ()) -> Bad:
    return Bad(f"r{n}", int(day * DAY_US), "newborn", department, aspects)


def test_enough_within_the_days_are_a_concern_with_all_the_ratings_behind_it() -> None:
    ratings = [bad(99, 3), bad(91, 1), bad(95, 2), bad(92, 4, "health"), bad(80, 0)]
    (found,) = repeated(ratings, THREE_IN_TEN, NOW)
    assert found.concern == Concern("newborn", "police", "")
    assert found.behind == ("r1", "r2", "r3")


def test_too_few_too_old_or_still_to_come_are_none() -> None:
    assert repeated([bad(99, 1), bad(98, 2)], THREE_IN_TEN, NOW) == []
    assert repeated([bad(99, 1), bad(98, 2), bad(90, 3)], THREE_IN_TEN, NOW) == []
    assert repeated([bad(99, 1), bad(98, 2), bad(101, 3)], THREE_IN_TEN, NOW) == []


def test_each_aspect_is_a_concern_of_its_own() -> None:
    ratings = [bad(99, n, aspects=("speed", "guide") if n else ("guide",)) for n in range(3)]
    assert [one.concern.aspect for one in repeated(ratings, THREE_IN_TEN, NOW)] == ["guide"]


@given(st.lists(st.tuples(st.integers(85, 101), st.sampled_from("ab"))), st.integers(1, 4), st.integers(1, 15))
@settings(deadline=None, max_examples=60)
def test_counting_is_counting(ratings: list[tuple[int, str]], at_least: int, days: int) -> None:
    made = [bad(day, n, department) for n, (day, department) in enumerate(ratings)]
    found = {one.concern.department: len(one.behind) for one in repeated(made, Threshold(at_least, days), NOW)}
    counts = {d: sum(100 - days < day <= 100 and of == d for day, of in ratings) for d in "ab"}
    assert found == {d: n for d, n in counts.items() if n >= at_least}


def test_the_interval_is_wilsons() -> None:
    found = share(1, 10)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0179, 0.4042)  # a published example
    assert share(0, 0).rate is None and (share(0, 0).low, share(0, 0).high) == (0, 1)
    with pytest.raises(ValueError, match="3 of 2"):
        share(3, 2)


@given(st.integers(0, 200), st.integers(1, 200))
@settings(deadline=None, max_examples=80)
def test_the_interval_holds_the_rate_and_narrows_with_more_ratings(count: int, total: int) -> None:
    count = min(count, total)
    one, ten = share(count, total), share(10 * count, 10 * total)
    assert 0 <= one.low <= count / total <= one.high <= 1
    assert ten.high - ten.low < one.high - one.low
    assert not apart(one, ten)


def test_a_difference_is_said_only_where_the_intervals_are_apart() -> None:
    assert apart(share(40, 50), share(5, 50))
    assert not apart(share(3, 4), share(1, 4))
