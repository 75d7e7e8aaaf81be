# SPDX-License-Identifier: Apache-2.0
"""The workbench's list: whole counts, filters in the address, pages by cursor, and several accepted at once."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people import account, publish, submit
from visits import errors_at, links, officer_of, post, said, tree, visitor
from zhengtong.ledger.models import Event
from zhengtong.services import step_queue
from zhengtong.services.models import Step

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
BIRTH = "birth-registration"


@pytest.fixture
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def police() -> object:
    return officer_of(BIRTH)


def steps(page: object) -> list[str]:
    """The cases of which the list shows a step, in order."""
    return [address.split("/")[2] for address in links(page, "/workbench/M")]


def boxes(page: object) -> list[str]:
    return tree(page).xpath("//main//input[@type='checkbox']/@value")


class TestTheList:
    def test_the_counts_are_of_all_steps_not_of_the_page(
        self, version: str, police: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(step_queue, "PAGE", 2)
        cases = [submit(version) for _ in range(5)]
        late = Step.objects.filter(key=BIRTH, case__number__in=cases[:3])
        late.update(due_us=1)
        first = police.get("/workbench/")
        assert "3 steps are late" in said(first) and "5 steps are open" in said(first)
        assert steps(first) == cases[:2]

    def test_pages_follow_each_other_without_gap_or_repetition_and_keep_the_filters(
        self, version: str, police: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(step_queue, "PAGE", 2)
        cases = [submit(version) for _ in range(5)]
        Step.objects.filter(case__number=cases[0], key=BIRTH).update(due_us=None)
        address, seen = "/workbench/?state=pending", []
        for _page in range(3):
            page = police.get(address)
            seen += steps(page)
            onward = tree(page).xpath("//main//a[@rel='next']/@href")
            address = f"/workbench/{onward[0]}" if onward else ""
            assert not onward or "state=pending" in address
        assert address == ""
        assert seen == [*cases[1:], cases[0]], "what has no limit stands last, on every database"

    def test_filters_narrow_by_window_number_service_and_state(self, version: str, police: object) -> None:
        one, other = submit(version), submit(version)
        Step.objects.filter(case__number=one, key=BIRTH).update(due_us=1)
        assert steps(police.get("/workbench/?window=late")) == [one]
        assert one not in steps(police.get("/workbench/?window=later"))
        assert steps(police.get(f"/workbench/?number={other}")) == [other]
        assert len(steps(police.get(f"/workbench/?service={BIRTH}"))) == 2
        assert steps(police.get("/workbench/?service=resident-insurance")) == []
        assert steps(police.get("/workbench/?state=accepted")) == []
        assert "No step is like this" in said(police.get("/workbench/?number=Z"))

    @pytest.mark.parametrize("cursor", ["x", "1", "-", "1-", "-x", "1-2-3", "9" * 19 + "-1", "²-1"])
    def test_a_cursor_that_is_none_is_refused(self, version: str, police: object, cursor: str) -> None:
        assert police.get("/workbench/", {"after": cursor}).status_code == 422

    def test_more_steps_ask_the_database_no_more(self, version: str, police: object) -> None:
        submit(version)
        police.get("/workbench/")  # what a first page loads and keeps
        with CaptureQueriesContext(connection) as few:
            police.get("/workbench/")
        for _ in range(3):
            submit(version)
        with CaptureQueriesContext(connection) as many:
            police.get("/workbench/")
        assert len(many) == len(few)

    def test_a_head_sees_the_list_and_may_tick_nothing(self, version: str) -> None:
        number = submit(version)
        page = visitor(account("boss", "head", "police")).get("/workbench/")
        assert steps(page) == [number] and boxes(page) == []
        assert "Accept the ticked steps" not in said(page)


class TestSeveralAtOnce:
    def test_each_ticked_step_is_accepted_by_an_act_of_its_own(self, version: str, police: object) -> None:
        cases = [submit(version) for _ in range(3)]
        ticked = boxes(police.get("/workbench/"))
        assert ticked == [f"{number}/{BIRTH}" for number in cases]
        page = post(police, "/workbench/accept/", steps=ticked[:2])
        assert "2 steps were accepted" in said(page)
        states = dict(Step.objects.filter(key=BIRTH).values_list("case__number", "state"))
        assert [states[number] for number in cases] == ["accepted", "accepted", "pending"]
        acts = set(Event.objects.filter(type="step_accepted").values_list("act", flat=True))
        assert len(acts) == 2

    def test_what_fails_is_named_and_holds_nothing_back(self, version: str, police: object) -> None:
        gone, good = submit(version), submit(version)
        post(police, "/workbench/accept/", steps=[f"{gone}/{BIRTH}"])
        page = post(police, "/workbench/accept/", steps=[f"{gone}/{BIRTH}", "M99-999999/none", f"{good}/{BIRTH}"])
        assert "1 step was accepted; 2 were not" in said(page)
        assert "there is no such case" in said(page)
        assert Step.objects.get(case__number=good, key=BIRTH).state == "accepted"

    def test_another_departments_step_is_refused_and_not_named(self, version: str, police: object) -> None:
        number = submit(version)
        stranger = visitor(account("stranger", "officer", "hr"))
        page = post(stranger, "/workbench/accept/", steps=[f"{number}/{BIRTH}"])
        assert "0 steps were accepted; 1 was not" in said(page)
        assert "Birth registration" not in said(page)
        assert Step.objects.get(case__number=number, key=BIRTH).state == "pending"

    def test_sending_the_form_again_does_nothing_twice(self, version: str, police: object) -> None:
        number, key = submit(version), uuid.uuid4().hex
        for _ in range(2):
            page = post(police, "/workbench/accept/", act_key=key, steps=[f"{number}/{BIRTH}"])
            assert "1 step was accepted" in said(page)
        assert Event.objects.filter(type="step_accepted").count() == 1

    @pytest.mark.parametrize("count", [0, 51])
    def test_none_and_too_many_are_refused(self, version: str, police: object, count: int) -> None:
        page = post(police, "/workbench/accept/", steps=[f"M99-{n:06d}/x" for n in range(count)])
        assert page.status_code == 422 and errors_at(page) == {}
