# SPDX-License-Identifier: Apache-2.0
"""Every action of a case: what it writes, who may do it, and in which states it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from people import (
    CLERK,
    FORM,
    MATERIALS,
    PARENT,
    do,
    grant,
    publish,
    submission,
    submit,
    uploaded,
)
from services.record import (
    BIRTH,
    BRING,
    CARD,
    CDC,
    DAY_US,
    INSURANCE,
    MONDAY_US,
    POLICE,
    VACCINATION,
    attributes,
    events,
    notices,
    reach_card,
    states,
    step,
    types,
    written,
)
from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.perform import Action
from zhengtong.errors import BadInput
from zhengtong.ledger.models import Event
from zhengtong.organization.models import Account
from zhengtong.organization.persons import Person
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case, Output

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HER = Person("林晓梅", "999900199003121009", "13800001000")


@pytest.fixture
def case() -> str:
    return submit(publish(), at_us=MONDAY_US)


# --- what each one writes -----------------------------------------------------------------------------------------


def test_submitting_files_form_materials_and_steps_and_receives_what_waits_for_nothing() -> None:
    version = publish()
    done = do(submission(version), PARENT, at_us=MONDAY_US)
    number = done.result["case"]
    case = Case.objects.get(number=number)
    assert types(done) == [
        "case_submitted", "form_recorded", "material_recorded", "material_recorded", "step_planned", "step_planned",
        "step_received", "step_received", "notice_issued",
    ]  # fmt: skip
    assert attributes(done, "case_submitted") == {
        "life_event": "newborn",
        "definition": version,
        "channel": "portal",
        "fields_typed": len(FORM),
        "fields_reused": 0,
        "materials_uploaded": len(MATERIALS),
        "visits": 0,
    }
    planned = {objects[-1] for type, objects, _ in events(done) if type == "step_planned"}
    assert planned == {f"step:{number}.{INSURANCE}*", f"step:{number}.{CARD}*"}
    received = {about["service"] for type, _, about in events(done) if type == "step_received"}
    assert received == {BIRTH, VACCINATION}
    assert all(f"case:{number}" in [o.rstrip("*") for o in objects] for _, objects, _ in events(done))
    assert (case.phase, case.applicant, case.taken_by, case.channel) == ("open", PARENT.id, "", "portal")
    assert case.form.values == FORM | {"birth_date": "2026-01-09"}
    assert notices(number) == [("intake", "", "health")]


def test_what_is_reused_or_fetched_is_counted_apart_from_what_is_typed() -> None:
    done = do(submission(publish(), origins={"mother_name": "account", "mother_id": "account"}), PARENT)
    about = attributes(done, "case_submitted")
    assert (about["fields_typed"], about["fields_reused"]) == (len(FORM) - 2, 2)
    assert Case.objects.get(number=done.result["case"]).form.origins["mother_id"] == "account"


def test_at_the_counter_the_case_is_the_persons_and_counts_one_visit() -> None:
    done = do(submission(publish(), on_behalf_of=HER), CLERK)
    case = Case.objects.get(number=done.result["case"])
    account = Account.objects.get(identity_number=HER.identity_number)
    assert (case.applicant, case.taken_by, case.channel) == (account.pseudonym, CLERK.id, "counter")
    assert attributes(done, "case_submitted")["visits"] == 1
    again = do(submission(publish(), on_behalf_of=HER), CLERK)
    assert Case.objects.get(number=again.result["case"]).applicant == account.pseudonym, "the same person twice"
    assert not account.has_usable_password()


def test_a_material_that_is_not_asked_for_is_not_kept() -> None:
    extra = (*(uploaded(name) for name in MATERIALS), uploaded("parentage-statement"), uploaded("passport"))
    number = submit(publish(), materials=extra)
    kept = Case.objects.get(number=number).materials.values_list("key", flat=True)
    assert sorted(kept) == sorted(MATERIALS)


def test_accepting_starts_the_clock_and_issues_a_notice(case: str) -> None:
    done = do(AcceptStep(case, BIRTH), POLICE, at_us=MONDAY_US + DAY_US)
    assert types(done) == ["step_accepted", "notice_issued"]
    assert events(done)[0][1] == [f"case:{case}", f"step:{case}.{BIRTH}*"]
    row = step(case, BIRTH)
    assert row.state == "accepted"
    assert row.facts[-1] == {"kind": "accepted", "at_us": MONDAY_US + DAY_US}
    assert row.due_us is not None
    assert row.due_us > MONDAY_US + 5 * DAY_US
    assert notices(case)[-1] == ("accept", BIRTH, "police")


def test_granting_issues_the_output_and_begins_what_waited_for_it(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE, at_us=MONDAY_US)
    done = do(DecideStep(case, BIRTH, granted=True), POLICE, at_us=MONDAY_US + DAY_US)
    assert types(done) == ["step_granted", "step_received", "step_received", "output_issued", "notice_issued"]
    about = attributes(done, "step_granted")
    assert about["service"] == BIRTH
    assert about["used_days"] == 1
    assert MONDAY_US + DAY_US < about["promised_due_us"] < about["statutory_due_us"]
    output = Output.objects.get(step__case__number=case)
    assert (output.key, output.number, output.status) == (
        "household-register",
        "household-register-2026-000001",
        "valid",
    )
    assert step(case, BIRTH).decided_by == POLICE.id
    assert states(case)[INSURANCE] == states(case)[CARD] == "pending"
    pushed = OutboxMessage.objects.filter(topic="services.push").values_list("payload", flat=True)
    assert list(pushed) == [{"case": case, "step": CARD}], "the external step is handed over, once"
    assert notices(case)[-1] == ("grant", BIRTH, "police")


def test_refusing_drops_what_waited_and_closes_a_case_when_nothing_is_left(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE)
    done = do(DecideStep(case, BIRTH, False, "identity-differs", "身份证号不一致"), POLICE)
    assert types(done) == ["step_refused", "step_dropped", "step_dropped", "notice_issued"]
    assert attributes(done, "step_refused")["reason"] == "identity-differs"
    assert step(case, BIRTH).reason_code == "identity-differs"
    assert not Output.objects.exists()
    do(AcceptStep(case, VACCINATION), CDC)
    closing = do(DecideStep(case, VACCINATION, granted=True), CDC)
    assert types(closing) == ["step_granted", "output_issued", "notice_issued", "case_closed"] or types(closing) == [
        "step_granted", "case_closed", "output_issued", "notice_issued",
    ]  # fmt: skip
    assert attributes(closing, "case_closed") == {"life_event": "newborn", "outcome": "partial"}
    closed = Case.objects.get(number=case)
    assert closed.phase == "partial"
    assert closed.closed_us is not None


def test_not_accepting_names_a_listed_reason(case: str) -> None:
    done = do(NotAcceptStep(case, BIRTH, "not-this-authority", "请向出生地办理"), POLICE)
    assert attributes(done, "step_not_accepted")["reason"] == "not-this-authority"
    assert notices(case)[-1] == ("not_accept", BIRTH, "police")
    assert states(case)[INSURANCE] == "dropped"


def test_withdrawing_keeps_what_is_decided(case: str) -> None:
    grant(case, VACCINATION)
    done = do(WithdrawCase(case), PARENT)
    assert set(states(case).items()) == {
        (BIRTH, "withdrawn"), (VACCINATION, "granted"), (INSURANCE, "withdrawn"), (CARD, "withdrawn"),
    }  # fmt: skip
    assert attributes(done, "case_closed")["outcome"] == "withdrawn"
    assert Output.objects.get(step__case__number=case).status == "valid"


def test_an_external_answer_is_the_systems_own_and_its_number_is_kept(case: str) -> None:
    reach_card(case, accepted=False)
    accepted = do(RecordExternalAcceptance(case, CARD), SYSTEM)
    assert types(accepted) == ["step_accepted"]
    done = do(RecordExternalDecision(case, CARD, True, "CARD-77"), SYSTEM)
    assert attributes(done, "step_granted")["system"] == "card-system"
    assert Output.objects.get(step__key=CARD).issuer_number == "CARD-77"
    assert notices(case)[-1] == ("grant", CARD, "hr")
    assert set(Event.objects.filter(act=done.act).values_list("department", flat=True)) == {"hr"}


def test_an_external_refusal_issues_nothing(case: str) -> None:
    reach_card(case)
    done = do(RecordExternalDecision(case, CARD, False, reason="photo_not_usable"), SYSTEM)
    assert attributes(done, "step_refused")["reason"] == "photo_not_usable"
    assert not Output.objects.filter(step__key=CARD).exists()
    assert notices(case)[-1] == ("refuse", CARD, "hr")


def test_an_officer_of_two_departments_acts_for_the_one_the_step_belongs_to(case: str) -> None:
    both = Actor("b" * 32, frozenset({Role("officer", "police"), Role("officer", "cdc")}))
    done = do(AcceptStep(case, BIRTH), both)
    assert set(Event.objects.filter(act=done.act).values_list("department", flat=True)) == {"police"}


# --- reasons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "listed"),
    [
        (lambda c, r: DecideStep(c, BIRTH, False, r), "conditions-not-met, identity-differs"),
        (lambda c, r: NotAcceptStep(c, BIRTH, r), "not-this-authority, not-needed"),
        (lambda c, r: PauseStep(c, BIRTH, r), "hearing, inspection, expert-review"),
    ],
)
@pytest.mark.parametrize("wrong", ["", "because", "OTHER_USE"])
def test_a_reason_is_one_of_those_listed_for_its_use(
    build: Callable[[str, str], Action[Any]], listed: str, wrong: str, case: str
) -> None:
    if wrong == "OTHER_USE":
        wrong = "conditions-not-met" if "hearing" in listed else "hearing"
    before = written()
    with pytest.raises(BadInput) as error:
        do(build(case, wrong), POLICE)
    # the first ones of the list: a city adds its own
    assert str(error.value.expected).startswith(listed)
    assert (error.value.zh, error.value.en) == ("请从目录中选择理由", "choose a reason from the list")
    assert written() == before


def test_a_grant_takes_no_reason_for_refusal(case: str) -> None:
    BRING["accepted"](case)
    with pytest.raises(BadInput):
        do(DecideStep(case, BIRTH, True, "conditions-not-met"), POLICE)
    assert states(case)[BIRTH] == "accepted"
