# SPDX-License-Identifier: Apache-2.0
"""A sign-in ends: when idle, in the end, with the password, and it is renamed when roles change."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from people import account, do
from visits import said, visitor
from zhengtong.acts.actor import SYSTEM
from zhengtong.organization import sessions
from zhengtong.organization.actions.appoint import Appoint
from zhengtong.organization.actions.end_appointment import EndAppointment
from zhengtong.organization.models import Account

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


class Clock:
    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(sessions, "time", found)
    return found


def signed_in(username: str = "parent") -> Client:
    client = visitor()
    client.post("/login/", {"username": username, "password": f"{username}-password"})
    return client


def test_whoever_goes_away_is_signed_out_and_led_back_after_signing_in(clock: Clock, settings: Any) -> None:
    account("parent")
    client = signed_in()
    assert client.get("/my/").status_code == 200
    clock.now += settings.ZHENGTONG_SESSION_IDLE_S + sessions.STEP_S + 1
    answer = client.get("/my/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/my/")
    clock.now -= 10**6
    assert client.get("/my/").status_code == 302, "what is over stays over"


def test_whoever_works_stays_until_the_longest_time(clock: Clock, settings: Any) -> None:
    account("parent")
    client, begun = signed_in(), clock.now
    assert client.get("/my/").status_code == 200
    while clock.now - begun + 1000 <= settings.ZHENGTONG_SESSION_LONGEST_S:
        clock.now += 1000
        assert client.get("/my/").status_code == 200
    clock.now += 1000
    assert client.get("/my/").status_code == 302


def test_a_form_or_a_program_that_comes_too_late_is_told_and_nothing_is_done(clock: Clock) -> None:
    account("parent")
    for address in ("/my/M26-000001/withdraw/", "/api/v1/cases/M26-000001/withdraw"):
        client = signed_in()
        client.get("/my/")
        clock.now += 10_000
        answer = client.post(address, {"act_key": uuid.uuid4().hex})
        assert answer.status_code == 401 and "WWW-Authenticate" in answer
        assert "sign-in ran out" in (said(answer) if address[1] == "m" else answer.json()["detail"])


def test_most_requests_write_no_session(clock: Clock, django_assert_max_num_queries: Any) -> None:
    account("parent")
    client = signed_in()
    client.get("/my/")
    with django_assert_max_num_queries(20) as captured:
        for _ in range(3):
            clock.now += 5
            client.get("/verify/")
    assert not [q for q in captured.captured_queries if q["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]


def test_a_role_given_or_taken_renames_the_session_and_keeps_it(clock: Clock) -> None:
    account("chen")
    client = signed_in("chen")
    client.get("/my/")
    names = [client.cookies["sessionid"].value]
    for change in (Appoint("chen", "officer", "police"), EndAppointment("chen", "officer", "police")):
        do(change, SYSTEM)
        assert client.get("/my/").status_code == 200
        names.append(client.cookies["sessionid"].value)
        old = visitor()
        old.cookies["sessionid"] = names[-2]
        assert old.get("/my/").status_code == 302, "the old name opens nothing"
    assert len(set(names)) == 3


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(clock: Clock) -> None:
    person = account("parent")
    client = signed_in()
    assert client.get("/my/").status_code == 200
    person.set_password("another-password")
    person.save()
    assert client.get("/my/").status_code == 302


def test_an_account_that_is_closed_is_out_with_its_next_request(clock: Clock) -> None:
    account("parent")
    client = signed_in()
    Account.objects.update(is_active=False)
    assert client.get("/my/").status_code == 302


def test_the_cookie_goes_with_the_browser() -> None:
    account("parent")
    cookie = signed_in().cookies["sessionid"]
    assert cookie["max-age"] == "" and cookie["expires"] == ""
