# SPDX-License-Identifier: Apache-2.0
"""The portal's first page: what to do next, a search that always leads on, life events for people or businesses."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people import account, actor, do, officer, publish, submit
from visits import APPLY, form, links, post, said, visitor
from zhengtong.services.actions.ask_correction import AskCorrection

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def version(state: Path) -> str:
    publish("restaurant")
    return publish()


def test_a_question_names_the_services_that_answer_it() -> None:
    page = visitor().get("/", {"q": "社会保障卡"})
    assert "Among it: Social security card" in said(page)


def test_a_mistyped_question_offers_the_nearest_and_the_hotline() -> None:
    page = visitor().get("/", {"q": "newbron"})
    assert "Nothing found" in said(page) and "Did you mean one of these?" in said(page)
    assert "12345" in said(page)


def test_a_search_for_businesses_finds_no_life_event_of_people() -> None:
    page = visitor().get("/", {"q": "孩子 餐饮", "for": "business"})
    assert links(page, "/life-events/") and set(links(page, "/life-events/")) == {"/life-events/restaurant/"}
    assert set(links(visitor().get("/", {"for": "person"}), "/life-events/")) == {"/life-events/newborn/"}
    assert set(links(visitor().get("/", {"for": "moon"}), "/life-events/")) == {
        "/life-events/newborn/",
        "/life-events/restaurant/",
    }


def test_nobody_is_told_to_do_anything_before_there_is_something_to_do() -> None:
    assert "What to do next" not in said(visitor().get("/"))
    assert "What to do next" not in said(visitor(account("parent")).get("/"))


def test_a_correction_stands_before_a_draft_and_both_lead_to_their_place(version: str) -> None:
    person = account("parent")
    number = submit(version, actor(person))
    do(AskCorrection(number, "birth-registration", ("contact_mobile",), "Wrong number."), officer("police"))
    client = visitor(person)
    assert post(client, APPLY, **form(contact_mobile=""), save="1").status_code in {200, 302}
    page = client.get("/")
    words = said(page)
    assert words.index("Correct: A child is born") < words.index("Continue: A child is born")
    assert links(page, f"/my/{number}/") and links(page, "/life-events/newborn/apply/")


def test_what_others_have_to_do_is_not_shown(version: str) -> None:
    number = submit(version, actor(account("parent")))
    do(AskCorrection(number, "birth-registration", ("contact_mobile",), "Wrong number."), officer("police"))
    assert number not in said(visitor(account("neighbour")).get("/"))


def test_more_cases_cost_no_more_queries(version: str) -> None:
    person = account("parent")
    client = visitor(person)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/")
        return len(queries)

    submit(version, actor(person))
    asked()  # the first visit reads the published version
    one = asked()
    for _case in range(4):
        submit(version, actor(person))
    assert asked() == one
