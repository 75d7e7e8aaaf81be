# SPDX-License-Identifier: Apache-2.0
"""Every act beside the main line of a step: what it writes, who may do it, when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from people import OTHER, PARENT, do, uploaded
from services.kiosk import (
    FIRE_OFFICER,
    FIRE_STEP,
    HEAD,
    LEADER,
    LICENCE_STEP,
    MARKET,
    OTHER_HEAD,
    STAND_STEP,
    URBAN,
    accept,
    file,
    filing,
    make_folder,
    served,
)
from services.record import DAY_US, HOUR_US, MONDAY_US, attributes, notices, states, step, types, written
from zhengtong.acts.actor import Actor, Role
from zhengtong.acts.perform import Action
from zhengtong.errors import BadInput, Conflict, FormFaults, NotFound, Refused
from zhengtong.ledger import audit_rows
from zhengtong.ledger.models import Event, RecordedRow
from zhengtong.services.actions.ask_extension import AskExtension
from zhengtong.services.actions.check_commitment import CheckCommitment
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.deliver_result import DeliverResult
from zhengtong.services.actions.extend_step import ExtendStep, RefuseExtensionOfStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_inspection import RecordInspection
from zhengtong.services.actions.revoke_output import RevokeOutput
from zhengtong.services.actions.schedule_inspection import ScheduleInspection
from zhengtong.services.actions.supply_promised import SupplyPromised
from zhengtong.services.actions.transfer_step import ReturnTransfer, SignTransfer, TransferStep
from zhengtong.services.casework import open_case
from zhengtong.services.documents import content
from zhengtong.services.models import Case, Memo, Notice, Output
from zhengtong.services.sweep import sweep

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("kiosk") / "city")


@pytest.fixture
def version(folder: Path) -> Iterator[str]:
    with served(folder) as found:
        yield found


@pytest.fixture
def case(version: str) -> str:
    """A kiosk whose licence and fire check are accepted."""
    number = file(version, at_us=MONDAY_US)
    accept(number, at_us=MONDAY_US)
    return number


@pytest.fixture(autouse=True)
def _the_record_stays_whole(db: None) -> Iterator[None]:
    """Whatever a test did, every row agrees with its event."""
    yield
    assert not list(audit_rows.walk(RecordedRow.audited(), lambda done: None))


def inspect(number: str, at_us: int = MONDAY_US + HOUR_US) -> None:
    do(ScheduleInspection(number, "visit", MONDAY_US + 2 * DAY_US, "一号亭"), MARKET, at_us=at_us)
    for key, who in ((LICENCE_STEP, MARKET), (FIRE_STEP, FIRE_OFFICER)):
        do(RecordInspection(number, key, True, "合格"), who, at_us=at_us + HOUR_US)


def granted(number: str, *, at_us: int = MONDAY_US + DAY_US) -> None:
    inspect(number)
    do(DecideStep(number, LICENCE_STEP, granted=True), MARKET, at_us=at_us)


def refused(error: type[Exception], action: Action, who: Actor, words: str | None = None, **at: int) -> None:
    """`action` raises, and leaves nothing behind."""
    before = written()
    with pytest.raises(error, match=words):
        do(action, who, **at)
    assert written() == before


# --- more time ------------------------------------------------------------------------------------------------------


def test_an_extension_is_asked_for_by_the_officer_and_granted_by_the_head_with_a_notice(case: str) -> None:
    asked = do(AskExtension(case, LICENCE_STEP, 5, "需要专家意见"), MARKET, at_us=MONDAY_US + DAY_US)
    assert types(asked) == ["extension_asked", "memo_kept"]
    assert attributes(asked, "extension_asked")["days"] == 5
    before = open_case(case, LICENCE_STEP, lock=False).limits(LICENCE_STEP, MONDAY_US + DAY_US).limit("decide")
    done = do(ExtendStep(case, LICENCE_STEP), HEAD, at_us=MONDAY_US + 2 * DAY_US)
    assert types(done) == ["step_extended", "memo_answered", "notice_issued"]
    after = open_case(case, LICENCE_STEP, lock=False).limits(LICENCE_STEP, MONDAY_US + 2 * DAY_US).limit("decide")
    assert before and after and before.statutory and after.statutory and before.promised and after.promised
    assert (before.statutory.amount, after.statutory.amount) == (20, 25)
    assert before.promised.due == after.promised.due
    said = content(Notice.objects.get(kind="extend"))
    assert (said.deadline, [item.text.zh for item in said.items]) == (after.statutory.due, ["需要专家意见"])


def test_only_the_head_of_the_department_that_holds_the_step_may_extend(case: str) -> None:
    do(AskExtension(case, LICENCE_STEP, 5, "需要专家意见"), MARKET, at_us=MONDAY_US + DAY_US)
    for who in (MARKET, OTHER_HEAD, PARENT):
        refused(Refused, ExtendStep(case, LICENCE_STEP), who)
    refused(Refused, ExtendStep(case, LICENCE_STEP), LEADER, "another role")
    asker_too = Actor(MARKET.id, MARKET.roles | {Role("head", "market")})
    refused(Refused, ExtendStep(case, LICENCE_STEP), asker_too, "does not approve it")


def test_a_refused_extension_says_why_and_changes_no_limit(case: str) -> None:
    do(AskExtension(case, LICENCE_STEP, 5, "需要专家意见"), MARKET, at_us=MONDAY_US + DAY_US)
    refused(FormFaults, RefuseExtensionOfStep(case, LICENCE_STEP, " "), HEAD)
    do(RefuseExtensionOfStep(case, LICENCE_STEP, "时间足够"), HEAD, at_us=MONDAY_US + 2 * DAY_US)
    assert [memo.text for memo in Memo.objects.filter(kind="extension_refused")] == ["时间足够"]
    assert not Memo.objects.filter(waiting=True).exists()
    refused(Conflict, ExtendStep(case, LICENCE_STEP), HEAD, "no request", at_us=MONDAY_US + 2 * DAY_US)
    assert not Notice.objects.filter(kind="extend").exists()


def test_what_is_late_is_no_longer_extended(case: str) -> None:
    asked = AskExtension(case, LICENCE_STEP, 5, "需要专家意见")
    refused(Conflict, asked, MARKET, "passed", at_us=MONDAY_US + 60 * DAY_US)
    do(asked, MARKET, at_us=MONDAY_US + DAY_US)
    refused(Conflict, ExtendStep(case, LICENCE_STEP), HEAD, "passed", at_us=MONDAY_US + 60 * DAY_US)


# --- another department ---------------------------------------------------------------------------------------------


def test_authority_follows_a_step_to_the_department_that_signed_for_it(case: str) -> None:
    do(TransferStep(case, LICENCE_STEP, "urban", "属于城管"), MARKET)
    assert step(case, LICENCE_STEP).department == "market"
    done = do(SignTransfer(case, LICENCE_STEP), URBAN)
    assert types(done) == ["step_transferred", "memo_answered"]
    assert attributes(done, "step_transferred")["about"] == "urban"
    assert step(case, LICENCE_STEP).department == "urban"
    refused(Refused, PauseStep(case, LICENCE_STEP, "hearing"), MARKET)
    do(PauseStep(case, LICENCE_STEP, "hearing"), URBAN)


def test_a_department_that_returns_a_step_says_why_and_it_stays(case: str) -> None:
    do(TransferStep(case, LICENCE_STEP, "urban", "属于城管"), MARKET)
    refused(FormFaults, ReturnTransfer(case, LICENCE_STEP, ""), URBAN)
    do(ReturnTransfer(case, LICENCE_STEP, "不属于城管"), URBAN)
    assert step(case, LICENCE_STEP).department == "market"
    refused(Conflict, SignTransfer(case, LICENCE_STEP), URBAN, "no transfer")


def test_only_the_department_that_was_asked_answers_and_may_read_the_step(case: str) -> None:
    work = open_case(case, LICENCE_STEP, lock=False)
    assert "urban" not in work.readers_subject.departments
    do(TransferStep(case, LICENCE_STEP, "urban", "属于城管"), MARKET)
    work = open_case(case, LICENCE_STEP, lock=False)
    assert work.readers_subject.departments == {"market", "urban"}
    assert work.subject.departments == {"market"}
    for who in (MARKET, FIRE_OFFICER, PARENT):
        refused(Refused, SignTransfer(case, LICENCE_STEP), who)
    refused(BadInput, TransferStep(case, FIRE_STEP, "urban", "属于城管"), FIRE_OFFICER, "cannot go")


# --- joint inspection -----------------------------------------------------------------------------------------------


def test_an_inspection_is_arranged_by_its_lead_and_told_to_the_applicant(case: str) -> None:
    when = MONDAY_US + 2 * DAY_US
    refused(Refused, ScheduleInspection(case, "visit", when, "一号亭"), FIRE_OFFICER, at_us=MONDAY_US)
    refused(NotFound, ScheduleInspection(case, "other", when, "一号亭"), MARKET, at_us=MONDAY_US)
    done = do(ScheduleInspection(case, "visit", when, "一号亭"), MARKET, at_us=MONDAY_US + HOUR_US)
    assert types(done) == [
        "inspection_scheduled", "step_paused", "inspection_scheduled", "inspection_arranged", "notice_issued",
        "notice_issued",
    ]  # fmt: skip
    assert states(case)[LICENCE_STEP] == "paused"
    assert notices(case)[-2:] == [("inspect", LICENCE_STEP, "market"), ("exclude", LICENCE_STEP, "market")]
    said = content(Notice.objects.get(kind="inspect"))
    assert {line.label.zh: line.value for line in said.lines}["勘验地点"] == "一号亭"
    assert [item.text.en for item in said.items] == ["Kiosk licence", "Kiosk fire check"]


def test_an_appointment_lies_ahead_and_somewhere(case: str) -> None:
    with pytest.raises(FormFaults) as found:
        do(ScheduleInspection(case, "visit", MONDAY_US - 1, " "), MARKET, at_us=MONDAY_US)
    assert set(found.value.fields) == {"when", "place"}


def test_each_department_records_what_it_found_and_only_then_decides(case: str) -> None:
    refused(Conflict, DecideStep(case, FIRE_STEP, granted=True), FIRE_OFFICER, "not recorded")
    inspect(case)
    assert states(case)[LICENCE_STEP] == "accepted"
    refused(Refused, RecordInspection(case, FIRE_STEP, True, "合格"), MARKET)
    do(DecideStep(case, FIRE_STEP, granted=True), FIRE_OFFICER)
    assert states(case)[FIRE_STEP] == "granted"


# --- promises and commitments ---------------------------------------------------------------------------------------


def test_what_is_missing_is_named_with_what_may_stand_for_it(version: str) -> None:
    with pytest.raises(FormFaults) as found:
        do(filing(version, ()), PARENT)
    assert set(found.value.fields) == {"plan", "photo", "proof"}
    assert "补交" in found.value.fields["plan"].zh and "承诺" in found.value.fields["proof"].zh
    with pytest.raises(FormFaults) as found:
        do(filing(version, (), promised=("plan", "photo", "proof"), committed=("plan",)), PARENT)
    assert set(found.value.fields) == {"proof"}


def test_a_case_goes_on_with_a_promise_and_the_document_comes_later(version: str) -> None:
    number = file(version, ("photo", "proof"), promised=("plan", "photo"), at_us=MONDAY_US)
    fact = open_case(number, LICENCE_STEP, lock=False).status.promised
    assert set(fact) == {"plan"}  # the photo came with the application
    accept(number, at_us=MONDAY_US)
    inspect(number)
    refused(Conflict, DecideStep(number, LICENCE_STEP, granted=True), MARKET, "has to come first")
    refused(Refused, SupplyPromised(number, (uploaded("plan"),)), OTHER)
    refused(Conflict, SupplyPromised(number, (uploaded("photo"),)), PARENT, "no promise")
    done = do(SupplyPromised(number, (uploaded("plan"),)), PARENT, at_us=MONDAY_US + 3 * HOUR_US)
    assert types(done) == ["promised_supplied", "material_recorded"]
    do(DecideStep(number, LICENCE_STEP, granted=True), MARKET, at_us=MONDAY_US + DAY_US)


def test_the_sweep_records_a_missed_promise_once_at_its_day_and_nothing_is_granted(version: str) -> None:
    number = file(version, ("photo", "proof"), promised=("plan",), at_us=MONDAY_US)
    due = open_case(number, LICENCE_STEP, lock=False).status.promised["plan"].due_us
    accept(number, at_us=MONDAY_US + HOUR_US)
    inspect(number)
    sweep(due)
    assert not open_case(number, LICENCE_STEP, lock=False).status.promises_missed
    sweep(due + DAY_US)
    assert sweep(due + DAY_US) == 0
    work = open_case(number, LICENCE_STEP, lock=False)
    (fact,) = [fact for fact in work.status.facts if fact.kind == "promise_missed"]
    assert (fact.about, fact.at_us) == ("plan", due)
    refused(Conflict, DecideStep(number, LICENCE_STEP, granted=True), MARKET, "did not come", at_us=due + DAY_US)
    do(DecideStep(number, LICENCE_STEP, False, "conditions-not-met"), MARKET, at_us=due + DAY_US)


def test_a_promise_is_missed_also_after_the_grant_and_is_a_reason_to_revoke(version: str) -> None:
    number = file(version, ("plan", "proof"), promised=("photo",), at_us=MONDAY_US)
    accept(number, at_us=MONDAY_US)
    granted(number)
    sweep(MONDAY_US + 40 * DAY_US)
    assert open_case(number, LICENCE_STEP, lock=False).status.promises_missed == {"photo"}
    do(RevokeOutput(number, LICENCE_STEP, "promise-not-kept", "未补交照片"), HEAD, at_us=MONDAY_US + 41 * DAY_US)
    assert states(number)[LICENCE_STEP] == "revoked"


def test_a_commitment_stands_for_the_proof_until_it_is_found_broken(version: str) -> None:
    number = file(version, ("plan", "photo"), committed=("proof",), at_us=MONDAY_US)
    accept(number, at_us=MONDAY_US)
    inspect(number)
    refused(FormFaults, CheckCommitment(number, LICENCE_STEP, "proof", False, ""), MARKET)
    refused(Refused, CheckCommitment(number, LICENCE_STEP, "proof", False, "有欠费"), PARENT)
    refused(Conflict, CheckCommitment(number, LICENCE_STEP, "plan", False, "有欠费"), MARKET, "waits to be")
    done = do(CheckCommitment(number, LICENCE_STEP, "proof", False, "有欠费"), MARKET)
    assert types(done) == ["commitment_broken", "memo_kept"]
    refused(Conflict, DecideStep(number, LICENCE_STEP, granted=True), MARKET, "was not kept")


# --- parts, delivery, revoking --------------------------------------------------------------------------------------


def test_a_grant_in_part_says_what_was_refused_and_how_to_contest_it(case: str) -> None:
    inspect(case)
    in_part = DecideStep(case, LICENCE_STEP, granted=True, parts=("hot",))
    refused(BadInput, in_part, MARKET, "from the list")
    done = do(
        DecideStep(case, LICENCE_STEP, True, "conditions-not-met", "没有冷柜", ("hot",)), MARKET,
        at_us=MONDAY_US + DAY_US,
    )  # fmt: skip
    assert attributes(done, "step_granted")["parts_granted"] == ["hot"]
    assert (states(case)[LICENCE_STEP], states(case)[STAND_STEP]) == ("granted_in_part", "pending")
    said = content(Notice.objects.get(kind="grant"))
    assert [item.text.zh for item in said.items][1:] == ["准予：热食", "不予：生食", "不符合法定条件", "没有冷柜"]
    assert said.remedies


def test_a_full_grant_of_all_parts_names_no_remedies(case: str) -> None:
    inspect(case)
    do(DecideStep(case, LICENCE_STEP, True, parts=("hot", "raw")), MARKET, at_us=MONDAY_US + DAY_US)
    said = content(Notice.objects.get(kind="grant"))
    assert (states(case)[LICENCE_STEP], len(said.items), list(said.remedies)) == ("granted", 1, [])


def test_delivering_ends_the_limit_to_deliver(case: str) -> None:
    granted(case)
    assert step(case, LICENCE_STEP).due_us is not None
    refused(FormFaults, DeliverResult(case, LICENCE_STEP, "pigeon"), MARKET)
    refused(Refused, DeliverResult(case, LICENCE_STEP, "post"), FIRE_OFFICER)
    done = do(DeliverResult(case, LICENCE_STEP, "post"), MARKET, at_us=MONDAY_US + 2 * DAY_US)
    assert attributes(done, "result_delivered")["way"] == "post"
    assert step(case, LICENCE_STEP).due_us is None
    sweep(MONDAY_US + 60 * DAY_US)
    missed = Event.objects.filter(type="limit_missed", attributes__service=LICENCE_STEP)
    assert not [event for event in missed if event.attributes["limit"] == "deliver"]


def test_a_revoked_output_is_no_longer_valid_and_what_rests_on_it_is_told(case: str) -> None:
    granted(case)
    accept(case, STAND_STEP, at_us=MONDAY_US + 2 * DAY_US)
    revoke = RevokeOutput(case, LICENCE_STEP, "obtained-by-deceit", "材料虚假")
    for who in (MARKET, OTHER_HEAD, PARENT):
        refused(Refused, revoke, who)
    refused(FormFaults, RevokeOutput(case, LICENCE_STEP, "conditions-not-met", "材料虚假"), HEAD)
    refused(FormFaults, RevokeOutput(case, LICENCE_STEP, "obtained-by-deceit", ""), HEAD)
    done = do(revoke, HEAD, at_us=MONDAY_US + 3 * DAY_US)
    assert types(done) == ["step_revoked", "need_lost", "output_ended", "memo_kept", "notice_issued"]
    assert Output.objects.get(step__key=LICENCE_STEP).status == "revoked"
    said = content(Notice.objects.get(kind="revoke"))
    assert [item.text.zh for item in said.items] == ["以欺骗等不正当手段取得", "材料虚假"]
    assert said.remedies
    refused(Conflict, DecideStep(case, STAND_STEP, granted=True), URBAN, "no longer valid")


def test_revoking_after_the_end_changes_what_the_case_came_to(case: str) -> None:
    granted(case)
    do(DecideStep(case, FIRE_STEP, granted=True), FIRE_OFFICER, at_us=MONDAY_US + DAY_US)
    accept(case, STAND_STEP, at_us=MONDAY_US + 2 * DAY_US)
    do(DecideStep(case, STAND_STEP, granted=True), URBAN, at_us=MONDAY_US + 2 * DAY_US)
    closed = Case.objects.get(number=case)
    assert closed.phase == "completed"
    done = do(RevokeOutput(case, LICENCE_STEP, "obtained-by-deceit", "材料虚假"), HEAD, at_us=MONDAY_US + 3 * DAY_US)
    assert attributes(done, "case_outcome_changed")["outcome"] == "partial"
    again = Case.objects.get(number=case)
    assert (again.phase, again.closed_us) == ("partial", closed.closed_us)


def test_a_cancelled_output_ends_without_undoing_the_grant(case: str) -> None:
    granted(case)
    done = do(RevokeOutput(case, LICENCE_STEP, "no-longer-carried-on", "已停业"), HEAD, at_us=MONDAY_US + 3 * DAY_US)
    assert "output_cancelled" in types(done) and notices(case)[-1][0] == "cancel"
    assert Output.objects.get(step__key=LICENCE_STEP).status == "cancelled"
    assert (states(case)[LICENCE_STEP], states(case)[STAND_STEP]) == ("granted", "pending")


def test_a_pause_announces_how_long_it_lasts(case: str) -> None:
    for days in (-1, 4000):
        refused(FormFaults, PauseStep(case, LICENCE_STEP, "hearing", days), MARKET)
    do(PauseStep(case, LICENCE_STEP, "hearing", 7), MARKET, at_us=MONDAY_US + DAY_US)
    view = open_case(case, LICENCE_STEP, lock=False).limits(LICENCE_STEP, MONDAY_US + DAY_US).limit("decide")
    assert view and view.promised and view.promised.due is None and view.promised.projected is not None
    later = open_case(case, LICENCE_STEP, lock=False).limits(LICENCE_STEP, MONDAY_US + 2 * DAY_US).limit("decide")
    assert later and later.promised and later.promised.projected == view.promised.projected
