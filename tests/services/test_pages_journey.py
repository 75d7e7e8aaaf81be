# SPDX-License-Identifier: Apache-2.0
"""From the portal to the result, as pages: apply, follow, correct, withdraw, decide."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from people import ANSWERS, FORM, account, publish
from services.upload_factory import archive, pdf
from visits import (
    APPLY,
    apply,
    classed,
    decide,
    errors_at,
    filled,
    form,
    links,
    officer_of,
    picture,
    post,
    said,
    tree,
    visitor,
    window,
)
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.outbox import deliver
from zhengtong.services.models import Case, Draft, Material, Notice, Step
from zhengtong.site.worker import seal

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
GUIDE = "/life-events/newborn/"


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def parent() -> object:
    return visitor(account("parent", mobile="13800001000"))


def test_the_portal_finds_a_life_event_by_the_words_of_a_parent() -> None:
    anyone = visitor()
    assert GUIDE in links(anyone.get("/", {"q": "my child was just born"}), GUIDE)
    chinese = visitor(language="zh-hans").get("/", {"q": "孩子刚出生，要办什么？"})
    assert "新生儿出生" in tree(chinese).xpath("//main//section")[1].text_content()
    assert "Nothing found" in said(anyone.get("/", {"q": "qqqq"}))


def test_two_answers_say_what_it_takes_before_anyone_signs_in() -> None:
    page = visitor().get(GUIDE, ANSWERS)
    assert "Medical certificate of birth" in said(page) and "Marriage certificate" in said(page)
    assert "Entry in the household register passed on inside the case" in said(page)
    assert links(page, "/life-events/newborn/apply/")[0] == APPLY
    unmarried = visitor().get(GUIDE, {**ANSWERS, "parents": "unmarried"})
    assert "Marriage certificate" not in said(unmarried) and "Statement of parentage" in said(unmarried)


@pytest.mark.parametrize("answers", [{"birth_place": "moon", "parents": "married"}, {"birth_place": "institution"}])
def test_an_answer_that_is_no_option_is_asked_again_at_its_question(answers: dict[str, str]) -> None:
    page = visitor().get(GUIDE, answers)
    wrong = "parents" if "parents" not in answers else "birth_place"
    assert list(errors_at(page)) == [wrong]
    [line] = classed(page, "error-summary", "//a")
    assert line.text_content().endswith("? please choose one"), "a question needs no colon"
    assert "apply" not in "".join(links(page, GUIDE))


@pytest.mark.parametrize("query", ["", "?birth_place=moon&parents=married", "?birth_place=institution"])
def test_the_form_is_not_shown_for_a_situation_that_does_not_hold(parent: object, query: str) -> None:
    answer = parent.get(f"/life-events/newborn/apply/{query}")
    assert (answer.status_code, answer["Location"]) == (302, GUIDE)


def test_an_unknown_life_event_is_a_page_that_says_so(parent: object) -> None:
    for address in ("/life-events/nothing/", "/life-events/nothing/apply/"):
        answer = parent.get(address)
        assert answer.status_code == 404 and "there is no such life event" in said(answer)


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back() -> None:
    answer = visitor().get(APPLY)
    assert answer.status_code == 302 and answer["Location"].startswith("/login/?next=/life-events/newborn/apply/")
    refused = visitor().post(APPLY, form())
    assert refused.status_code == 403 and not Case.objects.exists()


def test_applying_files_one_case_and_passes_it_to_the_departments(parent: object) -> None:
    number = apply(parent)
    page = parent.get(f"/my/{number}/")
    assert "Your application was received" in said(page)
    for name in ("Registration of a birth", "Social security card", "waits for an earlier step"):
        assert name in said(page)
    assert number in said(parent.get("/my/"))
    kept = Case.objects.get(number=number).form.values
    assert kept == FORM
    assert Material.objects.filter(case__number=number).count() == 2


def test_every_error_stands_at_its_field_and_nothing_typed_is_lost(parent: object) -> None:
    wrong = {"mother_id": "999900199003121008", "birth_date": "2026-02-30", "child_name": ""}
    page = parent.post(APPLY, form(**wrong))
    assert page.status_code == 422 and not Case.objects.exists()
    assert set(errors_at(page)) == set(wrong)
    assert tree(page).find(".//title").text.startswith("Error")
    summary = classed(page, "error-summary", "//a")
    assert [link.get("href") for link in summary] == ["#f-child_name", "#f-birth_date", "#f-mother_id"]
    for link in summary:
        assert tree(page).get_element_by_id(link.get("href")[1:]) is not None
    assert filled(page, "father_name") == FORM["father_name"]
    assert filled(page, "mother_id") == wrong["mother_id"]
    assert filled(page, "insurance_tier") == "basic"


def test_a_form_sent_back_keeps_its_files_so_that_they_are_not_chosen_twice(parent: object) -> None:
    parent.post(APPLY, form(child_name=""))
    again = parent.get(APPLY)
    assert "birth.png" in said(again) and "marriage.png" in said(again)
    assert filled(again, "household_address") == FORM["household_address"]
    without_files = {name: value for name, value in form().items() if not name.endswith("-certificate")}
    assert parent.post(APPLY, without_files | window(again)).status_code == 302
    assert Material.objects.count() == 2
    assert not Draft.objects.exists(), "what was submitted is a draft no more"


def test_a_draft_is_kept_on_request_and_only_for_the_situation_it_was_begun_in(parent: object) -> None:
    saved = parent.post(APPLY, form(save="1", mother_id="half a num"), follow=True)
    assert "Your draft is kept" in said(saved)
    assert filled(saved, "mother_id") == "half a num"
    assert not Case.objects.exists()
    other = parent.get(APPLY.replace("=married", "=unmarried"))
    assert filled(other, "mother_id") == ""
    stranger = visitor(account("stranger")).get(APPLY)
    assert filled(stranger, "mother_id") == "", "a draft belongs to one person"


def test_a_file_that_is_missing_is_asked_for_at_its_place(parent: object) -> None:
    page = parent.post(APPLY, form(**{"birth-certificate": None}))
    assert list(errors_at(page)) == ["birth-certificate"]
    assert "marriage.png" in said(page)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html><script>alert(1)</script></html>", "judged by content"),
        (b"MZ\x90\x00" + b"\0" * 100, "judged by content"),
        (archive(), "judged by content"),
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\nbroken", "broken"),
        (pdf(catalog=b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "script"),
    ],
)
def test_a_hostile_file_is_refused_at_its_field_whatever_it_is_called(parent: object, content: bytes, why: str) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    page = parent.post(APPLY, form(**{"birth-certificate": SimpleUploadedFile("ok.pdf", content, "application/pdf")}))
    assert page.status_code == 422 and not Case.objects.exists()
    assert list(errors_at(page)) == ["birth-certificate"] and why in errors_at(page)["birth-certificate"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\x\\..\\evil.exe", '"><script>alert(1)</script>.png', "a\r\nSet-Cookie: x=1.png"]
)
def test_a_files_name_is_only_ever_a_label(parent: object, state: Path, name: str) -> None:
    number = apply(parent, **{"birth-certificate": picture(name)})
    row = Material.objects.get(case__number=number, key="birth-certificate")
    assert "/" not in row.filename and "\n" not in row.filename
    shown = officer_of("birth-registration").get(f"/workbench/{number}/birth-registration/")
    assert "<script>alert" not in shown.content.decode()
    answer = parent.get(f"/materials/{row.reference}/")
    assert answer["Content-Type"] == "image/png" and answer["Content-Disposition"].startswith("attachment")
    assert "Set-Cookie" not in answer.headers
    assert {p.name for p in (state / "uploads").rglob("*") if p.is_file()} == {row.sha256}


def test_the_same_key_files_once_and_answers_the_same_case(parent: object) -> None:
    key = uuid.uuid4().hex
    assert apply(parent, act_key=key) == apply(parent, act_key=key)
    assert Case.objects.count() == 1


def test_another_body_under_the_key_is_refused_with_a_link_to_what_was_done(parent: object) -> None:
    key = uuid.uuid4().hex
    number = apply(parent, act_key=key)
    page = parent.post(APPLY, form(act_key=key, child_name="林知秋"))
    assert page.status_code == 409 and "nothing was done again" in said(page)
    assert f"/my/{number}/" in links(page)
    assert Case.objects.get().form.values["child_name"] == FORM["child_name"]


def test_a_key_that_failed_is_not_used_up(parent: object) -> None:
    key = uuid.uuid4().hex
    page = parent.post(APPLY, form(act_key=key, child_name=""))
    assert page.status_code == 422
    assert parent.post(APPLY, form(act_key=key, **window(page))).status_code == 302


@pytest.mark.parametrize("key", ["", "x" * 32, "1234", "0" * 33, None])
def test_without_a_whole_key_nothing_is_done(parent: object, key: str | None) -> None:
    page = parent.post(APPLY, {k: v for k, v in form().items() if k != "act_key"} | ({"act_key": key} if key else {}))
    assert page.status_code == 422 and "carries no key" in said(page)
    assert not Case.objects.exists()


def test_the_departments_correct_decide_and_the_applicant_follows(parent: object) -> None:
    number = apply(parent)
    asked = decide(number, "birth-registration", "ask", items=["child_name"], text="The name differs: 林知 or 林知夏?")
    assert asked.status_code == 302
    page = parent.get(f"/my/{number}/")
    assert "The name differs" in said(page) and filled(page, "child_name") == FORM["child_name"]
    assert filled(page, "mother_id") is None, "only what was asked for is asked"
    wrong = post(parent, f"/my/{number}/correct/", child_name="1")
    assert wrong.status_code in (409, 422)
    fixed = post(parent, f"/my/{number}/correct/", child_name="林知秋", mother_id="999900199003121009")
    assert fixed.status_code == 302
    form_now = Case.objects.get(number=number).form
    assert form_now.values["child_name"] == "林知秋" and form_now.origins["child_name"] == "corrected"
    again = decide(number, "birth-registration", "ask", items=["child_name"], text="once more")
    assert again.status_code == 409, "a correction is asked once"
    assert decide(number, "birth-registration", "accept").status_code == 302
    assert decide(number, "birth-registration", "grant").status_code == 302
    assert "granted" in said(parent.get(f"/my/{number}/"))
    steps = dict(Step.objects.filter(case__number=number).values_list("key", "state"))
    assert steps["birth-registration"] == "granted" and steps["resident-insurance"] == "pending"


def test_a_correction_asked_for_a_document_takes_a_file(parent: object) -> None:
    number = apply(parent)
    decide(number, "birth-registration", "ask", items=["birth-certificate"], text="The scan cannot be read.")
    nothing = post(parent, f"/my/{number}/correct/")
    assert nothing.status_code in (409, 422)
    sent = post(parent, f"/my/{number}/correct/", **{"birth-certificate": picture("sharper.png")})
    assert sent.status_code == 302
    kept = Material.objects.filter(case__number=number, key="birth-certificate").order_by("-id")
    assert kept.count() == 2 and kept[0].filename == "sharper.png"


def test_a_refusal_names_its_reason_and_its_notice_the_remedies(parent: object, state: Path) -> None:
    number = apply(parent)
    decide(number, "birth-registration", "accept")
    for reason in ("", "hearing", "made-up"):
        refused = decide(number, "birth-registration", "refuse", reason=reason, text="x")
        assert refused.status_code == 422, "only a listed reason for refusing counts"
    assert (
        decide(number, "birth-registration", "refuse", reason="identity-differs", text="证件号码不一致。").status_code
        == 302
    )
    while deliver():
        pass
    notice = Notice.objects.get(case__number=number, kind="refuse")
    answer = parent.get(f"/documents/{notice.reference}/")
    assert answer["Content-Type"] == "application/pdf"
    read = _pdf_text(b"".join(answer.streaming_content))
    assert "申请信息与证件不一致" in read and "证件号码不一致" in read
    assert "行政复议" in read and "行政诉讼" in read


def _pdf_text(content: bytes) -> str:
    import io

    import pypdf

    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).replace("\n", "")


def test_not_accepting_takes_a_reason_of_that_kind(parent: object) -> None:
    number = apply(parent)
    wrong = decide(number, "birth-registration", "not_accept", reason="conditions-not-met")
    assert wrong.status_code == 422
    right = decide(number, "birth-registration", "not_accept", reason="not-this-authority", text="请到邻市办理。")
    assert right.status_code == 302
    assert "not accepted" in said(parent.get(f"/my/{number}/"))


def test_pausing_stops_the_clock_until_it_is_resumed(parent: object) -> None:
    number = apply(parent)
    decide(number, "birth-registration", "accept")
    assert decide(number, "birth-registration", "pause", reason="inspection").status_code == 302
    page = officer_of("birth-registration").get(f"/workbench/{number}/birth-registration/")
    assert "The clock stands still" in said(page)
    assert decide(number, "birth-registration", "grant").status_code == 409
    assert decide(number, "birth-registration", "resume").status_code == 302
    assert decide(number, "birth-registration", "grant").status_code == 302


def test_a_department_decides_once_and_sees_why_not_twice(parent: object) -> None:
    number = apply(parent)
    early = decide(number, "birth-registration", "grant")
    assert early.status_code == 409
    for act in ("accept", "grant"):
        assert decide(number, "birth-registration", act).status_code == 302
        repeated = decide(number, "birth-registration", act)
        assert repeated.status_code == 409 and "Nothing was done" in said(repeated)
    unknown = decide(number, "birth-registration", "burn")
    assert unknown.status_code == 422 and "there is no such act" in said(unknown)
    assert decide(number, "resident-insurance", "grant").status_code == 409


def test_the_same_button_pressed_twice_is_one_act(parent: object) -> None:
    number, key = apply(parent), uuid.uuid4().hex
    officer = officer_of("birth-registration")
    address = f"/workbench/{number}/birth-registration/act/"
    for _ in range(2):
        answer = officer.post(address, {"act": "accept", "act_key": key}, follow=True)
        assert answer.status_code == 200
    assert "had been done already" in said(answer)
    other = officer.post(address, {"act": "accept", "act_key": key, "text": "else"})
    assert other.status_code == 302, "a field the act does not read is no other body"


def test_withdrawing_ends_what_is_open_and_keeps_what_is_decided(parent: object) -> None:
    number = apply(parent)
    decide(number, "vaccination-record", "accept")
    decide(number, "vaccination-record", "grant")
    assert "Withdraw the case" in said(parent.get(f"/my/{number}/"))
    assert post(parent, f"/my/{number}/withdraw/").status_code == 302
    steps = dict(Step.objects.filter(case__number=number).values_list("key", "state"))
    assert steps.pop("vaccination-record") == "granted" and set(steps.values()) == {"withdrawn"}
    page = parent.get(f"/my/{number}/")
    assert "Withdraw the case" not in said(page)
    assert post(parent, f"/my/{number}/withdraw/").status_code == 409
    assert not OutboxMessage.objects.filter(topic="services.push").exists()


def test_the_workbench_lists_the_departments_open_steps_and_no_others(parent: object) -> None:
    number = apply(parent)
    police, insurance = officer_of("birth-registration"), officer_of("resident-insurance")
    assert links(police.get("/workbench/"), "/workbench/M") == [f"/workbench/{number}/birth-registration/"]
    assert links(insurance.get("/workbench/"), "/workbench/M") == []
    assert links(police.get("/workbench/?state=accepted"), "/workbench/M") == []
    assert links(police.get("/workbench/?state=nonsense"), "/workbench/M") != [], "an unknown filter filters nothing"
    for act in ("accept", "grant"):
        decide(number, "birth-registration", act)
    assert links(police.get("/workbench/"), "/workbench/M") == []
    assert links(insurance.get("/workbench/"), "/workbench/M") == [f"/workbench/{number}/resident-insurance/"]


def test_a_department_sees_only_the_elements_its_service_needs(parent: object) -> None:
    number = apply(parent)
    police = officer_of("birth-registration").get(f"/workbench/{number}/birth-registration/")
    table = " ".join(tree(police).xpath("//main//table")[0].text_content().split())
    assert FORM["mother_id"] in table and "Basic" not in table and "enhanced" not in table
    for act in ("accept", "grant"):
        decide(number, "birth-registration", act)
    insurance = officer_of("resident-insurance").get(f"/workbench/{number}/resident-insurance/")
    assert FORM["father_id"] not in insurance.content.decode()


def test_the_history_claims_no_more_for_an_event_than_is_so(parent: object) -> None:
    number = apply(parent)
    waiting = classed(parent.get(f"/my/{number}/"), "timeline", "//a")
    assert {link.get("class") for link in waiting} == {"proof promised"}
    seal()
    sealed = classed(parent.get(f"/my/{number}/"), "timeline", "//a")
    assert {link.get("class") for link in sealed} == {"proof sealed"} and len(sealed) == len(waiting)
