# SPDX-License-Identifier: Apache-2.0
"""Who may sign in and as what: every change is an act, and a role slipped into the table is found."""

from __future__ import annotations

import pytest

from people import PARENT, account, actor, do
from zhengtong import ledger
from zhengtong.acts.actor import SYSTEM, Role
from zhengtong.errors import BadInput, Conflict, NotFound, Refused
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event
from zhengtong.organization.actions.appoint import Appoint
from zhengtong.organization.actions.end_appointment import EndAppointment
from zhengtong.organization.actions.open_account import OpenAccount
from zhengtong.organization.models import Account, Appointment

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_an_opened_account_is_known_by_its_pseudonym_alone() -> None:
    done = do(OpenAccount("chen", "陈明", "hash", "999900199003121008", "13800001000"), SYSTEM)
    person = Account.objects.get(username="chen")
    assert done.result == {"account": person.pseudonym}
    event = Event.objects.get(type="account_opened")
    assert [(o.object_type, o.object_id) for o in event.objects_touched.all()] == [("person", person.pseudonym)]
    assert event.attributes == {"demo": False}


@pytest.mark.parametrize(("username", "name"), [("Chen", "陈明"), ("", "陈明"), ("a b", "陈明"), ("chen", " ")])
def test_an_account_needs_a_plain_name_to_sign_in_with_and_a_person(username: str, name: str) -> None:
    with pytest.raises(BadInput):
        do(OpenAccount(username, name, "hash"), SYSTEM)
    assert not Account.objects.exists()


def test_an_account_is_opened_once() -> None:
    do(OpenAccount("chen", "陈明", "hash"), SYSTEM)
    with pytest.raises(Conflict):
        do(OpenAccount("chen", "另一人", "hash"), SYSTEM)


def test_a_role_is_held_from_the_appointment_to_its_end() -> None:
    person = account("chen", "officer", "police")
    assert Role("officer", "police") in actor(person).roles
    do(EndAppointment("chen", "officer", "police"), SYSTEM)
    assert actor(person).roles == {Role("resident")}
    with pytest.raises(NotFound):
        do(EndAppointment("chen", "officer", "police"), SYSTEM)
    do(Appoint("chen", "officer", "police"), SYSTEM)
    assert Role("officer", "police") in actor(person).roles


@pytest.mark.parametrize(
    ("appointment", "error"),
    [
        (Appoint("nobody", "officer", "police"), NotFound),
        (Appoint("chen", "king"), BadInput),
        (Appoint("chen", "officer", "moon"), BadInput),
        (Appoint("chen", "officer", "police"), Conflict),
    ],
)
def test_an_appointment_names_a_person_a_role_and_a_department_that_exist(appointment: Appoint, error: type) -> None:
    account("chen", "officer", "police")
    with pytest.raises(error):
        do(appointment, SYSTEM)
    assert Appointment.objects.count() == 1


def test_only_whoever_operates_the_installation_opens_accounts_and_appoints() -> None:
    leader = actor(account("mayor", "leader"))
    for who in (PARENT, leader):
        for action in (OpenAccount("x1", "某", "hash"), Appoint("mayor", "auditor"), EndAppointment("mayor", "leader")):
            with pytest.raises(Refused):
                do(action, who)


def test_a_role_slipped_into_the_table_is_found(state: object) -> None:
    person = account("chen")
    Appointment.objects.create(reference="0" * 32, account=person, role="leader", begun_us=1)
    found = audit(ledger.log())
    assert [(f.object_type, f.what) for f in found.findings] == [("appointment", "row_not_recorded")]
