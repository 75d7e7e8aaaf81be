# SPDX-License-Identifier: Apache-2.0
"""Outputs that another authority issues: ordered when granted, shown as awaited, ended there when revoked here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from holds.variants import Body, publish_with, service
from people import PARENT, do, submit
from services.record import BIRTH, BRING, attributes, types
from services.standing_in import Process
from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.perform import now_us
from zhengtong.errors import Conflict, Contradicted, NotFound, Refused, Unavailable
from zhengtong.services.actions.record_issued import RecordIssued
from zhengtong.services.actions.revoke_output import RevokeOutput
from zhengtong.services.casework import open_case
from zhengtong.services.issuing import end_issued, issue
from zhengtong.services.models import Difference, Output
from zhengtong.services.pages.states import step_tasks
from zhengtong.services.reasons import reasons_for
from zhengtong.services.reconciling import reconcile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

HEAD = Actor("f" * 32, frozenset({Role("head", "police")}))
HOUR_US = 3_600_000_000


def issued_elsewhere(body: Body) -> None:
    service(body, BIRTH)["output"]["issuer"] = "card-system"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    process = Process("card_system.py", tmp_path / "office", "--delay", "0")
    process.connect("card-system", monkeypatch)
    yield process
    process.stop()


@pytest.fixture
def case() -> str:
    number = submit(publish_with(issued_elsewhere), at_us=now_us() - 2 * HOUR_US)
    BRING["granted"](number)
    return number


def output(case: str) -> Output:
    return Output.objects.get(step__case__number=case, step__key=BIRTH)


def ordered(case: str) -> dict[str, str]:
    return {"output": output(case).number}


def shown(case: str) -> str:
    """What the applicant reads beside the step."""
    work = open_case(case, lock=False)
    with translation.override("en"):
        words = {key: str(task.state.word) for key, task in zip(work.steps, step_tasks(work), strict=True)}
    return words[BIRTH]


def test_a_grant_orders_the_output_and_says_so_until_it_arrives(case: str, office: Process) -> None:
    assert (output(case).status, output(case).issuer_number) == ("being_issued", "")
    assert OutboxMessage.objects.filter(topic="services.issue", payload=ordered(case)).count() == 1
    assert shown(case) == "granted, the result is being issued"
    issue(ordered(case))
    row = output(case)
    assert row.status == "valid" and row.issuer_number.startswith("SBK"), "the issuer's own number, never ours"
    assert shown(case) == "granted"
    assert issue(ordered(case)) is None, "a message delivered twice changes nothing"
    with sqlite3.connect(office.data) as db:
        assert db.execute("SELECT reference FROM application").fetchall() == [(f"{case}.{BIRTH}.output",)]


def test_without_an_issuer_the_house_issues_at_once(case: str) -> None:
    number = submit(publish_with())
    BRING["granted"](number)
    assert output(number).status == "valid"
    assert not OutboxMessage.objects.filter(topic="services.issue", payload=ordered(number)).exists()


def test_an_issuer_that_does_not_answer_is_asked_again_later(case: str, office: Process) -> None:
    office.stop()
    with pytest.raises(Unavailable):
        issue(ordered(case))
    assert output(case).status == "being_issued"


def test_a_refusal_of_the_issuer_is_shown_and_nothing_is_made_up(case: str) -> None:
    done = do(RecordIssued(output(case).number, "card-system", reason="photo_not_usable"), SYSTEM)
    assert (
        types(done) == ["output_not_issued"] and attributes(done, "output_not_issued")["reason"] == "photo_not_usable"
    )
    assert (output(case).status, output(case).issuer_number) == ("not_issued", "")
    assert shown(case) == "granted, the issuer did not issue the result"


def test_late_double_and_impossible_answers_change_nothing(case: str) -> None:
    number = output(case).number
    with pytest.raises(Contradicted):
        do(RecordIssued(number, "card-system", "X" * 65, 1), SYSTEM)
    with pytest.raises(Refused):
        do(RecordIssued(number, "card-system", "SBK1", 1), PARENT)
    with pytest.raises(NotFound):
        do(RecordIssued("none", "card-system", "SBK1", 1), SYSTEM)
    do(RecordIssued(number, "card-system", "SBK1", 1), SYSTEM)
    with pytest.raises(Conflict):
        do(RecordIssued(number, "card-system", "SBK2", 2), SYSTEM)
    assert output(case).issuer_number == "SBK1"


def test_what_is_revoked_here_is_ended_at_the_issuer_once(case: str, office: Process) -> None:
    issue(ordered(case))
    definition = open_case(case, lock=False).definition
    reason = next(one.key for use in ("revoke", "cancel") for one in reasons_for(definition, use))
    do(RevokeOutput(case, BIRTH, reason, "以欺骗手段取得"), HEAD)
    payload = OutboxMessage.objects.get(topic="services.end_issued").payload
    for _ in range(2):
        end_issued(payload)
    with sqlite3.connect(office.data) as db:
        assert db.execute("SELECT * FROM ended").fetchall() == [(f"{case}.{BIRTH}.output", reason)]
    assert issue(ordered(case)) is None and output(case).status in {"revoked", "cancelled"}


def test_the_issuers_list_is_held_against_what_we_ordered(case: str, office: Process) -> None:
    Output.objects.update(issued_us=now_us() - HOUR_US)
    assert reconcile("card-system").result["found"] == 1
    assert Difference.objects.get().kind == "missing_there"
    issue(ordered(case))
    with sqlite3.connect(office.data) as db:
        db.execute("UPDATE application SET received = received - 3600, due = due - 3600")
    done = reconcile("card-system").result
    assert (done["agreed"], done["found"]) == (1, 0) and Difference.objects.get().state == "vanished"
