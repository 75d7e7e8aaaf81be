# SPDX-License-Identifier: Apache-2.0
"""`perform`: once per key, all or nothing, and what fails leaves the key unused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acts.noting import Note
from people import ANSWERS, FORM, OTHER, PARENT, key, officer, publish, submission, submit
from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.acts.models import OutboxMessage, PerformedAct, Serial
from zhengtong.acts.perform import Act, bulk, perform
from zhengtong.acts.work import Work
from zhengtong.errors import BadInput, Conflict, FormFaults, KeyReused, NotFound, Refused
from zhengtong.ledger.models import Event
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case, Step

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def everything() -> dict[str, list[object]]:
    """What a transaction could have left behind."""
    return {
        "events": list(Event.objects.order_by("id").values_list("id", "act")),
        "acts": list(PerformedAct.objects.order_by("id").values_list("key", "act")),
        "outbox": list(OutboxMessage.objects.order_by("id").values_list("topic", "act")),
        "serials": list(Serial.objects.order_by("scope").values_list("scope", "last")),
    }


def test_a_replay_returns_the_first_result_and_writes_nothing() -> None:
    once = key()
    first = perform(Note(PARENT.id), PARENT, once)
    before = everything()
    again = perform(Note(PARENT.id), PARENT, once)
    assert (again.act, again.result, again.replayed) == (first.act, {"number": 1}, True)
    assert not first.replayed
    assert everything() == before


def test_another_body_under_the_key_does_nothing_and_says_what_was_done() -> None:
    once = key()
    perform(Note(PARENT.id, "one"), PARENT, once)
    before = everything()
    with pytest.raises(KeyReused) as told:
        perform(Note(PARENT.id, "two"), PARENT, once)
    assert (told.value.key, told.value.result, told.value.http) == (once, {"number": 1}, 409)
    assert everything() == before


def test_a_key_belongs_to_its_actor_and_its_verb() -> None:
    once = key()
    version = publish()
    assert not perform(Note(PARENT.id), PARENT, once).replayed
    assert not perform(Note(OTHER.id), OTHER, once).replayed
    assert not perform(submission(version), PARENT, once).replayed


@pytest.mark.parametrize("bad", ["", "k" * 101])
def test_without_a_proper_key_nothing_is_done(bad: str) -> None:
    with pytest.raises(BadInput, match="key"):
        perform(Note(PARENT.id), PARENT, bad)
    assert not any(everything().values())


def test_a_failure_consumes_neither_key_nor_number_and_leaves_no_trace() -> None:
    once = key()
    perform(Note(PARENT.id), PARENT, key())
    before = everything()
    with pytest.raises(BadInput, match="told to fail"):
        perform(Note(PARENT.id, fails=True), PARENT, once)
    assert everything() == before
    assert perform(Note(PARENT.id), PARENT, once).result == {"number": 2}


def test_a_form_with_faults_consumes_nothing_and_its_key_serves_the_corrected_one() -> None:
    version, once = publish(), key()
    before = everything()
    with pytest.raises(FormFaults) as faults:
        perform(submission(version, raw={**FORM, "mother_id": "999900199003121000", "child_name": ""}), PARENT, once)
    assert set(faults.value.fields) == {"mother_id", "child_name"}
    assert everything() == before and not Case.objects.exists()
    assert not perform(submission(version), PARENT, once).replayed


@pytest.mark.parametrize("who", [OTHER, officer("cdc"), officer("police"), SYSTEM, Actor(""), Actor("9" * 32)])
def test_who_may_not_consumes_nothing(who: Actor) -> None:
    case, once = submit(publish()), key()
    before = everything()
    with pytest.raises(Refused) as refused:
        perform(WithdrawCase(case), who, once)
    assert refused.value.where == "case.withdraw"
    assert everything() == before
    assert perform(WithdrawCase(case), PARENT, once).result == {"case": case}


def test_what_the_state_does_not_allow_or_what_is_not_there_consumes_nothing() -> None:
    case, once = submit(publish()), key()
    before = everything()
    for wrong, error in [
        (AcceptStep(case, "resident-insurance"), Conflict),
        (AcceptStep(case, "no-such-step"), NotFound),
        (AcceptStep("M26-999999", "birth-registration"), NotFound),
    ]:
        with pytest.raises(error):
            perform(wrong, officer("insurance"), once)
    assert everything() == before


def test_all_events_of_an_act_carry_its_id_its_actor_and_its_department() -> None:
    case = submit(publish())
    done = perform(AcceptStep(case, "birth-registration"), officer("police"), key(), at_us=1_790_000_000_000_000)
    events = Event.objects.filter(act=done.act)
    assert {event.type for event in events} == {"step_accepted", "notice_issued"}
    for event in events:
        assert (event.actor, event.department) == (officer("police").id, "police")
        assert event.time_us == max(1_790_000_000_000_000, Case.objects.get().submitted_us)
        assert event.recorded_us == PerformedAct.objects.get(act=done.act).performed_us
    assert OutboxMessage.objects.filter(act=done.act, topic="services.sign_notice").count() == 1


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(fails=st.lists(st.booleans(), max_size=12))
def test_numbers_have_no_gaps_whatever_fails_between(fails: list[bool]) -> None:
    began = Serial.objects.filter(scope="test/notes").values_list("last", flat=True).first() or 0
    given_out = []
    for fail in fails:
        try:
            given_out.append(perform(Note(PARENT.id, fails=fail), PARENT, key()).result["number"])
        except BadInput:
            assert fail
    assert given_out == list(range(began + 1, began + 1 + fails.count(False)))


def test_a_row_that_changed_since_it_was_read_is_not_overwritten() -> None:
    case = submit(publish())
    stale = Step.objects.get(case__number=case, key="birth-registration")
    perform(AcceptStep(case, "birth-registration"), officer("police"), key())
    stale.state = "refused"
    with pytest.raises(Conflict, match="someone else"), transaction.atomic(), Work().open() as work:
        Act("0" * 32, SYSTEM, 1, "", work).record("step_refused", stale)
    assert Step.objects.get(pk=stale.pk).state == "accepted"


def test_bulk_does_many_acts_or_none() -> None:
    with bulk() as batch:
        done = [batch.perform(Note(PARENT.id, str(place)), PARENT, f"bulk-{place}") for place in range(3)]
        assert batch.perform(Note(PARENT.id, "0"), PARENT, "bulk-0") == replace(done[0], replayed=True)
    assert len({one.act for one in done}) == Event.objects.values("act").distinct().count() == 3
    before = everything()
    with pytest.raises(BadInput), bulk() as batch:
        batch.perform(Note(PARENT.id), PARENT, key())
        batch.perform(Note(PARENT.id, fails=True), PARENT, key())
    assert everything() == before


def test_the_record_of_a_key_does_not_tell_what_the_form_held() -> None:
    """The same body twice gives two hashes: nobody can try names until one fits."""
    perform(Note(PARENT.id, "林晓梅"), PARENT, "a")
    perform(Note(PARENT.id, "林晓梅"), PARENT, "b")
    one, two = PerformedAct.objects.order_by("key")
    assert one.body_hash != two.body_hash and one.salt != two.salt
    assert "林晓梅" not in str([list(PerformedAct.objects.values()), list(Event.objects.values())])


@pytest.mark.parametrize(
    "changed",
    [
        {"answers": {**ANSWERS, "parents": "unmarried"}},
        {"raw": {**FORM, "child_name": "林知秋"}},
        {"materials": ()},
        {"origins": {"contact_mobile": "account"}},
    ],
)
def test_every_part_of_a_form_belongs_to_its_body(changed: dict[str, object]) -> None:
    version, once = publish(), key()
    perform(submission(version), PARENT, once)
    with pytest.raises(KeyReused):
        perform(submission(version, **changed), PARENT, once)


def test_roles_of_a_replay_do_not_matter_but_the_person_does() -> None:
    """A promotion between two sendings of one form must not do it twice."""
    once = key()
    first = perform(Note(PARENT.id), PARENT, once)
    promoted = Actor(PARENT.id, frozenset({Role("clerk", "service-hall"), Role("resident")}))
    assert perform(Note(PARENT.id), promoted, once).act == first.act
