# SPDX-License-Identifier: Apache-2.0
"""A case as another system's tables tell it: put in order, and refused where it cannot have happened so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.services.rules.imported import DAY_US, SourceCase, Special, Stage, When, problems, timeline

NOW = 100 * DAY_US


def day(n: float, *, whole: bool = False) -> When:
    return When(int(n * DAY_US), whole)


def case(**changes: Any) -> SourceCase:
    given: dict[str, Any] = {
        "number": "H1",
        "service": "birth-registration",
        "applied": day(1),
        "accepted": day(2),
        "closed": day(9),
        "outcome": "granted",
    }
    return SourceCase(**{**given, **changes})


def found(told: SourceCase) -> list[tuple[str, str]]:
    return [(problem.table, problem.code) for problem in problems(told, now_us=NOW)]


def kinds(told: SourceCase) -> list[str]:
    return [moment.kind for moment in timeline(told)]


def test_the_five_tables_become_one_course_of_things() -> None:
    told = case(
        specials=(Special("correction", day(1.2), day(1.5)), Special("pause", day(4), day(6), "hearing")),
        stages=(Stage("first_review", day(3)), Stage("decision", day(8))),
    )
    assert found(told) == []
    assert kinds(told) == [
        "received", "correction_asked", "corrected", "accepted", "stage", "paused", "resumed", "stage", "granted",
    ]  # fmt: skip


def test_what_is_not_closed_yet_just_ends_where_it_stands() -> None:
    assert kinds(case(closed=None, outcome="")) == ["received", "accepted"]
    assert kinds(case(accepted=day(2), not_accepted=True, closed=None, outcome="")) == ["received", "not_accepted"]
    assert kinds(case(accepted=None, closed=day(3), outcome="withdrawn")) == ["received", "withdrawn"]


def test_a_date_without_a_clock_is_not_before_what_it_follows_on_its_day() -> None:
    told = case(applied=day(1.4), accepted=day(1, whole=True), closed=day(1, whole=True))
    assert found(told) == []
    assert kinds(told) == ["received", "accepted", "granted"]
    assert {moment.at_us for moment in timeline(told)} == {day(1.4).us}
    assert found(replace(told, accepted=day(0, whole=True))) != [], "the day before is before"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"accepted": day(0.5)}, ("acceptances", "order")),
        ({"closed": day(1.5)}, ("completions", "order")),
        ({"accepted": None}, ("completions", "not_accepted")),
        ({"not_accepted": True}, ("completions", "order")),
        ({"closed": day(101)}, ("completions", "future")),
        ({"stages": (Stage("x", day(0.5)),)}, ("processes", "order")),
        ({"stages": (Stage("x", day(9.5)),)}, ("processes", "order")),
        ({"specials": (Special("pause", day(4), day(3), "hearing"),)}, ("specials", "order")),
        ({"specials": (Special("pause", day(4), None, "hearing"),)}, ("specials", "open")),
        ({"specials": (Special("pause", day(1.5), day(3), "hearing"),)}, ("specials", "order")),
        ({"specials": (Special("pause", day(4), day(12), "hearing"),)}, ("specials", "order")),
        ({"specials": (Special("correction", day(1.1), day(3)),)}, ("specials", "order")),
        (
            {"specials": (Special("pause", day(3), day(5), "hearing"), Special("pause", day(4), day(6), "hearing"))},
            ("specials", "overlap"),
        ),
    ],
)
def test_what_cannot_have_been_is_named_with_its_table(changes: dict[str, Any], problem: tuple[str, str]) -> None:
    assert problem in found(case(**changes))


@st.composite
def told(draw: st.DrawFn) -> SourceCase:
    def some() -> When:
        return day(draw.__call__(st.integers(0, 40)) / 2, whole=draw(st.booleans()))

    pauses = tuple(Special("pause", some(), some(), "hearing") for _ in range(draw(st.integers(0, 2))))
    stages = tuple(Stage("review", some()) for _ in range(draw(st.integers(0, 2))))
    accepted = draw(st.booleans())
    return case(applied=some(), accepted=some() if accepted else None, closed=some(), specials=pauses, stages=stages)


@given(told())
@settings(deadline=None, max_examples=150)
def test_what_raises_no_problem_happened_in_the_order_of_the_procedure(told: SourceCase) -> None:
    if found(told):
        return
    moments = timeline(told)
    assert [m.at_us for m in moments] == sorted(m.at_us for m in moments)
    order = [m.kind for m in moments if m.kind != "stage"]
    assert order[0] == "received" and order[-1] == told.outcome
    assert order[1] == "accepted"
    assert order[2:-1] == ["paused", "resumed"] * len(told.specials), "pauses follow one another, inside"
