# SPDX-License-Identifier: Apache-2.0
"""After any walk of real acts the audit is clean; one field changed behind the back, and it names the row."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, models, transaction

from people import DEPARTMENT, FORM, PARENT, do, grant, officer, publish, submit, uploaded
from services.record import BRING, CARD, MONDAY_US, POLICE, VACCINATION, reach_card
from zhengtong import ledger
from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.errors import Conflict
from zhengtong.ledger.audit import audit
from zhengtong.ledger.findings import Finding
from zhengtong.ledger.models import Event, RecordedRow
from zhengtong.organization.actions.give_feedback import GiveFeedback
from zhengtong.organization.actions.open_task import OpenTask
from zhengtong.organization.actions.propose_task import ProposeTask
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_external_answer import RecordExternalDecision
from zhengtong.services.actions.resume_step import ResumeStep
from zhengtong.services.actions.seal_notice import SealNotice
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case, Notice, Output, PublishedVersion, Step

pytestmark = [pytest.mark.django_db, pytest.mark.database]
OFFICE = Actor("6" * 32, frozenset({Role("government_office", "office")}))
LEADER = Actor("7" * 32, frozenset({Role("leader")}))


def findings() -> list[Finding]:
    return audit(ledger.log()).findings


def sealed() -> list[Finding]:
    ledger.log().seal(now_us=MONDAY_US)
    return findings()


@pytest.fixture
def busy(state: Path) -> str:
    """A case in which every table of services and organization has a row, besides a second case and task."""
    version = publish()
    submit(version, at_us=MONDAY_US)
    number = submit(version, at_us=MONDAY_US)
    do(AskCorrection(number, VACCINATION, ("child_name",), "请核对姓名"), officer("cdc"))
    do(SupplyCorrection(number, {**FORM, "child_name": "林知远"}), PARENT)
    reach_card(number)
    do(RecordExternalDecision(number, CARD, True, "CARD-1"), SYSTEM)
    do(SealNotice(Notice.objects.filter(case__number=number)[0].reference, "0" * 64), SYSTEM)
    for matter in ("m-1", "m-2"):
        task = do(ProposeTask("提速", "五日办结", "police", matter), LEADER).result["task"]
        do(OpenTask(task, "police", "normal"), OFFICE)
        do(GiveFeedback(task, "已加派人手"), POLICE)
    assert sealed() == []
    return number


def _other(row: RecordedRow, field: models.Field[Any, Any]) -> Any:
    """Another value that the column would take."""
    value = getattr(row, field.attname)
    if isinstance(field, models.ForeignKey):
        return 10**9  # no such row: the constraint would only speak at the commit, which never comes
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.IntegerField):
        return (value or 0) + 1
    if isinstance(field, models.JSONField):
        return '{"changed": true}'
    taken = str(value)
    return ("x" if taken[:1] != "x" else "y") + taken[1:]


TABLES = [
    (model, field)
    for model in RecordedRow.audited()
    if model._meta.app_label in {"services", "organization"}
    for field in model._meta.concrete_fields
    if not field.primary_key and field.attname not in {"salt", "version", "event_id", "digest"}
]
HERE = {"case", "correction", "form", "material", "notice", "output", "step", "task", "task_feedback", "version"}
"""Tables with rows in `busy`; the others are changed in their own tests."""


def test_every_table_of_recorded_rows_is_changed_below_and_every_field_is_covered() -> None:
    """A field outside the digest can be changed and nobody would know: whose output it is, which case a form is of."""
    for model, field in TABLES:
        assert field.attname in model.recorded_fields, f"{model.__name__}.{field.attname} is not recorded"
    assert {model.object_type for model, _ in TABLES} >= HERE


def test_any_field_of_any_row_changed_by_sql_is_found_and_the_row_named(busy: str) -> None:
    for model, field in TABLES:
        if model.object_type not in HERE:
            continue
        row = model._default_manager.order_by("-pk")[0]
        table, column = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name(str(field.column))
        value = _other(row, field)
        what = f"{model.__name__}.{field.attname}"
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [value, row.pk])
                assert cursor.rowcount == 1
            named = {(one.object_type, one.object_id) for one in findings()}
            transaction.set_rollback(True)
        renamed = field.attname == model.object_id_field
        if renamed:
            assert (model.object_type, row.object_id) in named, f"{what}: the row that is gone is not named"
        else:
            assert named == {(model.object_type, row.object_id)}, what
    assert findings() == []


def _free_step(row: RecordedRow) -> int:
    """A step that nothing of this kind belongs to yet: the relation is one to one."""
    return Step.objects.exclude(pk__in=type(row)._default_manager.values("step_id")).values_list("pk", flat=True)[0]


def test_a_row_slipped_in_or_taken_away_is_named(busy: str) -> None:
    output = Output.objects.get(step__key=CARD)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM services_output WHERE id = %s", [output.pk])
        (gone,) = findings()
        transaction.set_rollback(True)
    assert (gone.what, gone.object_type, gone.object_id) == ("row_deleted", "output", output.number)
    assert ("case", busy) in gone.related
    free = _free_step(output)
    Output.objects.bulk_create([Output(step_id=free, number="card-2026-999999", key="card", issued_us=1)])
    (slipped,) = findings()
    assert (slipped.what, slipped.object_id) == ("row_not_recorded", "card-2026-999999")


def test_a_published_version_cannot_be_changed_unseen_under_running_cases(busy: str) -> None:
    row = PublishedVersion.objects.get()
    body = row.body | {"division": "110000"}
    PublishedVersion.objects.filter(pk=row.pk).update(body=body)
    assert [(one.object_type, one.object_id) for one in findings()] == [("version", row.hash)]


WALK: list[Callable[[str, str], Any]] = [
    lambda c, s: BRING["accepted"](c),
    lambda c, s: do(DecideStep(c, s, granted=True), officer(DEPARTMENT[s])),
    lambda c, s: do(DecideStep(c, s, False, "conditions-not-met", "不符"), officer(DEPARTMENT[s])),
    lambda c, s: do(AskCorrection(c, s, ("child_name", "mother_name"), "请核对"), officer(DEPARTMENT[s])),
    lambda c, s: do(SupplyCorrection(c, {"child_name": "林" + s[0:1].upper()}), PARENT),
    lambda c, s: do(PauseStep(c, s, "inspection"), officer(DEPARTMENT[s])),
    lambda c, s: do(ResumeStep(c, s), officer(DEPARTMENT[s])),
    grant,
    lambda c, s: do(RecordExternalDecision(c, CARD, True, "C"), SYSTEM),
    lambda c, s: reach_card(c),
    lambda c, s: do(WithdrawCase(c), PARENT),
]


@pytest.mark.parametrize("seed", range(3))
def test_after_a_random_walk_the_audit_is_clean(seed: int, state: Path) -> None:
    chance, version, done = random.Random(seed), publish(), 0
    cases = [submit(version, materials=tuple(map(uploaded, ("birth-certificate", "marriage-certificate"))))]
    for _ in range(90):
        if chance.random() < 0.15:
            cases.append(submit(version))
        act = WALK[chance.choices(range(len(WALK)), weights=[6] * 10 + [1])[0]]
        try:
            act(chance.choice(cases), chance.choice(list(DEPARTMENT)[:3]))
            done += 1
        except Conflict:
            continue
    assert done >= 10
    assert sealed() == []
    assert Event.objects.filter(type="step_granted").exists()
    for case in Case.objects.all():
        assert (
            case.version
            == Event.objects.filter(
                objects_touched__object_type="case",
                objects_touched__object_id=case.number,
                objects_touched__qualifier="state",
            ).count()
        ), "each version of a row is one event"
