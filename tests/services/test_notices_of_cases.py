# SPDX-License-Identifier: Apache-2.0
"""Notices that acts cause: their numbers, what their signed PDF says, and that the record holds its hash."""

from __future__ import annotations

import hashlib
import io

import pypdf
import pytest

from people import ANSWERS, PARENT, account, actor, do, officer, publish, submission, submit
from services.notice_factory import needs_fonts
from services.record import BIRTH, BRING, CARD, DAY_US, MONDAY_US, POLICE, VACCINATION, reach_card
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.outbox import deliver
from zhengtong.errors import Conflict, NotFound
from zhengtong.ledger.models import Event
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_external_answer import RecordExternalDecision
from zhengtong.services.documents import file_of
from zhengtong.services.models import Notice, Output
from zhengtong.services.processes import sealed_notice

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("state")]


@pytest.fixture
def case() -> str:
    return submit(publish(), at_us=MONDAY_US)


def said(number: str, kind: str, step: str = "") -> str:
    """The text a reader can copy from the signed file of a case's notice, without white space."""
    rows = Notice.objects.filter(case__number=number, kind=kind)
    notice = sealed_notice(rows.get(step__key=step) if step else rows.get())
    pages = pypdf.PdfReader(io.BytesIO(file_of(notice).read_bytes())).pages
    return "".join("".join(page.extract_text() for page in pages).split())


def squeezed(*words: str) -> list[str]:
    return ["".join(word.split()) for word in words]


# --- numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.database
def test_notices_are_numbered_by_department_kind_and_year_without_a_gap(case: str) -> None:
    second = submit(publish(), at_us=MONDAY_US)
    for number in (case, second):
        do(AcceptStep(number, BIRTH), POLICE, at_us=MONDAY_US + DAY_US)
    do(AcceptStep(second, VACCINATION), officer("cdc"), at_us=MONDAY_US + DAY_US)
    late = submit(publish(), at_us=MONDAY_US + 360 * DAY_US)
    numbers = list(Notice.objects.order_by("id").values_list("number", flat=True))
    assert numbers == [
        "卫生健康委收〔2026〕1号", "卫生健康委收〔2026〕2号", "公安局受〔2026〕1号", "公安局受〔2026〕2号",
        "疾控中心受〔2026〕1号", "卫生健康委收〔2027〕1号",
    ]  # fmt: skip
    assert Notice.objects.get(case__number=late).issued_us == MONDAY_US + 360 * DAY_US


@pytest.mark.database
def test_a_refused_act_takes_no_number_away(case: str) -> None:
    with pytest.raises(Conflict):
        do(DecideStep(case, BIRTH, True), POLICE)
    BRING["granted"](case)
    assert Notice.objects.get(kind="grant").number.endswith("〕1号")


# --- what they say ------------------------------------------------------------------------------------------------


@needs_fonts
def test_a_refusal_says_why_in_words_and_by_reason_and_how_to_contest_it(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE)
    do(DecideStep(case, BIRTH, False, "identity-differs", "母亲身份证号与证件不一致。"), POLICE)
    text = said(case, "refuse", BIRTH)
    for words in squeezed(
        "申请信息与证件不一致", "The application differs from the documents", "母亲身份证号与证件不一致。",
        "向本级人民政府申请行政复议", "自知道之日起六十日内", "行政复议法",
        "向人民法院提起行政诉讼", "within six months",
        "明川市公安局", "国内出生登记", case, Notice.objects.get(kind="refuse").number,
    ):  # fmt: skip
        assert words in text, words
    assert "不符合法定条件" not in text, "a reason nobody gave"


@needs_fonts
def test_not_accepting_names_the_article_and_the_remedies(case: str) -> None:
    do(NotAcceptStep(case, BIRTH, "not-needed"), POLICE)
    text = said(case, "not_accept", BIRTH)
    for words in squeezed("依法不需要办理", "行政许可法第三十二条第一款第一项", "行政复议", "行政诉讼"):
        assert words in text, words


@needs_fonts
def test_a_request_for_correction_says_everything_at_once(case: str) -> None:
    words = "姓名与出生医学证明不一致。\n\n请重新上传结婚证。"
    do(AskCorrection(case, BIRTH, ("child_name", "marriage-certificate"), words), POLICE)
    text = said(case, "correct", BIRTH)
    for line in squeezed(*words.split()):
        assert line in text


@needs_fonts
def test_excluded_time_names_its_ground_and_article(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE)
    do(PauseStep(case, BIRTH, "inspection"), POLICE)
    text = said(case, "exclude", BIRTH)
    for words in squeezed("检验、检测、鉴定", "行政许可法第四十五条"):
        assert words in text


@needs_fonts
def test_a_grant_names_its_result_and_another_systems_own_number(case: str) -> None:
    reach_card(case)
    do(RecordExternalDecision(case, CARD, True, "CARD-20260077"), SYSTEM)
    assert Output.objects.get(step__key=BIRTH).number in said(case, "grant", BIRTH)
    text = said(case, "grant", CARD)
    assert "CARD-20260077" in text
    assert Output.objects.get(step__key=CARD).number not in text


@needs_fonts
def test_another_systems_refusal_still_names_a_reason(case: str) -> None:
    reach_card(case)
    do(RecordExternalDecision(case, CARD, False, reason="photo_not_usable"), SYSTEM)
    assert "photo_not_usable" in said(case, "refuse", CARD)


@needs_fonts
def test_the_receipt_of_the_application_lists_its_matters_and_its_person() -> None:
    parent = actor(account("林晓梅"))
    number = do(submission(publish(), answers=ANSWERS), parent, at_us=MONDAY_US).result["case"]
    text = said(number, "intake")
    for words in squeezed(
        "国内出生登记", "预防接种建档", "城乡居民医保参保登记", "社会保障卡申领", "林晓梅", "2026年1月12日"
    ):
        assert words in text, words
    assert "2026年1月12日" in text
    assert "演示" in text, "the demo city's notices say so"


# --- files --------------------------------------------------------------------------------------------------------


@needs_fonts
def test_the_file_is_made_after_the_act_once_and_its_hash_recorded(case: str) -> None:
    notice = Notice.objects.get(case__number=case)
    with pytest.raises(NotFound):
        file_of(notice)
    (ordered,) = OutboxMessage.objects.filter(topic="services.sign_notice")
    assert ordered.payload == {"notice": notice.reference}
    ordered_in_all = OutboxMessage.objects.count()
    assert deliver() == ordered_in_all
    notice.refresh_from_db()
    pdf = file_of(notice).read_bytes()
    assert hashlib.sha256(pdf).hexdigest() == notice.sha256
    (event,) = Event.objects.filter(type="notice_sealed")
    assert event.attributes["sha256"] == notice.sha256
    assert sealed_notice(notice).sha256 == notice.sha256
    assert Event.objects.filter(type="notice_sealed").count() == 1


@needs_fonts
def test_a_simulated_cases_files_are_made_only_when_somebody_opens_them() -> None:
    number = do(submission(publish(), demo=True), PARENT).result["case"]
    assert not OutboxMessage.objects.filter(topic="services.sign_notice").exists()
    assert "演示" in said(number, "intake")


@needs_fonts
def test_words_written_as_markup_are_printed_as_they_are(case: str) -> None:
    do(AcceptStep(case, BIRTH), POLICE)
    words = '#panic("x") $a$ *b* #import "/etc/hosts"'
    do(DecideStep(case, BIRTH, False, "conditions-not-met", words), POLICE)
    assert "".join(words.split()) in said(case, "refuse", BIRTH)
