# SPDX-License-Identifier: Apache-2.0
"""A supervised task as pages: proposed, opened, reported, closed, each by the right people and by nobody else."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from people import account
from visits import errors_at, filled, links, post, said, tree, visitor
from zhengtong.organization.models import Account, SupervisedTask, TaskFeedback

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
PROPOSAL = {"title": "提高新生儿“一件事”按时办结率", "aim": "回到 95%", "lead": "police", "target": "on time 95%"}
PEOPLE = {
    "leader": ("leader", ""),
    "office": ("government_office", ""),
    "bureau": ("data_bureau", ""),
    "auditor": ("auditor", ""),
    "police": ("officer", "police"),
    "insurance": ("officer", "insurance"),
    "clerk": ("clerk", "service-hall"),
    "resident": ("", ""),
}


@pytest.fixture(autouse=True)
def _state(state: Path, transactional_db: None) -> None:
    pass


def who(name: str) -> object:
    known = Account.objects.filter(username=name).first()
    return visitor(known or account(name, *PEOPLE[name]))


def propose(by: str = "leader", **changes: object) -> str:
    answer = post(who(by), "/tasks/propose/", **{**PROPOSAL, **changes})
    assert answer.status_code == 302, said(answer)
    return str(answer["Location"]).strip("/").split("/")[-1]


def act(by: str, number: str, act: str, **fields: object) -> int:
    return int(post(who(by), f"/tasks/{number}/act/", act=act, **fields).status_code)


def state(number: str) -> str:
    return SupervisedTask.objects.get(number=number).state


OPEN = {"lead": "police", "term": "normal"}
REPORT = {"text": "已增加窗口人员。", "done": "1"}


def test_a_task_goes_from_proposal_to_close() -> None:
    number = propose()
    assert state(number) == "proposed"
    assert act("office", number, "open", **OPEN) == 302
    page = who("police").get(f"/tasks/{number}/")
    assert "Send the report" in said(page) and "Close the task" not in said(page)
    assert act("police", number, "report", text="已排班。") == 302
    assert state(number) == "assigned", "a report on the way ends nothing"
    assert act("police", number, "report", **REPORT) == 302
    assert act("office", number, "send_back") == 302
    assert state(number) == "returned"
    assert act("police", number, "report", **REPORT) == 302
    assert act("office", number, "close") == 302
    assert state(number) == "closed"
    page = who("leader").get(f"/tasks/{number}/")
    assert "closed" in said(page) and "已增加窗口人员。" in said(page)
    assert not tree(page).xpath("//main//form"), "nothing is left to press"


ALL = frozenset(PEOPLE)
RIGHT = {
    "propose": {"leader", "office", "bureau", "auditor"},
    "open": {"office"},
    "decline": {"office"},
    "report": {"police"},
    "send_back": {"office"},
    "close": {"office"},
}


@pytest.mark.parametrize(("verb", "name"), [(v, n) for v in RIGHT for n in sorted(ALL - RIGHT[v])])
def test_nobody_else_may(verb: str, name: str) -> None:
    if verb == "propose":
        assert who(name).get("/tasks/propose/").status_code == 403
        assert post(who(name), "/tasks/propose/", **PROPOSAL).status_code == 403
        assert not SupervisedTask.objects.exists()
        return
    number = propose()
    if verb not in {"open", "decline"}:
        act("office", number, "open", **OPEN)
    if verb in {"send_back", "close"}:
        act("police", number, "report", **REPORT)
    before = state(number)
    assert act(name, number, verb, **OPEN, **REPORT) == 403
    assert state(number) == before and TaskFeedback.objects.count() == (1 if verb in {"send_back", "close"} else 0)


@pytest.mark.parametrize("name", sorted(RIGHT["propose"]))
def test_whoever_may_propose_is_offered_it_and_reads_the_proposal(name: str) -> None:
    person = who(name)
    assert "/tasks/propose/" in links(person.get("/tasks/"))
    number = propose(name)
    assert PROPOSAL["title"] in said(person.get(f"/tasks/{number}/"))


def test_a_department_sees_its_own_tasks_only() -> None:
    number = propose()
    act("office", number, "open", **OPEN)
    assert number in said(who("police").get("/tasks/"))
    insurance = who("insurance")
    assert number not in said(insurance.get("/tasks/"))
    assert insurance.get(f"/tasks/{number}/").status_code == 404
    assert who("resident").get(f"/tasks/{number}/").status_code == 403


def test_a_department_does_not_see_what_is_only_proposed() -> None:
    number = propose()
    assert number not in said(who("police").get("/tasks/"))
    assert who("police").get(f"/tasks/{number}/").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("title", " "), ("title", "长" * 201), ("lead", ""), ("lead", "moon"), ("target", "9" * 33),
     ("aim", "长" * 5001)],
)  # fmt: skip
def test_a_proposal_that_is_wrong_comes_back_with_what_was_typed(field: str, value: str) -> None:
    page = post(who("leader"), "/tasks/propose/", **{**PROPOSAL, field: value})
    assert page.status_code == 422 and list(errors_at(page)) == [field]
    other = "aim" if field != "aim" else "title"
    assert (filled(page, other) or "").strip() == PROPOSAL[other]
    assert not SupervisedTask.objects.exists()


def test_an_indicator_that_is_no_name_of_one_is_refused() -> None:
    for indicator in ("x" * 65, "<script>", "on-time newborn"):
        assert post(who("leader"), "/tasks/propose/", **PROPOSAL, indicator=indicator).status_code == 422
    number = propose(indicator="on-time.newborn.birth-registration")
    assert SupervisedTask.objects.get(number=number).origin == "cockpit"


def test_one_matter_is_supervised_once() -> None:
    first, second = (propose(indicator="on-time.newborn.birth-registration") for _ in range(2))
    assert act("office", first, "open", **OPEN) == 302
    assert act("office", second, "open", **OPEN) == 409
    assert act("office", second, "decline") == 302 and state(second) == "declined"


def test_out_of_order_nothing_happens() -> None:
    number = propose()
    assert act("office", number, "close") == 409
    assert act("office", number, "send_back") == 409
    assert act("office", number, "open", lead="police", term="never") == 422
    assert act("office", number, "open", lead="moon", term="normal") == 422
    assert act("office", number, "burn") == 422
    assert state(number) == "proposed"
    act("office", number, "open", **OPEN)
    assert act("office", number, "open", **OPEN) == 409
    assert act("police", number, "report", text="", done="1") == 422
    assert act("police", number, "report", text="长" * 5001) == 422
    assert state(number) == "assigned"
    assert act("office", "D26-99999", "close") == 404


def test_a_repeated_press_is_one_act_and_another_body_leads_to_the_task() -> None:
    key = uuid.uuid4().hex
    assert propose(act_key=key) == propose(act_key=key)
    assert SupervisedTask.objects.count() == 1
    page = post(who("leader"), "/tasks/propose/", **{**PROPOSAL, "title": "另一件事", "act_key": key})
    number = SupervisedTask.objects.get().number
    assert page.status_code == 409 and f"/tasks/{number}/" in links(page)


def test_words_are_shown_as_text() -> None:
    number = propose(title="<b onclick=alert(1)>x</b>")
    act("office", number, "open", **OPEN)
    act("police", number, "report", text="<script>alert(1)</script>")
    page = who("leader").get(f"/tasks/{number}/")
    assert "<b onclick=alert(1)>x</b>" in said(page) and "<script>alert(1)</script>" in said(page)
    assert not tree(page).xpath("//*[@onclick] | //main//script")


def test_a_draft_from_the_cockpit_comes_filled_in() -> None:
    page = who("leader").get("/tasks/propose/?indicator=on-time.newborn.police&lead=police&title=出生登记")
    assert (filled(page, "title"), filled(page, "lead")) == ("出生登记", "police")
    assert filled(page, "indicator") == "on-time.newborn.police"
