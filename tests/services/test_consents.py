# SPDX-License-Identifier: Apache-2.0
"""Another person's consent instead of a document: asked, read, given or not; until then no clock runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from people import FORM, OTHER, account, actor, do, officer, publish, submission, uploaded
from visits import APPLY, form, picture, post, said, visitor
from zhengtong import ledger
from zhengtong.acts.actor import SYSTEM
from zhengtong.errors import BadInput, Conflict, FormFaults, NotFound, Refused
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.answer_consent import AnswerConsent, RecordConsentExpiry, WithdrawConsent
from zhengtong.services.actions.replace_consent import ReplaceConsent
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case, Consent, Material, Message, Step
from zhengtong.services.sweep import sweep, sweep_consents

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
KEY = "other-parent-licence"
MONDAY_US = 1_768_183_200_000_000  # 2026-01-12 10:00 in the city
DAY = 86_400_000_000


def named(person: Any, name: str) -> Any:
    person.name = name
    person.save()
    return person


@pytest.fixture
def mother(state: Path, transactional_db: None) -> Any:
    return named(account("mother", identity_number=FORM["mother_id"]), FORM["mother_name"])


@pytest.fixture
def father(mother: Any) -> Any:
    return named(account("father", identity_number=FORM["father_id"]), FORM["father_name"])


def apply_for(who: Any, *, at_us: int | None = None, **changes: object) -> Consent:
    given = {"materials": (uploaded("birth-certificate"),), "consents": (KEY,), **changes}
    number = do(submission(publish(), **given), actor(who), at_us=at_us).result["case"]
    return Consent.objects.get(case__number=number)


def states(row: Consent) -> set[str]:
    return set(Step.objects.filter(case=row.case).values_list("state", flat=True))


class TestWaiting:
    def test_the_case_waits_no_department_has_received_it_and_no_clock_runs(self, mother: Any, father: Any) -> None:
        row = apply_for(mother, at_us=MONDAY_US)
        assert row.holder == father.pseudonym and row.state == "asked"
        assert states(row) == {"waiting"}
        assert set(Step.objects.values_list("due_us", "lapse_us")) == {(None, None)}
        assert sweep(MONDAY_US + 900 * DAY) == 0
        with pytest.raises(Conflict):
            do(AcceptStep(row.case.number, "birth-registration"), officer("police"))

    def test_with_the_consent_the_departments_receive_it_and_the_clocks_begin_then(
        self, mother: Any, father: Any
    ) -> None:
        row = apply_for(mother, at_us=MONDAY_US)
        do(AnswerConsent(row.reference, True), actor(father), at_us=MONDAY_US + DAY)
        step = Step.objects.get(case=row.case, key="birth-registration")
        assert step.state == "pending" and step.facts[0]["at_us"] == MONDAY_US + DAY
        do(AcceptStep(row.case.number, "birth-registration"), officer("police"))
        assert audit(ledger.log()).findings == []

    def test_without_the_document_and_without_asking_the_form_is_refused(self, mother: Any, father: Any) -> None:
        for wrong in ({"consents": ()}, {"consents": ("another",)}):
            with pytest.raises(FormFaults) as found:
                apply_for(mother, **wrong)
            assert set(found.value.fields) == {"marriage-certificate"}

    def test_who_applies_himself_is_not_asked_and_a_name_must_fit_its_number(self, mother: Any, father: Any) -> None:
        assert apply_for(father).holder == mother.pseudonym
        named(father, "别人")
        with pytest.raises(FormFaults) as found:
            apply_for(mother)
        assert set(found.value.fields) == {"father_id"}


class TestAnswers:
    def test_only_who_is_asked_answers_and_once(self, mother: Any, father: Any) -> None:
        row = apply_for(mother)
        for stranger in (OTHER, actor(mother), officer("police")):
            with pytest.raises(Refused):
                do(AnswerConsent(row.reference, True), stranger)
        do(AnswerConsent(row.reference, True), actor(father))
        with pytest.raises(Conflict):
            do(AnswerConsent(row.reference, False), actor(father))
        with pytest.raises(NotFound):
            do(AnswerConsent("0" * 32, True), actor(father))

    def test_after_a_refusal_the_case_waits_for_the_document(self, mother: Any, father: Any) -> None:
        row = apply_for(mother)
        do(AnswerConsent(row.reference, False), actor(father))
        assert states(row) == {"waiting"}
        with pytest.raises(BadInput):
            do(ReplaceConsent(row.reference, uploaded("birth-certificate")), actor(mother))
        with pytest.raises(Refused):
            do(ReplaceConsent(row.reference, uploaded("marriage-certificate")), actor(father))
        do(ReplaceConsent(row.reference, uploaded("marriage-certificate")), actor(mother))
        assert "pending" in states(row)
        assert Material.objects.filter(case=row.case, key="marriage-certificate").exists()
        with pytest.raises(Conflict):
            do(ReplaceConsent(row.reference, uploaded("marriage-certificate")), actor(mother))

    def test_it_is_taken_back_until_a_department_rests_on_it(self, mother: Any, father: Any) -> None:
        row = apply_for(mother)
        do(AnswerConsent(row.reference, True), actor(father))
        do(WithdrawConsent(row.reference), actor(father))
        assert Case.objects.get(pk=row.case.pk).phase == "withdrawn"
        again = apply_for(mother)
        do(AnswerConsent(again.reference, True), actor(father))
        do(AcceptStep(again.case.number, "birth-registration"), officer("police"))
        with pytest.raises(Conflict, match="used"):
            do(WithdrawConsent(again.reference), actor(father))

    def test_a_withdrawn_case_asks_nobody_any_more(self, mother: Any, father: Any) -> None:
        row = apply_for(mother)
        do(WithdrawCase(row.case.number), actor(mother))
        with pytest.raises(Conflict):
            do(AnswerConsent(row.reference, True), actor(father))


class TestTime:
    def test_who_does_not_answer_is_reminded_once_and_the_term_ends_at_its_instant(
        self, mother: Any, father: Any
    ) -> None:
        row = apply_for(mother, at_us=MONDAY_US)
        assert sweep_consents(MONDAY_US + DAY) == 0
        near = row.expires_us - DAY
        assert (sweep_consents(near), sweep_consents(near)) == (1, 0)
        assert Message.objects.get().recipient == father.pseudonym
        assert sweep_consents(row.expires_us + 1) == 1
        row.refresh_from_db()
        assert row.state == "expired"
        assert Event.objects.get(type="consent_expired").time_us == row.expires_us
        with pytest.raises(Conflict):
            do(AnswerConsent(row.reference, True), actor(father))
        do(ReplaceConsent(row.reference, uploaded("marriage-certificate")), actor(mother))
        assert "pending" in states(row)

    def test_nobody_but_the_system_says_it_is_over(self, mother: Any, father: Any) -> None:
        row = apply_for(mother)
        with pytest.raises(Refused):
            do(RecordConsentExpiry(row.reference), actor(mother))
        do(RecordConsentExpiry(row.reference), SYSTEM)

    def test_the_record_holds_no_name_and_no_number(self, mother: Any, father: Any) -> None:
        row = apply_for(mother)
        do(AnswerConsent(row.reference, True), actor(father))
        kept = str(list(Event.objects.values_list("attributes", flat=True)))
        assert not any(FORM[key] in kept for key in ("father_name", "father_id", "mother_id"))


class TestPages:
    def test_asked_on_the_form_read_and_given_in_the_portal(self, mother: Any, father: Any) -> None:
        publish()
        hers, his = visitor(mother), visitor(father)
        assert "The case waits for the answer" in said(hers.get(APPLY))
        sent = hers.post(APPLY, form(**{"marriage-certificate": None}, consents=[KEY]))
        assert sent.status_code == 302, said(sent)
        row = Consent.objects.get()
        mine = said(hers.get(f"/my/{row.case.number}/"))
        assert "waits for an answer" in mine and "The departments begin when this is settled" in mine
        asked = said(his.get("/my/consents/"))
        assert "electronic certificate of marriage" in asked and "林晓梅 has applied" in asked
        address = f"/my/consents/{row.reference}/answer/"
        assert post(his, address, answer="perhaps").status_code == 422
        assert post(his, address, answer="grant").status_code == 302
        assert "Take my consent back" in said(his.get("/my/consents/"))
        assert "agreed" in said(hers.get(f"/my/{row.case.number}/"))
        assert said(visitor(account("stranger")).get("/my/consents/")).count("electronic certificate") == 0

    def test_the_document_is_brought_instead(self, mother: Any, father: Any) -> None:
        row = apply_for(mother)
        address = f"/my/consents/{row.reference}/replace/"
        assert post(visitor(father), address).status_code == 404
        assert post(visitor(mother), address).status_code == 422
        sent = post(visitor(mother), address, **{"marriage-certificate": picture()})
        assert sent.status_code == 302 and "pending" in states(row)


def test_the_situation_that_needs_no_such_document_offers_no_consent(mother: Any) -> None:
    publish()
    page = visitor(mother).get(APPLY.replace("=married", "=unmarried"))
    assert "The case waits for the answer" not in said(page)
