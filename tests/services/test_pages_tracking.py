# SPDX-License-Identifier: Apache-2.0
"""The case's own page says of every step what it waits for, why, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

from people import PARENT, do
from services.kiosk import (
    HEAD,
    LICENCE_STEP,
    MARKET,
    accept,
    file,
    make_folder,
    served,
)
from services.record import DAY_US, HOUR_US, MONDAY_US
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.ask_extension import AskExtension
from zhengtong.services.actions.check_commitment import CheckCommitment
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.extend_step import ExtendStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_inspection import RecordInspection
from zhengtong.services.actions.schedule_inspection import ScheduleInspection
from zhengtong.services.actions.transfer_step import TransferStep
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import open_case
from zhengtong.services.pages.tracking import Expected, expected, tracked

pytestmark = pytest.mark.django_db
LATER = MONDAY_US + HOUR_US


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("kiosk") / "city")


@pytest.fixture
def version(folder: Path, state: Path) -> Iterator[str]:
    with served(folder) as found:
        yield found


def lines(number: str, step: str = LICENCE_STEP, at_us: int = LATER) -> str:
    work = open_case(number, lock=False)
    with override("en"):
        return " ".join(dict(zip(work.steps, tracked(work, at_us), strict=True))[step].lines)


def when(number: str, at_us: int = LATER) -> Expected:
    found = expected(open_case(number, lock=False), at_us)
    assert found is not None
    return found


@pytest.fixture
def number(version: str) -> str:
    return file(version, ("plan", "photo"), committed=("proof",), at_us=MONDAY_US)


def test_a_step_not_looked_at_yet_says_by_when_it_will_be(number: str) -> None:
    said = lines(number)
    assert "looks whether everything is complete" in said and "Its answer is due by" in said
    assert "Your commitment stands for “Proof of no debts”" in said
    assert "its day is still to be arranged" in said


def test_a_step_that_needs_anothers_result_names_it(number: str) -> None:
    assert lines(number, "kiosk-stand") == "Waits for the result of “Kiosk licence”; it is passed on without you."


def test_promised_documents_are_named_with_their_day(version: str) -> None:
    number = file(version, ("photo",), promised=("plan",), committed=("proof",), at_us=MONDAY_US)
    assert "“Floor plan” is promised by 2026-" in lines(number)


def test_acceptance_by_silence_is_said_to_be_that(number: str) -> None:
    accept(number, at_us=MONDAY_US + 1)
    assert "the department decides" in lines(number) and "by law" not in lines(number)


def test_a_pause_says_why_and_until_when(number: str) -> None:
    accept(number, at_us=MONDAY_US + 1)
    reason = next(r for r in open_case(number, lock=False).definition.reasons.values() if r.use == "pause")
    do(PauseStep(number, LICENCE_STEP, reason.key, 5), MARKET, at_us=LATER)
    said = lines(number, at_us=LATER + DAY_US)
    assert reason.name.en in said and "Announced until 2026-" in said


def test_a_pause_without_an_end_leaves_the_day_open(number: str) -> None:
    accept(number, at_us=MONDAY_US + 1)
    reason = next(r for r in open_case(number, lock=False).definition.reasons.values() if r.use == "pause")
    before = when(number)
    do(PauseStep(number, LICENCE_STEP, reason.key, 0), MARKET, at_us=LATER)
    assert "No end was announced" in lines(number, at_us=LATER + DAY_US)
    assert (before.paused, when(number, LATER + DAY_US).paused) == (False, True)


def test_more_time_is_said_when_asked_and_when_given(number: str) -> None:
    accept(number, at_us=MONDAY_US + 1)
    do(AskExtension(number, LICENCE_STEP, 5, "It is a large stand."), MARKET, at_us=LATER)
    assert "asked for more time; that is not decided yet" in lines(number)
    before = when(number)
    do(ExtendStep(number, LICENCE_STEP), HEAD, at_us=LATER)
    said = lines(number)
    assert "extended by 5 days" in said and "not decided yet" not in said
    assert when(number).day >= before.day


def test_a_transfer_asked_for_names_the_other_department(number: str) -> None:
    accept(number, at_us=MONDAY_US + 1)
    do(TransferStep(number, LICENCE_STEP, "urban", "It stands in a park."), MARKET, at_us=LATER)
    name = open_case(number, lock=False).definition.departments["urban"].name.en
    assert f"asked “{name}” to take it over" in lines(number)


def test_an_appointed_visit_is_told_with_day_hour_and_place(number: str) -> None:
    accept(number, at_us=MONDAY_US + 1)
    do(ScheduleInspection(number, "visit", LATER + 3 * DAY_US, "Gate of the park"), MARKET, at_us=LATER)
    for step in (LICENCE_STEP, "kiosk-fire"):
        assert "Visit of all departments together: 2026-" in lines(number, step)
        assert "Gate of the park" in lines(number, step)


def test_a_correction_stands_as_waiting_for_the_applicant(number: str) -> None:
    do(AskCorrection(number, LICENCE_STEP, ("contact_mobile",), "Wrong number."), MARKET, at_us=LATER)
    assert "Waits for your correction" in lines(number)
    assert when(number).paused


def test_a_refusal_gives_its_reason_and_what_hung_on_it_says_so(number: str) -> None:
    accept(number, at_us=MONDAY_US + 1)
    do(ScheduleInspection(number, "visit", LATER, "Gate of the park"), MARKET, at_us=MONDAY_US + 2)
    do(RecordInspection(number, LICENCE_STEP, passed=True, text="Clean."), MARKET, at_us=LATER)
    reason = next(r for r in open_case(number, lock=False).definition.reasons.values() if r.use == "refuse")
    do(DecideStep(number, LICENCE_STEP, False, reason.key, "No."), MARKET, at_us=LATER)
    assert f"Reason: {reason.name.en}" in lines(number)
    assert "needed a result that was not granted" in lines(number, "kiosk-stand")


def test_what_was_not_accepted_leads_to_its_notice(number: str) -> None:
    reasons = open_case(number, lock=False).definition.reasons.values()
    reason = next(r for r in reasons if r.use == "not_accept")
    do(NotAcceptStep(number, LICENCE_STEP, reason.key, "No."), MARKET, at_us=LATER)
    assert "what you can do about it stands on the notice" in lines(number)


def test_a_checked_commitment_is_told(number: str) -> None:
    accept(number, at_us=MONDAY_US + 1)
    do(CheckCommitment(number, LICENCE_STEP, "proof", True, "Looked up."), MARKET, at_us=LATER)
    assert "was checked and holds" in lines(number)


def test_a_closed_case_expects_nothing(number: str) -> None:
    do(WithdrawCase(number), PARENT, at_us=LATER)
    assert expected(open_case(number, lock=False), LATER) is None


def test_the_days_left_are_working_days_and_turn_negative_when_late(number: str) -> None:
    on_time, late = when(number), when(number, MONDAY_US + 90 * DAY_US)
    assert 0 < on_time.left <= 45 and late.left < 0
