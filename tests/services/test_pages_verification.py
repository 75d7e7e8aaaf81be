# SPDX-License-Identifier: Apache-2.0
"""Whoever holds a notice checks it: by its code, by the file, without a sign-in and without learning about people."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from people import FORM, account, publish
from visits import apply, decide, errors_at, said, visitor
from zhengtong.acts.outbox import deliver
from zhengtong.services.models import Notice

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def granted() -> Notice:
    """The result notice of a granted step, its file signed."""
    case = apply(visitor(account("parent")))
    for act in ("accept", "grant"):
        decide(case, "vaccination-record", act)
    while deliver():
        pass
    return Notice.objects.get(case__number=case, kind="grant")


def file_of(notice: Notice) -> bytes:
    from zhengtong.organization.models import Account

    answer = visitor(Account.objects.get(username="parent")).get(f"/documents/{notice.reference}/")
    assert answer["Content-Type"] == "application/pdf"
    return b"".join(answer.streaming_content)


def judged(notice: Notice, content: bytes, name: str = "notice.pdf") -> str:
    file = SimpleUploadedFile(name, content, "application/pdf")
    return said(visitor().post(f"/verify/{notice.code}/", {"file": file}))


def test_the_code_leads_to_the_notice_without_naming_the_person(granted: Notice) -> None:
    typed = f" {granted.code[:4].lower()}-{granted.code[4:8]} {granted.code[8:]} "
    page = visitor().get("/verify/", {"code": typed}, follow=True)
    assert page.redirect_chain == [(f"/verify/{granted.code}/", 302)]
    for words in (granted.number, "Notice of result", "Vaccination", granted.sha256):
        assert words in said(page), words
    for personal in (FORM["child_name"], FORM["mother_name"], FORM["mother_id"], granted.case.number):
        assert personal not in page.content.decode()


def test_the_very_file_is_recognised(granted: Notice) -> None:
    assert "This is the very file that was issued" in judged(granted, file_of(granted))


def test_a_file_changed_by_one_byte_is_not(granted: Notice) -> None:
    content = file_of(granted)
    for place in (len(content) // 3, len(content) // 2, len(content) - 20):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        assert "This is not the file that was issued" in judged(granted, changed)
    assert "This is not the file that was issued" in judged(granted, content + b"\n")


def test_a_genuine_notice_is_not_another_one(granted: Notice) -> None:
    other = Notice.objects.filter(case=granted.case, kind="accept").first()
    assert other is not None and other.sha256 != granted.sha256
    page = judged(other, file_of(granted))
    assert "This is not the file that was issued" in page and "not the one whose digest was recorded" in page


@pytest.mark.parametrize("content", [b"not a pdf", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\n" + b"[" * 20000])
def test_a_broken_file_is_judged_not_crashed_on(granted: Notice, content: bytes) -> None:
    assert "This is not the file that was issued" in judged(granted, content)


def test_no_file_or_too_large_a_one_is_told(granted: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    assert visitor().post(f"/verify/{granted.code}/").status_code == 422
    assert visitor().post(f"/verify/{granted.code}/", {"file": "text, no file"}).status_code == 422
    monkeypatch.setattr("zhengtong.services.pages.verification.LARGEST", 100)
    large = SimpleUploadedFile("x.pdf", b"%PDF-" + b"x" * 100)
    assert visitor().post(f"/verify/{granted.code}/", {"file": large}).status_code == 422


@pytest.mark.parametrize("code", ["", "AAAA", "A" * 5000, "<script>alert(1)</script>", "' OR 1=1 --", "％００"])
def test_an_unknown_code_is_told_at_the_field(code: str) -> None:
    page = visitor().get("/verify/", {"code": code})
    assert page.status_code == 422 and list(errors_at(page)) == ["code"]
    assert "<script>alert" not in page.content.decode()


def test_an_unknown_address_is_a_page_that_says_so() -> None:
    page = visitor().get("/verify/AAAABBBBCCCCDDDD/")
    assert page.status_code == 404 and "no notice has this code" in said(page)
