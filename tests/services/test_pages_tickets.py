# SPDX-License-Identifier: Apache-2.0
"""The hotline's pages: a person files and follows, the desk and the department see what is theirs, nothing is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from people import account, do, officer
from visits import errors_at, filled, links, post, said, visitor
from zhengtong.organization.models import SupervisedTask
from zhengtong.services.actions.reply_ticket import ReplyTicket
from zhengtong.services.actions.sign_ticket import SignTicket
from zhengtong.services.models import Ticket

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
MATTER = {"category": "complaint", "title": "Street lamp broken", "text": "Dark for two weeks in Lotus Lane"}


@pytest.fixture
def parent(state: Path) -> Client:
    return visitor(account("parent"))


@pytest.fixture
def agent(state: Path) -> Client:
    return visitor(account("agent", "hotline", "office"))


def file(client: Client, **changes: str) -> str:
    answer = post(client, "/tickets/new/", **{**MATTER, **changes})
    assert answer.status_code == 302, said(answer)
    found = re.search(r"T\d{2}-\d{6}", answer["Location"])
    assert found
    return found.group()


def act(client: Client, number: str, name: str, **fields: object) -> object:
    answer = post(client, f"/tickets/{number}/act/", act=name, **fields)
    assert answer.status_code == 302, said(answer)
    return answer


def replied(parent: Client, agent: Client) -> str:
    number = file(parent)
    act(agent, number, "dispatch", lead="housing", support="police")
    do(SignTicket(number), officer("housing"))
    do(ReplyTicket(number, "Repaired today."), officer("housing"))
    return number


def test_a_person_files_a_matter_follows_it_and_says_whether_it_helped(parent: Client, agent: Client) -> None:
    number = replied(parent, agent)
    page = parent.get(f"/tickets/{number}/")
    assert "Repaired today." in said(page) and "Did it help?" in said(page)
    act(parent, number, "call_back", contacted="yes", solved="yes", satisfied="no", text="slow")
    assert Ticket.objects.get(number=number).state == "closed"
    assert f"/tickets/{number}/" in links(parent.get("/tickets/"))
    proofs = [link for link in links(page) if link.startswith("/evidence/")]
    assert len(proofs) == 4 and all(parent.get(link).status_code == 200 for link in proofs)


def test_what_is_missing_is_said_at_its_field_and_what_was_written_stays(parent: Client) -> None:
    answer = post(parent, "/tickets/new/", category="", title="", text="It is dark")
    assert answer.status_code == 422
    assert set(errors_at(answer)) == {"category", "title"}
    assert filled(answer, "text") == "It is dark"
    assert said(answer).count("There are 2") <= 1, "one summary, not two"


def test_questions_left_open_at_the_call_back_are_asked_again(parent: Client, agent: Client) -> None:
    number = replied(parent, agent)
    answer = post(agent, f"/tickets/{number}/act/", act="call_back", contacted="yes", text="He said thanks")
    assert answer.status_code == 422 and "He said thanks" in said(answer)
    assert Ticket.objects.get(number=number).state == "replied"


def test_for_everyone_else_a_ticket_does_not_exist(parent: Client, agent: Client) -> None:
    number = file(parent)
    act(agent, number, "dispatch", lead="housing", support="police")
    stranger, cdc = visitor(account("stranger")), visitor(account("cdc", "officer", "cdc"))
    for client in (stranger, cdc):
        missing, other = client.get("/tickets/T99-999999/"), client.get(f"/tickets/{number}/")
        assert (missing.status_code, other.status_code) == (404, 404)
        assert post(client, f"/tickets/{number}/act/", act="sign").status_code == 404
        assert f"/tickets/{number}/" not in links(client.get("/tickets/"))
    police = visitor(account("police", "officer", "police"))
    assert police.get(f"/tickets/{number}/").status_code == 200, "a department in support may read"
    assert post(police, f"/tickets/{number}/act/", act="sign").status_code == 403, "but does not sign"


def test_words_between_offices_stay_between_offices(parent: Client, agent: Client) -> None:
    number = file(parent)
    act(agent, number, "dispatch", lead="housing")
    housing = visitor(account("housing", "officer", "housing"))
    act(housing, number, "return", reason="not-ours", text="Street lamps belong to the city works")
    assert "city works" in said(agent.get(f"/tickets/{number}/"))
    page = said(parent.get(f"/tickets/{number}/"))
    assert "city works" not in page and "Returned to the hotline" in page


def test_the_desk_and_the_department_see_what_waits_for_them(parent: Client, agent: Client) -> None:
    number = file(parent)
    assert f"/tickets/{number}/" in links(agent.get("/tickets/"))
    act(agent, number, "dispatch", lead="housing")
    assert f"/tickets/{number}/" not in links(agent.get("/tickets/"))
    housing = visitor(account("housing", "officer", "housing"))
    assert f"/tickets/{number}/" in links(housing.get("/tickets/"))
    act(housing, number, "sign")
    act(housing, number, "ask_extension", text="parts are on order")
    assert f"/tickets/{number}/" in links(agent.get("/tickets/")), "an extension asked for waits for the desk"
    act(agent, number, "grant")


def test_a_call_is_taken_in_with_the_caller_s_number_and_only_agents_see_it_at_the_call_back(
    parent: Client, agent: Client
) -> None:
    number = file(agent, caller="Wang", mobile="13800001234", urgent="1")
    row = Ticket.objects.get(number=number)
    assert (row.channel, row.urgent, row.caller) == ("phone", True, "Wang")
    act(agent, number, "dispatch", lead="housing")
    do(SignTicket(number), officer("housing"))
    do(ReplyTicket(number, "Done."), officer("housing"))
    assert "13800001234" in said(agent.get(f"/tickets/{number}/"))
    answer = post(agent, "/tickets/new/", **{**MATTER, "mobile": "123"})
    assert set(errors_at(answer)) == {"mobile"}


def test_a_ticket_becomes_a_supervised_task_once(parent: Client, agent: Client) -> None:
    number = file(parent)
    answer = act(agent, number, "supervise", title="Street lamps", aim="all lit", lead="housing")
    task = SupervisedTask.objects.get()
    assert answer["Location"] == f"/tasks/{task.number}/"  # type: ignore[index]
    page = agent.get(f"/tickets/{number}/")
    assert f"/tasks/{task.number}/" in links(page) and "Propose supervision" not in said(page)
    assert "Street lamps" not in said(parent.get(f"/tickets/{number}/")), "supervision is between offices"


def test_the_rates_open_down_to_the_tickets_that_failed(parent: Client, agent: Client) -> None:
    number = replied(parent, agent)
    act(agent, number, "call_back", contacted="yes", solved="yes", satisfied="no")
    page = agent.get("/tickets/rates/")
    opened = [link for link in links(page, "?") if "failed=satisfied" in link]
    assert len(opened) == 2, "the city and the department"
    assert f"/tickets/{number}/" in links(agent.get(f"/tickets/rates/{opened[1]}"))
    assert parent.get("/tickets/rates/").status_code == 403
    for wrong in ("?since=yesterday", "?since=2026-02-01&until=2026-01-01", "?failed=everything"):
        assert agent.get(f"/tickets/rates/{wrong}").status_code == 422


def test_an_unknown_act_and_a_replayed_one_change_nothing(parent: Client, agent: Client) -> None:
    number = file(parent)
    assert post(agent, f"/tickets/{number}/act/", act="explode").status_code == 422
    key = {"act_key": "a" * 32}
    act(agent, number, "dispatch", lead="housing", **key)
    act(agent, number, "dispatch", lead="housing", **key)
    assert Ticket.objects.get(number=number).state == "dispatched"
    assert post(agent, f"/tickets/{number}/act/", act="dispatch", lead="police", **key).status_code == 409
