# SPDX-License-Identifier: Apache-2.0
"""The counter: the one form for the person who stands there, the receipt, and what the clerk may not."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from people import FORM, account, publish
from visits import APPLY, CASE, classed, errors_at, filled, form, links, post, said, tree, visitor
from zhengtong.ledger.models import Event
from zhengtong.organization.models import Account
from zhengtong.services.models import Case, Notice

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
INTAKE = APPLY.replace("/life-events/newborn/apply/", "/counter/newborn/")
PERSON = {"person_name": "林晓梅", "person_number": "999900199003121009"}


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def clerk() -> object:
    return visitor(account("clerk", "clerk", "service-hall"))


def take_in(clerk: object, **changes: object) -> str:
    answer = clerk.post(INTAKE, form(**{**PERSON, **changes}))
    assert answer.status_code == 302, said(answer)
    found = CASE.search(answer["Location"])
    assert found and answer["Location"] == f"/counter/receipts/{found.group()}/"
    return found.group()


def test_the_situation_is_asked_first(clerk: object) -> None:
    assert "/counter/newborn/" in links(clerk.get("/counter/"))
    questions = clerk.get("/counter/newborn/")
    assert len(tree(questions).xpath("//main//fieldset")) == 2
    assert filled(clerk.get(INTAKE), "person_name") == ""


def test_taking_in_enters_the_person_and_prints_a_receipt(clerk: object) -> None:
    number = take_in(clerk)
    receipt = clerk.get(f"/counter/receipts/{number}/")
    for words in ("林晓梅", number, "Medical certificate of birth", "10 working days"):
        assert words in said(receipt), words
    notice = Notice.objects.get(case__number=number, kind="intake")
    assert notice.code in said(receipt)
    image = tree(receipt).xpath("//main//img")[0]
    assert image.get("src").startswith("data:image/svg+xml;base64,") and image.get("alt")
    case = Case.objects.get(number=number)
    person = Account.objects.get(identity_number=PERSON["person_number"])
    assert (case.applicant, case.channel) == (person.pseudonym, "counter")
    assert not person.has_usable_password(), "nobody can sign in as somebody a clerk entered"
    assert case.taken_by == Account.objects.get(username="clerk").pseudonym
    assert number in said(clerk.get("/counter/"))
    submitted = Event.objects.get(type="case_submitted")
    assert (submitted.attributes["visits"], submitted.attributes["channel"]) == (1, "counter")


def test_a_person_known_by_number_is_the_same_person_again(clerk: object) -> None:
    parent = account("parent", identity_number=PERSON["person_number"])
    number = take_in(clerk)
    assert Case.objects.get(number=number).applicant == parent.pseudonym
    assert number in said(visitor(parent).get("/my/")), "what the counter took in is followed at home"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("person_name", ""),
        ("person_name", "梅" * 65),
        ("person_number", ""),
        ("person_number", "999900199003121008"),
        ("person_number", "123"),
        ("child_name", ""),
        ("mother_id", "1"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_rest_stays(clerk: object, field: str, value: str) -> None:
    page = clerk.post(INTAKE, form(**{**PERSON, field: value}))
    assert page.status_code == 422 and list(errors_at(page)) == [field]
    assert [link.get("href") for link in classed(page, "error-summary", "//a")] == [f"#f-{field}"]
    assert filled(page, "household_address") == FORM["household_address"]
    kept = {name: filled(page, name) for name in PERSON if name != field}
    assert kept == {name: PERSON[name] for name in kept}
    assert not Case.objects.exists() and not Account.objects.filter(username__startswith="person-").exists()


def test_errors_of_the_person_and_of_the_form_are_told_together(clerk: object) -> None:
    page = clerk.post(INTAKE, form(**{**PERSON, "person_name": "", "child_name": "", "birth-certificate": None}))
    assert {"person_name", "child_name"} <= set(errors_at(page))


def carried(page: object) -> dict[str, str]:
    hidden = tree(page).xpath("//main//input[@type='hidden'][starts-with(@name, 'kept:')]")
    return {one.get("name"): one.get("value") for one in hidden}


def test_what_was_scanned_stays_when_the_form_comes_back(clerk: object) -> None:
    page = clerk.post(INTAKE, form(**{**PERSON, "person_number": "123"}))
    assert list(errors_at(page)) == ["person_number"] and "already added" in said(page)
    assert "kept:birth-certificate" in carried(page)
    number = take_in(clerk, **{"birth-certificate": None}, **carried(page))
    assert Case.objects.get(number=number).materials.filter(key="birth-certificate").count() == 1


def test_a_scan_is_carried_only_for_the_clerk_who_made_it(clerk: object) -> None:
    page = clerk.post(INTAKE, form(**{**PERSON, "person_number": "123"}))
    colleague = visitor(account("colleague", "clerk", "service-hall"))
    unsigned = {name: value[:-3] + "xxx" for name, value in carried(page).items()}
    assert unsigned
    for visit, hidden in ((colleague, carried(page)), (clerk, unsigned)):
        answer = visit.post(INTAKE, form(**{**PERSON, "birth-certificate": None, **hidden}))
        assert answer.status_code == 422 and list(errors_at(answer)) == ["birth-certificate"]
    assert not Case.objects.exists()


def test_a_repeated_key_takes_in_once(clerk: object) -> None:
    key = uuid.uuid4().hex
    assert take_in(clerk, act_key=key) == take_in(clerk, act_key=key)
    assert Case.objects.count() == 1
    other = clerk.post(INTAKE, form(**{**PERSON, "act_key": key, "child_name": "林知秋"}))
    assert other.status_code == 409


def test_only_a_clerk_takes_in_and_only_the_own_receipts_are_read(clerk: object) -> None:
    number = take_in(clerk)
    for person in (account("somebody"), account("officer", "officer", "police")):
        outsider = visitor(person)
        assert outsider.get(INTAKE).status_code == 403
        assert outsider.post(INTAKE, form(**PERSON)).status_code == 403
        assert outsider.get(f"/counter/receipts/{number}/").status_code == 403
    colleague = visitor(account("colleague", "clerk", "service-hall"))
    assert colleague.get(f"/counter/receipts/{number}/").status_code == 404
    assert number not in said(colleague.get("/counter/"))
    assert Case.objects.count() == 1


def test_a_clerk_follows_what_he_took_in_but_only_the_applicant_withdraws_it(clerk: object) -> None:
    number = take_in(clerk)
    page = clerk.get(f"/my/{number}/")
    assert page.status_code == 200
    assert not tree(page).xpath(f"//form[@action='/my/{number}/withdraw/']")
    assert post(clerk, f"/my/{number}/withdraw/").status_code == 403
    assert Case.objects.get(number=number).phase == "open"


def test_a_name_is_shown_as_text_whatever_it_holds(clerk: object) -> None:
    page = clerk.post(INTAKE, form(**{**PERSON, "person_name": '"><img src=x onerror=alert(1)>', "child_name": ""}))
    assert filled(page, "person_name") == '"><img src=x onerror=alert(1)>'
    assert not tree(page).xpath("//img[@onerror]")
    number = take_in(clerk, person_name="<b>梅</b>")
    receipt = clerk.get(f"/counter/receipts/{number}/")
    assert "<b>梅</b>" in said(receipt) and not tree(receipt).xpath("//main//b")
