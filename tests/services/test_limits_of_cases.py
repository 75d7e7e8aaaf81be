# SPDX-License-Identifier: Apache-2.0
"""Clocks of a real case: pausing and resuming move its due dates, and what time alone causes is recorded once."""

from __future__ import annotations

from datetime import date

import pytest

from holds.variants import publish_with, registration_is_a_licence
from people import PARENT, do, publish, submit
from services.record import (
    BIRTH,
    BRING,
    DAY_US,
    HOUR_US,
    MONDAY_US,
    POLICE,
    VACCINATION,
    attributes,
    notices,
    states,
    step,
    types,
)
from zhengtong.errors import Conflict
from zhengtong.ledger.models import Event
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.resume_step import ResumeStep
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.sweep import sweep

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def case() -> str:
    return submit(publish(), at_us=MONDAY_US)


def ends(day: date) -> int:
    return calendar().end_of_day(day)


def due_day(case: str, key: str = BIRTH) -> date | None:
    due_us = step(case, key).due_us
    return None if due_us is None else calendar().date_of(due_us)


# --- pauses -------------------------------------------------------------------------------------------------------


def test_the_promise_runs_from_acceptance_the_first_day_not_counted(case: str) -> None:
    assert due_day(case) == date(2026, 1, 13), "one working day to accept"
    assert due_day(case, VACCINATION) is None, "a public service has no limit to accept"
    do(AcceptStep(case, BIRTH), POLICE, at_us=MONDAY_US + HOUR_US)
    assert due_day(case) == date(2026, 1, 19), "five working days after the 12th"


def test_excluded_time_moves_the_due_date_by_its_working_days(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE, at_us=MONDAY_US)
    done = do(PauseStep(case, BIRTH, "expert-review"), POLICE, at_us=MONDAY_US + DAY_US)
    assert attributes(done, "step_paused")["reason"] == "expert-review"
    assert notices(case)[-1] == ("exclude", BIRTH, "police")
    assert due_day(case) is None, "nobody waits for the department while time is excluded"
    resumed = do(ResumeStep(case, BIRTH), POLICE, at_us=MONDAY_US + 8 * DAY_US)
    assert types(resumed) == ["step_resumed"]
    assert due_day(case) == date(2026, 1, 26), "the 14th to the 20th are five working days excluded"
    done = do(DecideStep(case, BIRTH, True), POLICE, at_us=MONDAY_US + 9 * DAY_US)
    about = attributes(done, "step_granted")
    assert about["promised_due_us"] == ends(date(2026, 1, 26))
    assert about["used_days"] == 2


def test_a_step_is_paused_and_resumed_in_turn_only(case: str) -> None:
    with pytest.raises(Conflict):
        do(ResumeStep(case, BIRTH), POLICE)
    BRING["paused"](case)
    for action in (PauseStep(case, BIRTH, "hearing"), DecideStep(case, BIRTH, True)):
        with pytest.raises(Conflict):
            do(action, POLICE)
    do(ResumeStep(case, BIRTH), POLICE)
    do(PauseStep(case, BIRTH, "inspection"), POLICE)
    do(ResumeStep(case, BIRTH), POLICE)
    assert [fact["kind"] for fact in step(case, BIRTH).facts] == [
        "received", "accepted", "paused", "resumed", "paused", "resumed",
    ]  # fmt: skip


# --- what time alone causes ---------------------------------------------------------------------------------------


def missed() -> list[tuple[str, str, str, int]]:
    rows = Event.objects.filter(type="limit_missed").order_by("time_us", "id")
    return [(r.attributes["service"], r.attributes["limit"], r.attributes["measure"], r.time_us) for r in rows]


def test_each_missed_limit_is_recorded_once_at_the_instant_it_fell_due(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE, at_us=MONDAY_US)
    before = step(case, BIRTH)
    assert sweep(ends(date(2026, 1, 19))) == 0, "the last instant of the last day is still in time"
    assert sweep(ends(date(2026, 1, 20))) == 1
    assert missed() == [(BIRTH, "decide", "promised", ends(date(2026, 1, 19)))]
    assert sweep(ends(date(2026, 1, 21))) == 0
    assert sweep(ends(date(2026, 3, 31))) == 1
    assert missed()[1] == (BIRTH, "decide", "statutory", ends(date(2026, 2, 9)))
    assert sweep(ends(date(2026, 12, 31))) == 0
    event = Event.objects.filter(type="limit_missed").first()
    assert event is not None
    assert (event.actor, event.department) == ("system", "police")
    assert event.recorded_us > event.time_us
    after = step(case, BIRTH)
    assert (after.state, after.facts, after.due_us) == (before.state, before.facts, before.due_us), (
        "time decides nothing"
    )


def test_a_sweep_that_comes_late_records_all_that_fell_due_meanwhile(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE, at_us=MONDAY_US)
    assert sweep(ends(date(2026, 6, 30))) == 2
    assert [measure for _, _, measure, _ in missed()] == ["promised", "statutory"]


def test_no_overdue_step_hides_another_from_the_sweep(case: str) -> None:
    """The oldest are looked at first; once recorded they make room for the next ones."""
    version = publish()
    later = submit(version, at_us=MONDAY_US + DAY_US)
    for _ in range(6):
        sweep(ends(date(2026, 6, 30)), limit=1)
    assert {row[3] for row in missed() if row[1] == "accept"} == {ends(date(2026, 1, 13)), ends(date(2026, 1, 14))}
    assert set(states(later).values()) == {"pending", "waiting"}


def test_while_the_clock_stands_still_nothing_is_missed(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE, at_us=MONDAY_US)
    do(PauseStep(case, BIRTH, "hearing"), POLICE, at_us=MONDAY_US + DAY_US)
    assert sweep(ends(date(2026, 12, 31))) == 0
    second = submit(publish(), at_us=MONDAY_US)
    do(AskCorrection(second, BIRTH, ("child_name",), "请核对"), POLICE, at_us=MONDAY_US + HOUR_US)
    assert sweep(ends(date(2026, 12, 31))) == 0
    do(SupplyCorrection(second, {"child_name": "林知远"}), PARENT, at_us=MONDAY_US + 30 * DAY_US)
    assert sweep(ends(date(2026, 12, 31))) == 1
    assert missed()[0][:3] == (BIRTH, "accept", "statutory")


def test_a_case_that_ended_misses_nothing(case: str) -> None:
    do(WithdrawCase(case), PARENT, at_us=MONDAY_US + HOUR_US)
    assert sweep(ends(date(2026, 12, 31))) == 0


def test_silence_accepts_a_licence_and_nothing_else() -> None:
    licence = submit(publish_with(registration_is_a_licence), at_us=MONDAY_US)
    plain = submit(publish(), at_us=MONDAY_US)
    silence = ends(date(2026, 1, 19))
    assert sweep(silence + DAY_US) >= 1
    assert (states(licence)[BIRTH], states(plain)[BIRTH]) == ("accepted", "pending")
    (event,) = Event.objects.filter(type="step_accepted")
    assert (event.time_us, event.actor, event.attributes["reason"]) == (silence, "system", "deemed")
    view = open_case(licence, BIRTH, lock=False).limits(BIRTH, silence + DAY_US).limit("decide")
    assert view is not None
    assert view.started_us == MONDAY_US, "from the day of receipt (行政许可法 art. 32)"
    sweep(silence + 2 * DAY_US)
    assert Event.objects.filter(type="step_accepted").count() == 1
