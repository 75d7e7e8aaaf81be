# SPDX-License-Identifier: Apache-2.0
"""Who may do what to a case, in which states, and that each act is done once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from people import CLERK, DEPARTMENT, FORM, OTHER, PARENT, do, key, officer, publish, submission, submit
from services.record import (
    BIRTH,
    BRING,
    CARD,
    CDC,
    INSURANCE,
    MONDAY_US,
    POLICE,
    VACCINATION,
    attributes,
    reach_card,
    states,
    step,
    types,
    written,
)
from zhengtong.acts.actor import NOBODY, SYSTEM, Actor, Role
from zhengtong.acts.perform import Action, perform
from zhengtong.errors import Conflict, KeyReused, NotFound, Refused
from zhengtong.organization.models import Account
from zhengtong.organization.persons import Person
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.publish_life_event import PublishLifeEvent
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.record_lapse import RecordDeemedAcceptance, RecordLapse
from zhengtong.services.actions.resume_step import ResumeStep
from zhengtong.services.actions.seal_notice import SealNotice
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case, Notice

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HER = Person("林晓梅", "999900199003121009", "13800001000")


@pytest.fixture
def case() -> str:
    return submit(publish(), at_us=MONDAY_US)


# --- who ----------------------------------------------------------------------------------------------------------

TAKER = Actor("e" * 32, frozenset({Role("resident"), Role("clerk", "service-hall")}))
OFFICE = Actor("6" * 32, frozenset({Role("resident"), Role("government_office", "office")}))
LEADER = Actor("7" * 32, frozenset({Role("resident"), Role("leader")}))
BUREAU = Actor("8" * 32, frozenset({Role("resident"), Role("data_bureau", "data")}))
AUDITOR = Actor("9" * 32, frozenset({Role("resident"), Role("auditor")}))
EVERYBODY = {
    "owner": PARENT, "other": OTHER, "taker": TAKER, "clerk": CLERK, "police": POLICE, "cdc": CDC, "system": SYSTEM,
    "office": OFFICE, "leader": LEADER, "bureau": BUREAU, "auditor": AUDITOR, "nobody": NOBODY,
}  # fmt: skip

# Each action, the state it starts from, and who of EVERYBODY may do it.
MAY: dict[str, tuple[str, Callable[[str], Action[Any]], set[str]]] = {
    "accept": ("pending", lambda c: AcceptStep(c, BIRTH), {"police"}),
    "not accept": ("pending", lambda c: NotAcceptStep(c, BIRTH, "not-needed"), {"police"}),
    "ask": ("pending", lambda c: AskCorrection(c, BIRTH, ("child_name",), "请核对"), {"police"}),
    "decide": ("accepted", lambda c: DecideStep(c, BIRTH, True), {"police"}),
    "pause": ("accepted", lambda c: PauseStep(c, BIRTH, "hearing"), {"police"}),
    "resume": ("paused", lambda c: ResumeStep(c, BIRTH), {"police"}),
    "supply": ("correcting", lambda c: SupplyCorrection(c, {"child_name": "林知远"}), {"owner", "taker"}),
    "withdraw": ("pending", WithdrawCase, {"owner"}),
    "lapse": ("pending", lambda c: RecordLapse(c, BIRTH, "accept", "statutory", MONDAY_US), {"system"}),
    "deemed": ("pending", lambda c: RecordDeemedAcceptance(c, BIRTH), {"system"}),
    "external accept": ("granted", lambda c: RecordExternalAcceptance(c, CARD), {"system"}),
    "seal": ("pending", lambda c: SealNotice(Notice.objects.filter(case__number=c)[0].reference, "0" * 64), {"system"}),
    "publish": ("pending", lambda c: PublishLifeEvent("newborn"), {"system", "bureau"}),
}


@pytest.mark.parametrize("name", MAY)
def test_only_the_right_people_may(name: str, case: str) -> None:
    """The owner is the applicant; `taker` the clerk who took the case in, any other clerk is a stranger."""
    state, build, may = MAY[name]
    Case.objects.filter(number=case).update(taken_by=TAKER.id)
    BRING[state](case)
    before = written()
    for who in sorted(set(EVERYBODY) - may):
        with pytest.raises(Refused):
            do(build(case), EVERYBODY[who])
        assert written() == before, f"{who} left a trace"
    for who in sorted(may):
        with transaction.atomic() as _:
            inner = transaction.get_connection().atomic_blocks[-1]
            inner._from_testcase = True  # what `perform` takes for the test's own transaction
            do(build(case), EVERYBODY[who])
            assert written() > before
            transaction.set_rollback(True)


def test_a_clerk_files_for_others_and_a_resident_only_for_himself() -> None:
    version = publish()
    for who in (OTHER, POLICE, OFFICE, SYSTEM, NOBODY):
        with pytest.raises(Refused):
            do(submission(version, on_behalf_of=HER), who)
    with pytest.raises(Refused):
        do(submission(version), NOBODY)
    assert not Account.objects.filter(identity_number=HER.identity_number).exists(), "a refused act enters nobody"
    own = do(submission(version), CLERK)
    assert Case.objects.get(number=own.result["case"]).applicant == CLERK.id


# --- out of turn --------------------------------------------------------------------------------------------------

STEP_ACTIONS: dict[str, Callable[[str, str], Action[Any]]] = {
    "accept": AcceptStep,
    "not accept": lambda c, s: NotAcceptStep(c, s, "not-needed"),
    "ask": lambda c, s: AskCorrection(c, s, ("child_name",), "请核对"),
    "grant": lambda c, s: DecideStep(c, s, True),
    "refuse": lambda c, s: DecideStep(c, s, False, "conditions-not-met"),
    "pause": lambda c, s: PauseStep(c, s, "hearing"),
    "resume": ResumeStep,
}
POSSIBLE = {
    "pending": {"accept", "not accept", "ask"},
    "accepted": {"grant", "refuse", "pause"},
    "paused": {"resume"},
}


@pytest.mark.parametrize("state", BRING)
def test_what_the_state_does_not_allow_is_refused_and_leaves_nothing(state: str, case: str) -> None:
    BRING[state](case)
    before, row = written(), step(case, BIRTH)
    for name in sorted(set(STEP_ACTIONS) - POSSIBLE.get(state, set())):
        with pytest.raises(Conflict) as error:
            do(STEP_ACTIONS[name](case, BIRTH), POLICE)
        assert error.value.zh
        assert error.value.en
        assert written() == before, f"{name} on {state} left a trace"
    assert (step(case, BIRTH).version, step(case, BIRTH).digest) == (row.version, row.digest)


def test_a_step_that_waits_takes_no_act_yet(case: str) -> None:
    insurance = officer("insurance")
    for name, build in STEP_ACTIONS.items():
        with pytest.raises(Conflict):
            do(build(case, INSURANCE), insurance)
        assert states(case)[INSURANCE] == "waiting", name


def test_an_external_step_is_decided_by_its_system_and_no_other_by_a_system(case: str) -> None:
    with pytest.raises(Conflict):
        do(RecordExternalAcceptance(case, BIRTH), SYSTEM)
    reach_card(case)
    hr = officer(DEPARTMENT[CARD])
    with pytest.raises(Conflict) as error:
        do(DecideStep(case, CARD, True), hr)
    assert error.value.expected == "card-system"
    do(RecordExternalDecision(case, CARD, True, "C-1"), SYSTEM)
    with pytest.raises(Conflict):
        do(RecordExternalDecision(case, CARD, False, reason="x"), SYSTEM)


def test_what_is_not_there_is_named(case: str) -> None:
    for action in (AcceptStep(case, "no-such-step"), AcceptStep("M26-999999", BIRTH), WithdrawCase("M26-999999")):
        with pytest.raises(NotFound):
            do(action, POLICE)
    with pytest.raises(NotFound):
        do(submission("f" * 64), PARENT)
    with pytest.raises(NotFound):
        do(SealNotice("0" * 32, "0" * 64), SYSTEM)


# --- once ---------------------------------------------------------------------------------------------------------


def test_the_same_key_does_it_once_and_another_body_is_told_apart(case: str) -> None:
    once = key()
    first = perform(AcceptStep(case, BIRTH), POLICE, once)
    before = written()
    again = perform(AcceptStep(case, BIRTH), POLICE, once)
    assert (again.act, again.result, again.replayed) == (first.act, first.result, True)
    with pytest.raises(KeyReused) as error:
        perform(AcceptStep(case, VACCINATION), POLICE, once)
    assert error.value.result == first.result
    assert written() == before


def test_a_submission_sent_twice_is_one_case() -> None:
    version, once = publish(), key()
    first = perform(submission(version), PARENT, once)
    again = perform(submission(version), PARENT, once)
    assert again.replayed
    assert again.result == first.result
    assert Case.objects.count() == 1
    with pytest.raises(KeyReused):
        perform(submission(version, raw={**FORM, "child_name": "林知远"}), PARENT, once)


def test_a_refused_act_uses_no_key_up(case: str) -> None:
    once = key()
    with pytest.raises(Conflict):
        perform(DecideStep(case, BIRTH, True), POLICE, once)
    do(AcceptStep(case, BIRTH), POLICE)
    assert not perform(DecideStep(case, BIRTH, True), POLICE, once).replayed


def test_sealing_a_notice_twice_keeps_the_first_file(case: str) -> None:
    notice = Notice.objects.get(case__number=case, kind="intake")
    done = do(SealNotice(notice.reference, "a" * 64), SYSTEM)
    assert attributes(done, "notice_sealed") == {"sha256": "a" * 64}
    again = do(SealNotice(notice.reference, "b" * 64), SYSTEM)
    assert types(again) == []
    assert again.result["sha256"] == "a" * 64
