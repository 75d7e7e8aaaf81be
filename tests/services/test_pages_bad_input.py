# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent, the answer is a page that says what is wrong: never a crash, a stored script or a half-done act."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from people import FORM, MATERIALS, account, publish
from visits import APPLY, apply, decide, errors_at, form, officer_of, post, said, tree, visitor
from zhengtong.acts.models import PerformedAct
from zhengtong.organization.models import Account
from zhengtong.services.models import Case, Draft, Step

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
MARKUP = "<b onmouseover=alert(1)>夏</b>{{ 7|add:7 }}{% now 'Y' %}"


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def parent() -> object:
    return visitor(account("parent"))


@pytest.mark.parametrize("field", [*FORM, *MATERIALS])
def test_a_missing_answer_is_told_at_its_own_field(parent: object, field: str) -> None:
    page = parent.post(APPLY, form(**{field: None}))
    assert page.status_code == 422 and list(errors_at(page)) == [field]


def test_an_empty_form_is_told_about_every_field_and_document_at_once(parent: object) -> None:
    page = parent.post(APPLY, {"act_key": "0" * 32})
    assert page.status_code == 422 and set(errors_at(page)) == {*FORM, *MATERIALS}


@pytest.mark.parametrize("field", sorted(FORM))
def test_a_text_far_too_long_is_told_at_its_field(parent: object, field: str) -> None:
    page = parent.post(APPLY, form(**{field: "长" * 100_000}))
    assert page.status_code == 422 and field in errors_at(page)
    assert not Case.objects.exists()


@pytest.mark.parametrize("value", ["\u202e林", "林\u200b", "\ud7ff\uffff", "\x07bell"])
def test_hidden_and_control_characters_are_no_name(parent: object, value: str) -> None:
    page = parent.post(APPLY, form(child_name=value))
    assert page.status_code == 422 and list(errors_at(page)) == ["child_name"]


def test_a_nul_is_refused_wherever_it_is_sent(parent: object) -> None:
    number = apply(parent)
    officer, acts = officer_of("birth-registration"), PerformedAct.objects.count()
    answers = [
        visitor().get("/", {"q": "a\0b"}),
        visitor().get("/verify/", {"code": "A\0"}),
        visitor().get("/verify/A%00/"),
        visitor().get("/life-events/newborn/", {"birth_place": "\0", "parents": "married"}),
        visitor().post("/login/", {"username": "a\0", "password": "b"}),
        parent.get("/my/M26%00/"),
        parent.get("/documents/%00/"),
        parent.get("/evidence/events/%00/"),
        parent.post(APPLY, form(child_name="林\0", save="1")),
        parent.post(APPLY, form(child_name="林\0")),
        post(officer, f"/workbench/{number}/birth-registration/act/", act="accept", text="\0"),
        post(officer, f"/workbench/{number}/birth-registration/act/", act="ask", items="child_name", text="a\0b"),
        post(officer, f"/workbench/{number}/%00/act/", act="accept"),
    ]
    assert [answer.status_code for answer in answers if answer.status_code not in (404, 422)] == []
    assert not Draft.objects.exists() and PerformedAct.objects.count() == acts


def test_markup_in_a_name_is_no_markup_on_any_page(parent: object) -> None:
    person = Account.objects.get(username="parent")
    person.name = MARKUP
    person.save()
    number = apply(parent, household_address=MARKUP)
    decide(number, "birth-registration", "ask", items=["child_name"], text=MARKUP)
    officer = officer_of("birth-registration")
    shown = [
        parent.get(f"/my/{number}/"),
        officer.get(f"/workbench/{number}/birth-registration/"),
        parent.post(APPLY, form(child_name=MARKUP, household_address="")),
        visitor().get("/", {"q": MARKUP}),
        parent.get("/my/<b onmouseover=alert(1)>/"),
    ]
    for page in shown:
        assert not tree(page).xpath("//*[@onmouseover]")
        assert "7|add:7" in page.content.decode(), "what people wrote is never read as a template"
    assert MARKUP in said(shown[0]) and MARKUP in said(shown[1])


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_a_correction_without_words_or_items_is_not_asked(parent: object, text: str) -> None:
    number = apply(parent)
    for fields in ({"items": ["child_name"], "text": text}, {"items": ["made_up"], "text": "x"}, {"text": "x"}):
        answer = decide(number, "birth-registration", "ask", **fields)
        assert answer.status_code == 422, fields
    assert Step.objects.get(case__number=number, key="birth-registration").state == "pending"


@pytest.mark.parametrize("act", ["ask", "refuse", "not_accept"])
def test_words_for_the_applicant_have_a_length(parent: object, act: str) -> None:
    number = apply(parent)
    if act == "refuse":
        decide(number, "birth-registration", "accept")
    reason = {"refuse": "identity-differs", "not_accept": "not-needed"}.get(act, "")
    answer = decide(number, "birth-registration", act, items=["child_name"], reason=reason, text="长" * 100_000)
    assert answer.status_code == 422 and "100000" in said(answer)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.dictionaries(st.sampled_from([*FORM, "act", "next", "answers"]), st.text(max_size=40)))
def test_any_text_in_any_field_is_answered_with_the_form_again_or_a_case(parent: object, raw: dict[str, str]) -> None:
    encodable = {name: text.encode(errors="ignore").decode() for name, text in raw.items()}
    answer = parent.post(APPLY, form(draft_writer="a" * 32, **encodable))  # one window, going on over its own draft
    assert answer.status_code in (302, 422)
    if answer.status_code == 302:
        assert encodable.keys().isdisjoint(FORM) or Case.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("address", ["/", APPLY, "/verify/", "/login/", "/my/"])
def test_a_method_that_was_not_declared_is_refused(parent: object, method: str, address: str) -> None:
    assert getattr(parent, method)(address).status_code == 405


def test_a_body_that_is_no_form_is_refused(parent: object) -> None:
    cut = parent.generic("POST", APPLY, b"--x\r\nContent-Disposition: form-da", "multipart/form-data; boundary=x")
    assert cut.status_code in (400, 422)
    json = parent.post(APPLY, '{"act_key": 1}', content_type="application/json")
    assert json.status_code == 422
    many = parent.post(APPLY, {f"f{i}": "x" for i in range(600)})
    assert many.status_code == 400
    assert not Case.objects.exists()
