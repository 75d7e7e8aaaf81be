# SPDX-License-Identifier: Apache-2.0
"""The unit of work: a batch writes in sets what acts one by one would have written, and acts see what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acts import replaying
from acts.noting import Note
from people import DEPARTMENT, PARENT, key, officer, publish, submission, submit
from zhengtong.acts import tables
from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.models import PerformedAct, Serial
from zhengtong.acts.perform import Act, Action, On, Result, bulk, perform
from zhengtong.acts.work import Work, current
from zhengtong.errors import BadInput, Conflict, KeyReused, WrongUse
from zhengtong.ledger.models import Event, EventObject
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.casework import open_case
from zhengtong.services.models import Case, CaseForm, Notice, Step

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HISTORIES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 34), st.integers(0, 3)), min_size=1, max_size=25)


@dataclass(frozen=True)
class Doing(Action[On]):
    """Does whatever the test says, as an act."""

    verb: ClassVar[str] = "test.doing"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.ANY),)

    what: Callable[[Act], Result | None]

    def target(self, actor: Actor) -> On:
        return On(Subject("test"))

    def run(self, act: Act, target: On) -> Result:
        return self.what(act) or {}


def accept(case: str, step: str) -> AcceptStep:
    return AcceptStep(case, step)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices=HISTORIES, rows_at_once=st.sampled_from([3, 40, 5_000]))
def test_a_batch_leaves_the_same_rows_ids_and_hashes_as_acts_one_by_one(
    monkeypatch, choices: list[tuple[int, int, int]], rows_at_once: int
) -> None:
    version = publish()
    with replaying.undone(), replaying.same_chances(monkeypatch) as chances:
        acts = list(replaying.live(perform, chances, version, choices))
        one_by_one = replaying.everything()
        assert replaying.audit() == []
    monkeypatch.setattr("zhengtong.acts.work.EVENTS_AT_ONCE", rows_at_once)
    with replaying.undone(), replaying.same_chances(monkeypatch) as chances:
        with bulk() as batch:
            for one in acts:
                chances.turn(one.turn)
                assert batch.perform(one.action, one.actor, one.key, at_us=one.at_us) == one.done
        assert replaying.audit() == []
        assert replaying.everything() == one_by_one


def test_a_batch_reads_a_case_once_and_writes_each_table_once() -> None:
    version = publish()
    cases = [submit(version) for _ in range(3)]
    with CaptureQueriesContext(connection) as told, bulk() as batch:
        for case in cases:
            for step in ("birth-registration", "vaccination-record"):
                batch.perform(AcceptStep(case, step), officer(DEPARTMENT[step]), key())
                batch.perform(DecideStep(case, step, True), officer(DEPARTMENT[step]), key())
    reads = [q["sql"] for q in told if q["sql"].startswith("SELECT") and "FROM services_case " in q["sql"]]
    assert len(reads) == len(cases)
    written = [q["sql"] for q in told if "UPDATE services_step" in q["sql"]]
    assert len(written) == 1
    assert Step.objects.filter(state="granted").count() == 6


def test_what_an_act_wrote_is_found_by_any_statement_of_the_next() -> None:
    version = publish()
    with bulk() as batch:
        case = batch.perform(submission(version), PARENT, key()).result["case"]
        assert Case.objects.filter(number=case).exists()
        assert Step.objects.filter(case__number=case).count() == 4
        batch.perform(AcceptStep(case, "birth-registration"), officer("police"), key())
        assert Step.objects.get(case__number=case, key="birth-registration").state == "accepted"
        assert Event.objects.filter(type="step_accepted").count() == 1
        assert EventObject.objects.filter(object_id=case, event__type="step_accepted").exists()
        assert PerformedAct.objects.count() >= 2
        assert Serial.objects.filter(scope__startswith="notice/police").get().last == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM services_notice")
            assert cursor.fetchone()[0] == Notice.objects.count() == 2
    assert replaying.audit() == []


def test_a_row_written_through_another_instance_is_taken_up_by_the_next_act() -> None:
    """An action may load a row by itself; what the batch remembers of it must then not be used any more."""
    version = publish()

    def elsewhere(act: Act) -> None:
        step = Step.objects.get(case__number=case, key="birth-registration")
        step.reason_code = "seen"
        act.record("step_touched", step)

    with bulk() as batch:
        case = batch.perform(submission(version), PARENT, key()).result["case"]
        batch.perform(Doing(elsewhere), PARENT, key())
        batch.perform(AcceptStep(case, "birth-registration"), officer("police"), key())
    step = Step.objects.get(case__number=case, key="birth-registration")
    assert (step.reason_code, step.state, step.version) == ("seen", "accepted", 3)
    assert replaying.audit() == []


def test_a_statement_that_writes_a_remembered_table_makes_the_batch_read_again() -> None:
    version = publish()
    with bulk() as batch:
        case = batch.perform(submission(version), PARENT, key()).result["case"]
        assert open_case(case).case.demo is False
        Case.objects.filter(number=case).update(demo=True)
        assert open_case(case).case.demo is True
        made = Step.objects.create(case=Case.objects.get(), reference="x", key="x", department="cdc", state="waiting")
        batch.perform(submission(version), PARENT, key())
    assert Step.objects.count() == 9 and Step.objects.get(reference="x").pk == made.pk


def test_a_key_used_in_the_batch_or_before_it_is_replayed_and_another_body_refused() -> None:
    perform(Note(PARENT.id, "before"), PARENT, "before")
    with bulk() as batch:
        first = batch.perform(Note(PARENT.id, "in it"), PARENT, "in it")
        assert batch.perform(Note(PARENT.id, "in it"), PARENT, "in it").act == first.act
        assert batch.perform(Note(PARENT.id, "before"), PARENT, "before").replayed
    assert Event.objects.filter(type="noted").count() == 2
    for used in ("before", "in it"):
        with pytest.raises(KeyReused), bulk() as batch:
            batch.perform(Note(PARENT.id, "other"), PARENT, used)


def test_a_failure_that_the_caller_swallows_undoes_the_batch_all_the_same() -> None:
    version = publish()
    before = replaying.everything()
    with pytest.raises(WrongUse, match="whole batch"), bulk() as batch:
        batch.perform(submission(version), PARENT, key())
        with pytest.raises(BadInput):
            batch.perform(Note(PARENT.id, fails=True), PARENT, key())
        with pytest.raises(WrongUse, match="whole batch"):
            batch.perform(Note(PARENT.id), PARENT, key())
    assert replaying.everything() == before
    assert current() is None


def test_a_failed_attempt_undoes_itself_alone_and_the_batch_goes_on() -> None:
    version = publish()

    def spoil(act: Act) -> None:
        work = open_case(case)
        work.case.phase = "spoilt"
        act.record("case_spoilt", work.case)
        act.next_number("test/notes")
        raise BadInput("测试", "told to fail")

    with bulk() as batch:
        case = batch.perform(submission(version), PARENT, key()).result["case"]
        for attempt in range(2):
            with pytest.raises(BadInput, match="told to fail"):
                batch.attempt(Doing(spoil), PARENT, f"spoil-{attempt}")
        assert batch.attempt(Note(PARENT.id), PARENT, key()).result == {"number": 1}
        batch.perform(AcceptStep(case, "birth-registration"), officer("police"), key())
    assert Case.objects.get().phase == "open"
    assert not Event.objects.filter(type="case_spoilt").exists()
    assert not PerformedAct.objects.filter(key__startswith="spoil").exists()
    assert replaying.audit() == []


def test_what_only_the_database_refuses_is_the_attempts_own_failure() -> None:
    def twice(act: Act) -> None:
        case = Case.objects.get()
        copy = Case(number=case.number, life_event="x", definition="x", applicant="x", channel="x", submitted_us=1)
        act.record("case_copied", copy)

    submit(publish())
    with bulk() as batch:
        with pytest.raises(IntegrityError):
            batch.attempt(Doing(twice), PARENT, key())
        batch.attempt(Note(PARENT.id), PARENT, key())
    assert Case.objects.count() == 1 and Event.objects.filter(type="noted").count() == 1


def test_a_trial_run_keeps_nothing() -> None:
    version = publish()
    before = replaying.everything()
    with bulk() as batch:
        batch.perform(submission(version), PARENT, key())
        transaction.set_rollback(True)
    assert replaying.everything() == before


def test_numbers_of_a_batch_follow_on_without_gaps() -> None:
    perform(Note(PARENT.id), PARENT, key())
    with bulk() as batch:
        given_out = [batch.perform(Note(PARENT.id), PARENT, key()).result["number"] for _ in range(5)]
        list(Serial.objects.all())  # makes the batch write in between
        given_out.append(batch.perform(Note(PARENT.id), PARENT, key()).result["number"])
    assert given_out == [2, 3, 4, 5, 6, 7]
    assert perform(Note(PARENT.id), PARENT, key()).result == {"number": 8}


def test_a_row_that_another_changed_since_it_was_read_undoes_the_batch() -> None:
    case = submit(publish())
    stale = Step.objects.get(case__number=case, key="vaccination-record")
    perform(AcceptStep(case, "vaccination-record"), officer("cdc"), key())

    def overwrite(act: Act) -> None:
        act.record("step_touched", stale)

    with pytest.raises(Conflict, match="someone else"), bulk() as batch:
        batch.perform(Note(PARENT.id), PARENT, key())
        batch.perform(Doing(overwrite), PARENT, key())
    assert not Event.objects.filter(type__in=["noted", "step_touched"]).exists()


def test_a_key_that_another_transaction_took_meanwhile_undoes_the_batch() -> None:
    work = Work(many=True)
    with pytest.raises(Conflict, match="elsewhere"), transaction.atomic(), work.open():
        perform_in(work, Note(PARENT.id), "same")
        with work._own(), connection.cursor() as cursor:  # as if another connection had committed it
            cursor.execute(
                "INSERT INTO acts_performedact (actor, verb, key, act, salt, body_hash, performed_us) "
                "VALUES (%s, 'test.note', 'same', 'x', '', '', 1)", [PARENT.id],
            )  # fmt: skip


def perform_in(work: Work, action: Action[On], once: str) -> None:
    from zhengtong.acts.perform import _once

    _once(work, action, PARENT, once, None)


@pytest.mark.parametrize("model", [Case, CaseForm, Step, Notice])
def test_rows_read_and_written_in_sets_are_the_rows_of_the_orm(model: type[Case]) -> None:
    submit(publish())
    by_orm = list(model.objects.order_by("pk"))
    assert by_orm
    for row in by_orm:
        (found,) = tables.fetch(model, "id", row.pk)
        names = [field.attname for field in model._meta.concrete_fields]
        assert [getattr(found, name) for name in names] == [getattr(row, name) for name in names]
        assert found._state.adding is False and found._state.db == "default"
    changed = {row.pk: (row, row.version) for row in by_orm}
    assert tables.change(model, changed, frozenset({"salt"})) == len(by_orm)
    assert list(model.objects.order_by("pk").values()) == [
        {name: getattr(row, name) for name in names} for row in by_orm
    ]
    assert tables.change(model, {pk: (row, 99) for pk, (row, _) in changed.items()}, frozenset()) == 0


def test_reserved_keys_are_nobody_elses() -> None:
    version = publish()
    with bulk() as batch:
        cases = [batch.perform(submission(version), PARENT, key()).result["case"] for _ in range(3)]
    cases.append(submit(version))
    taken = list(Case.objects.order_by("pk").values_list("number", flat=True))
    assert taken == cases
    assert len(set(Step.objects.values_list("pk", flat=True))) == 16


def test_a_long_batch_reserves_again_and_forgets_what_it_has_no_room_for(monkeypatch) -> None:
    monkeypatch.setattr("zhengtong.acts.work.REMEMBERED", 12)
    monkeypatch.setattr("zhengtong.acts.work.KEYS_AT_ONCE", 3)
    version = publish()
    with bulk() as batch:
        cases = [batch.perform(submission(version), PARENT, key()).result["case"] for _ in range(4)]
        for case in cases:
            batch.perform(AcceptStep(case, "birth-registration"), officer("police"), key())
    assert Step.objects.filter(state="accepted").count() == len(set(cases)) == 4
    assert replaying.audit() == []
