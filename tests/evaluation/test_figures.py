# SPDX-License-Identifier: Apache-2.0
"""Figures of a life event against the same figures counted in plain Python, over records made up at random."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.log_factory import BEGIN, DAY, MadeCase, MadeStep, by_hand, counted, made_cases, read, write
from zhengtong.evaluation.engine.figures import OnTime, Outcome, by_service, on_time


def as_plain(outcome: Outcome) -> dict[str, Any]:
    plain = {name: getattr(outcome, name) for name in outcome.__dataclass_fields__}
    steps = sorted((s.decided_us, s.service, s.department, s.late, s.used_days) for s in outcome.steps)
    return {**plain, "steps": steps}


@settings(deadline=None, max_examples=40)
@given(made_cases())
def test_every_closed_case_is_told_as_its_events_tell_it(cases: list[MadeCase]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = read(write(Path(folder), [cases]))
    expected = counted(cases)
    assert [as_plain(outcome) for outcome in found] == expected
    late = sum(any(step[3] for step in case["steps"]) for case in expected)
    assert on_time(found) == OnTime(len(expected), len(expected) - late)
    assert {f.service: (f.decided, f.late, f.median_days) for f in by_service(found)} == by_hand(cases)
    shares = [figure.late_share for figure in by_service(found)]
    assert shares == sorted(shares, reverse=True)


@settings(deadline=None, max_examples=12)
@given(made_cases(most=4), made_cases(most=4), st.integers(0, 99))
def test_as_of_a_leaf_the_figures_stand_still_whatever_comes_later(
    first: list[MadeCase], later: list[MadeCase], part: int
) -> None:
    renamed = [replace(case, number=f"N{case.number}") for case in later]
    with tempfile.TemporaryDirectory() as folder:
        size = write(Path(folder) / "a", [first]).manifest().size
        before = read(write(Path(folder) / "a2", [first]))
        both = write(Path(folder) / "b", [first, renamed])
        assert read(both, size) == before
        assert [as_plain(one) for one in read(both)] == counted([*first, *renamed])
        earlier = read(both, part % (size + 1))
        assert {one.number for one in earlier} <= {one.number for one in before}, "what is known then is known later"


@settings(deadline=None, max_examples=8)
@given(made_cases(most=4), st.integers(1, 3))
def test_how_the_record_is_cut_into_segments_changes_nothing(cases: list[MadeCase], cuts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = read(write(Path(folder) / "a", [cases]))
        parts = [cases[n::cuts] for n in range(cuts)]
        assert read(write(Path(folder) / "b", parts)) == whole


def case(
    outcome: str, *steps: MadeStep, closed_us: int | None = BEGIN + 9 * DAY, number: str = "M26-000001"
) -> MadeCase:
    return MadeCase(number, "newborn", BEGIN, {"channel": "portal"}, steps, (), closed_us, outcome)


def step(
    service: str, type: str = "step_granted", *, due_us: int | None = None, department: str = "police"
) -> MadeStep:
    return MadeStep(service, department, type, BEGIN + DAY, due_us, 1)


@pytest.mark.parametrize(
    ("due_us", "late"),
    [(BEGIN + DAY, False), (BEGIN + DAY - 1, True), (BEGIN + DAY + 1, False), (None, False)],
)
def test_the_last_instant_is_in_time_and_a_step_without_a_limit_is_never_late(
    due_us: int | None, late: bool, tmp_path: Path
) -> None:
    (found,) = read(write(tmp_path, [[case("completed", step("birth", due_us=due_us))]]))
    assert (found.late, found.steps[0].late) == (late, late)


@pytest.mark.parametrize(
    ("made", "count"),
    [
        (case("withdrawn", step("birth")), 0),
        (case("completed", step("birth"), closed_us=None), 0),
        (case("refused", step("birth", "step_not_accepted")), 1),
        (case("partial", step("birth", "step_refused")), 1),
    ],
)
def test_which_cases_count(made: MadeCase, count: int, tmp_path: Path) -> None:
    assert on_time(read(write(tmp_path, [[made]]))).closed == count


def test_no_case_has_no_share_rather_than_a_perfect_one() -> None:
    assert on_time([]).share is None
    assert by_service([]) == []


def test_documents_of_every_correction_are_added_to_those_of_the_application(tmp_path: Path) -> None:
    made = MadeCase(
        "M26-1", "newborn", BEGIN, {"channel": "portal", "materials_uploaded": 2}, (), (1, 3), BEGIN + DAY, "refused"
    )
    (found,) = read(write(tmp_path, [[made]]))
    assert found.materials_uploaded == 6
    assert found.departments == 0


def test_the_departments_faced_are_counted_once_each(tmp_path: Path) -> None:
    made = case("completed", step("birth"), step("vaccine"), step("insurance", department="insurance"))
    assert read(write(tmp_path, [[made]]))[0].departments == 2
