# SPDX-License-Identifier: Apache-2.0
"""Two books held against each other: what differs is named, what still moves waits, what agrees is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.services.rules.reconciliation import (
    Comparison,
    Found,
    Kind,
    Ours,
    Passage,
    Theirs,
    Way,
    compare,
    lags,
    spread,
    ways,
)

NOW, OLD, SETTLING = 1_000_000, 100, 1_000


def ours(reference: str = "A", standing: str = "pending", **more: object) -> Ours:
    return Ours(reference, standing, **{"moved_us": OLD, **more})  # type: ignore[arg-type]


def theirs(reference: str = "A", standing: str = "pending", **more: object) -> Theirs:
    decided = None if standing == "pending" else OLD
    return Theirs(reference, standing, **{"received_us": OLD, "decided_us": decided, **more})  # type: ignore[arg-type]


def held(mine: list[Ours], its: list[Theirs]) -> Comparison:
    return compare(mine, its, listed_us=NOW, settling_us=SETTLING)


@pytest.mark.parametrize(
    ("mine", "its", "found"),
    [
        ([ours()], [], Found("A", Kind.MISSING_THERE, "pending", "")),
        ([], [theirs()], Found("A", Kind.MISSING_HERE, "", "pending")),
        ([ours()], [theirs(standing="granted", output="C1")], Found("A", Kind.STATE, "pending", "granted")),
        (
            [ours(standing="granted", output="C1")],
            [theirs(standing="refused", reason="x")],
            Found("A", Kind.STATE, "granted", "refused"),
        ),
        (
            [ours(standing="granted", output="C1")],
            [theirs(standing="granted", output="C2")],
            Found("A", Kind.NUMBER, "C1", "C2"),
        ),
    ],
)
def test_each_difference_has_its_name_and_says_what_both_hold(
    mine: list[Ours], its: list[Theirs], found: Found
) -> None:
    assert held(mine, its) == Comparison(0, 0, (found,))


def test_books_that_agree_differ_in_nothing() -> None:
    mine = [ours("A"), ours("B", "granted", output="C1"), ours("C", "refused")]
    its = [theirs("C", "refused", reason="any"), theirs("B", "granted", output="C1"), theirs("A")]
    assert held(mine, its) == Comparison(3, 0, ())


def test_what_moved_on_either_side_within_the_settling_time_is_on_its_way() -> None:
    young = NOW - SETTLING + 1
    assert held([ours(moved_us=young)], []) == Comparison(0, 1, ())
    assert held([], [theirs(received_us=young)]) == Comparison(0, 1, ())
    assert held([ours()], [theirs(standing="granted", output="C1", decided_us=young)]) == Comparison(0, 1, ())
    assert held([ours(moved_us=young - 1)], []).found, "at the end of the settling time it counts"


def test_what_the_applicant_gave_up_is_no_difference_whatever_they_say() -> None:
    gone = ours(withdrawn=True)
    for listed in ([], [theirs()], [theirs(standing="granted", output="C1")]):
        assert held([gone], listed) == Comparison(1, 0, ())


STANDINGS = st.sampled_from(["pending", "granted", "refused"])


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Ours], list[Theirs]]:
    names = draw(st.lists(st.sampled_from("ABCDEFGH"), unique=True))
    mine = [ours(name, draw(STANDINGS), moved_us=draw(st.integers(0, NOW))) for name in names if draw(st.booleans())]
    its = [theirs(name, draw(STANDINGS), received_us=draw(st.integers(0, NOW))) for name in names]
    return mine, its[: draw(st.integers(0, len(its)))]


@given(books())
@settings(deadline=None, max_examples=60)
def test_every_application_is_counted_once_and_the_order_of_the_books_says_nothing(
    pair: tuple[list[Ours], list[Theirs]],
) -> None:
    mine, its = pair
    one = held(mine, its)
    assert one.agreed + one.moving + len(one.found) == len({o.reference for o in [*mine, *its]})
    assert one == held(mine[::-1], its[::-1])
    assert list(one.found) == sorted(one.found, key=lambda found: found.reference)


@given(books())
@settings(deadline=None, max_examples=40)
def test_our_own_book_read_back_agrees_with_itself(pair: tuple[list[Ours], list[Theirs]]) -> None:
    mine, _ = pair
    same = [theirs(o.reference, o.standing, received_us=o.moved_us) for o in mine]
    assert held([replace(o, output="") for o in mine], same).found == ()


def test_a_decision_made_here_is_never_undone_by_a_list() -> None:
    assert ways(Kind.MISSING_THERE, "pending", "") == (Way.PUSH_AGAIN, Way.EXPLAIN)
    assert ways(Kind.STATE, "pending", "granted") == (Way.TAKE_OVER, Way.EXPLAIN)
    for kind, mine, its in (
        (Kind.STATE, "granted", "refused"),
        (Kind.STATE, "granted", "pending"),
        (Kind.MISSING_THERE, "granted", ""),
        (Kind.MISSING_HERE, "", "granted"),
        (Kind.NUMBER, "C1", "C2"),
    ):
        assert ways(kind, mine, its) == (Way.EXPLAIN,)


# --- lag ----------------------------------------------------------------------------------------------------------


def test_each_leg_is_measured_over_those_that_finished_it() -> None:
    found = lags([Passage(0, 10, 40, 45), Passage(0, 20), Passage(0), Passage(0, 30, None, 90)])
    legs = {leg: (s.count, s.median_us, s.p90_us) if s else None for leg, s in found.items()}
    assert legs == {"handing_over": (3, 20, 30), "deciding": (1, 30, 30), "reporting": (1, 5, 5), "whole": (2, 45, 90)}


def test_a_clock_ahead_of_ours_makes_no_negative_lag() -> None:
    reporting = lags([Passage(0, 10, 100, 90)])["reporting"]
    assert reporting and reporting.median_us == 0


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
@settings(deadline=None, max_examples=60)
def test_nine_of_ten_are_done_within_the_ninetieth_percentile(values: list[int]) -> None:
    found = spread(values)
    assert found is not None
    assert sum(value <= found.p90_us for value in values) * 10 >= 9 * len(values)
    assert sum(value < found.median_us for value in values) * 2 <= len(values)
    assert found.median_us in values and found.p90_us in values


def test_nothing_measured_is_no_figure() -> None:
    assert spread([]) is None
    assert set(lags([]).values()) == {None}
