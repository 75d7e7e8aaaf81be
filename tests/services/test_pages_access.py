# SPDX-License-Identifier: Apache-2.0
"""Who sees what of a case: its people and departments do; for everyone else it is as if it did not exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from people import account, publish
from visits import apply, classed, decide, links, officer_of, post, said, tree, visitor
from zhengtong.acts.models import PerformedAct
from zhengtong.ledger.models import Event
from zhengtong.services.models import Case, Material, Notice, Step

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def case() -> str:
    return apply(visitor(account("parent")))


def addresses(case: str) -> dict[str, str]:
    """Every address at which something of the case can be read."""
    material = Material.objects.filter(case__number=case).first()
    notice = Notice.objects.filter(case__number=case).first()
    event = Event.objects.filter(objects_touched__object_id=case).first()
    assert material and notice and event
    return {
        "case": f"/my/{case}/",
        "document": f"/documents/{notice.reference}/",
        "material": f"/materials/{material.reference}/",
        "evidence": f"/evidence/cases/{case}/",
        "event": f"/evidence/events/{event.id}/",
        "bundle": f"/evidence/events/{event.id}/bundle.json",
        "step": f"/workbench/{case}/birth-registration/",
    }


MINE = ("case", "document", "material", "evidence", "event", "bundle")


def test_the_applicant_sees_all_of_the_case(case: str) -> None:
    parent = visitor(_person("parent"))
    found = addresses(case)
    assert {name: parent.get(found[name]).status_code for name in MINE} == dict.fromkeys(MINE, 200)


def _person(username: str) -> object:
    from zhengtong.organization.models import Account

    return Account.objects.get(username=username)


def test_for_a_stranger_it_does_not_exist(case: str) -> None:
    stranger = visitor(account("stranger"))
    for name, address in addresses(case).items():
        answer = stranger.get(address)
        assert answer.status_code == 404, name
        assert "林知夏" not in answer.content.decode()
    nowhere = stranger.get("/my/M26-999999/")
    other = stranger.get(f"/my/{case}/")
    assert said(nowhere).replace("M26-999999", "") == said(other).replace(case, ""), "the answers tell nothing apart"


def test_whoever_is_not_signed_in_is_asked_to_sign_in_whether_it_exists_or_not(case: str) -> None:
    for address in [*addresses(case).values(), "/my/M26-999999/", "/documents/none/"]:
        answer = visitor().get(address)
        assert (answer.status_code, answer["Location"].startswith("/login/?next=")) == (302, True), address


def test_a_stranger_can_neither_correct_nor_withdraw(case: str) -> None:
    decide(case, "birth-registration", "ask", items=["child_name"], text="Which one?")
    stranger = visitor(account("stranger"))
    before = PerformedAct.objects.count()
    for address in (f"/my/{case}/correct/", f"/my/{case}/withdraw/"):
        assert post(stranger, address, child_name="x").status_code == 404
    assert Case.objects.get().phase == "open" and PerformedAct.objects.count() == before


@pytest.mark.parametrize("act", ["accept", "grant", "refuse", "not_accept", "ask", "pause", "resume"])
def test_an_officer_of_another_department_is_refused_every_act(case: str, act: str) -> None:
    if act in {"grant", "refuse", "pause"}:
        decide(case, "birth-registration", "accept")
    state = Step.objects.get(case__number=case, key="birth-registration").state
    other = officer_of("resident-insurance")
    fields = {"reason": "identity-differs", "text": "x", "items": "child_name"}
    answer = post(other, f"/workbench/{case}/birth-registration/act/", act=act, **fields)
    assert answer.status_code == 403 and "neither yours nor your department's" in said(answer)
    assert Step.objects.get(case__number=case, key="birth-registration").state == state


def test_an_officer_outside_the_case_finds_none_of_it(case: str) -> None:
    outsider = visitor(account("officer-fire", "officer", "fire"))
    for name, address in addresses(case).items():
        assert outsider.get(address).status_code == 404, name


def test_an_officer_opens_the_own_departments_step_but_not_anothers(case: str) -> None:
    insurance = officer_of("resident-insurance")
    assert insurance.get(f"/workbench/{case}/resident-insurance/").status_code == 200
    assert insurance.get(f"/workbench/{case}/birth-registration/").status_code == 404
    assert insurance.get(f"/workbench/{case}/made-up/").status_code == 404


@pytest.mark.parametrize(("username", "role"), [("leader", "leader"), ("auditor", "auditor")])
def test_who_oversees_reads_the_evidence_but_neither_form_nor_files(case: str, username: str, role: str) -> None:
    overseer = visitor(account(username, role))
    found = addresses(case)
    assert overseer.get(found["evidence"]).status_code == 200
    step = overseer.get(found["step"])
    assert step.status_code == 200 and "999900199003121009" not in step.content.decode()
    assert overseer.get(found["material"]).status_code == 404
    assert post(overseer, f"/workbench/{case}/birth-registration/act/", act="accept").status_code == 403


def test_the_applicant_can_press_none_of_the_departments_buttons(case: str) -> None:
    parent = visitor(_person("parent"))
    for act in ("accept", "grant"):
        assert post(parent, f"/workbench/{case}/birth-registration/act/", act=act).status_code == 403
    assert set(Step.objects.filter(case__number=case).values_list("state", flat=True)) == {"pending", "waiting"}


def test_who_has_signed_out_sees_nothing_more(case: str) -> None:
    parent = visitor(_person("parent"))
    assert parent.get("/logout/").status_code == 405, "a link on another page must not sign anybody out"
    assert parent.post("/logout/").status_code == 302
    assert parent.get(f"/my/{case}/").status_code == 302


def test_an_account_that_was_closed_can_do_nothing_from_an_open_session(case: str) -> None:
    parent = visitor(_person("parent"))
    person = _person("parent")
    person.is_active = False
    person.save()
    assert parent.get(f"/my/{case}/").status_code in (302, 403)
    assert post(parent, f"/my/{case}/withdraw/").status_code == 403
    assert Case.objects.get().phase == "open"


FACES = {
    "": {"/": 200, "/my/": 200, "/counter/": 403, "/workbench/": 403, "/cockpit/": 403, "/tasks/": 403},
    "clerk": {"/counter/": 200, "/workbench/": 403, "/cockpit/": 403, "/tasks/": 403, "/cockpit/audit/": 403},
    "officer": {"/counter/": 403, "/workbench/": 200, "/cockpit/": 403, "/tasks/": 200, "/tasks/propose/": 403},
    "leader": {"/counter/": 403, "/workbench/": 403, "/cockpit/": 200, "/tasks/propose/": 200, "/cockpit/audit/": 200},
    "auditor": {"/cockpit/": 200, "/cockpit/audit/": 200, "/workbench/": 403, "/counter/": 403},
    "data_bureau": {"/cockpit/": 200, "/cockpit/audit/": 403, "/tasks/": 200},
    "government_office": {"/cockpit/": 200, "/workbench/": 200, "/tasks/": 200, "/cockpit/audit/": 403},
}


@pytest.mark.parametrize("role", FACES)
def test_each_role_opens_its_own_faces_and_is_led_to_no_other(role: str) -> None:
    department = {"clerk": "service-hall", "officer": "police"}.get(role, "")
    person = visitor(account("somebody", role, department))
    assert {address: person.get(address).status_code for address in FACES[role]} == FACES[role]
    shown = person.get("/")
    offered = [a for a in _navigation(shown) if person.get(a).status_code != 200]
    assert offered == [], "the navigation leads to no closed door"
    assert "/my/" not in links(shown) or person.get("/my/").status_code == 200


def _navigation(response: object) -> list[str]:
    from visits import tree

    return tree(response).xpath("//nav[contains(@class, 'faces')]//a/@href")


def test_links_and_crumbs_lead_only_where_the_reader_may_go(state: Path) -> None:
    """The government office has the workbench and no department; a leader reads imported cases without a workbench."""
    office, leader = visitor(account("office", "government_office", "office")), visitor(account("leader", "leader"))
    police = visitor(account("officer-police", "officer", "police"))
    ways = {"/workbench/notices/", "/workbench/ratings/", "/workbench/external/", "/workbench/archive/"}
    assert ways <= set(links(police.get("/workbench/")))
    offered = set(links(office.get("/workbench/")))
    assert offered & ways == {"/workbench/external/"}
    assert {office.get(address).status_code for address in offered} == {200}
    external = leader.get("/workbench/external/")
    crumbs = [tree(external).xpath("//nav[contains(@class, 'crumbs')]//a/@href"), classed(external, "crumbs", "//li")]
    assert crumbs[0] == [] and len(crumbs[1]) == 1
    assert tree(police.get("/workbench/external/")).xpath("//nav[contains(@class, 'crumbs')]//a/@href") == [
        "/workbench/"
    ]
