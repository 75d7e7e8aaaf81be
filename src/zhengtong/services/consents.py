# SPDX-License-Identifier: Apache-2.0
"""Consents of a case: who is asked, when the case may begin, and what has been used already.

A case whose consents are open is submitted and waits: no department has received it, so that no clock runs.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Subject
from zhengtong.acts.perform import Act, Action
from zhengtong.errors import BadInput, Conflict, FormFaults, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.mandates import identified
from zhengtong.organization.models import Account
from zhengtong.organization.persons import Person
from zhengtong.services.applicants import end_of_term
from zhengtong.services.casework import CaseWork, move, open_case
from zhengtong.services.consent_files import ConsentFile
from zhengtong.services.models import Consent
from zhengtong.services.offers import Instead
from zhengtong.services.published import Answers, LifeEvent, Values
from zhengtong.services.rules.flow import StepState, Submit

SETTLED = frozenset({"granted", "replaced"})
ANSWERABLE = frozenset({"asked"})
REPLACEABLE = frozenset({"asked", "refused", "expired", "withdrawn"})
UNTOUCHED = frozenset({StepState.WAITING, StepState.PENDING, StepState.CORRECTING})


def offered(event: LifeEvent, answers: Answers, values: Values) -> dict[str, ConsentFile]:
    """Consents that may stand for a document this situation asks for, by the document's key."""
    wanted = {ask.material.key for ask in event.uploads(answers, values)}
    return {consent.instead_of: consent for consent in event.event.consents if consent.instead_of in wanted}


def chosen(event: LifeEvent, answers: Answers, values: Values, keys: Collection[str]) -> list[ConsentFile]:
    return [consent for consent in offered(event, answers, values).values() if consent.key in keys]


def ask(act: Act, work: CaseWork, consents: list[ConsentFile], instead: Instead) -> None:
    """Ask for each consent. Raises `FormFaults` at the element that names the person."""
    start = {"tolerated": dict(instead.tolerated), "committed": sorted(instead.committed)}
    for consent in consents:
        row = Consent(
            case=work.case,
            reference=uuid.uuid4().hex,
            key=consent.key,
            holder=_holder(work, consent),
            state="asked",
            start=start,
            asked_us=act.now_us,
            expires_us=end_of_term(consent.expires, act.now_us),
        )
        record(act, row, work)


def _holder(work: CaseWork, consent: ConsentFile) -> str:
    """The first person named who is not the applicant himself."""
    values = work.form.values
    applicant = Account.objects.filter(pseudonym=work.case.applicant).first()
    for holder in consent.holders:
        name, number = str(values.get(holder.name, "")), str(values.get(holder.number, ""))
        if not number or (applicant is not None and applicant.identity_number == number):
            continue
        try:
            return identified(Person(name, number))
        except BadInput as fault:
            raise FormFaults({holder.number: fault}) from None
    missing = BadInput("表单里没有可以征求同意的另一个人", "the form names nobody else who could agree")
    raise FormFaults({consent.instead_of: missing})


def record(act: Act, row: Consent, work: CaseWork) -> None:
    """Write the row as its state says, with its event."""
    about = {"consent": row.key, "life_event": work.case.life_event}
    act.record(f"consent_{row.state}", row, [work.case_ref, ObjectRef("person", row.holder, "holder")], about)


def begin_if_settled(act: Act, work: CaseWork) -> None:
    """Departments receive the case with the last consent: its clocks begin now."""
    rows = list(Consent.objects.filter(case=work.case))
    if all(row.state in SETTLED for row in rows) and not begun(work):
        start = rows[0].start
        move(act, work, Submit(act.now_us, start.get("tolerated", {}), frozenset(start.get("committed", ()))))


def begun(work: CaseWork) -> bool:
    return any(step.state != StepState.WAITING for step in work.steps.values())


def is_used(work: CaseWork, row: Consent) -> bool:
    """Whether a department that needs the document has taken the case up: from then on it rests on the consent."""
    material = next(one.instead_of for one in work.definition.event.consents if one.key == row.key)
    users = [s for s in work.definition.services.values() if any(m.key == material for m in s.materials)]
    return any(work.steps[s.key].state not in UNTOUCHED for s in users if s.key in work.steps)


def stood_for(work: CaseWork) -> set[str]:
    """Documents that nobody has to bring because the consent given instead stands."""
    granted = set(Consent.objects.filter(case=work.case, state="granted").values_list("key", flat=True))
    return {one.instead_of for one in work.definition.event.consents if one.key in granted}


@dataclass
class ConsentWork:
    """A consent with its locked case. Its owner is who was asked; the applicant's acts look at the case instead."""

    row: Consent
    work: CaseWork
    for_holder: bool = True

    @property
    def subject(self) -> Subject:
        if self.for_holder:
            return Subject("consent", self.row.reference, owners=frozenset({self.row.holder}))
        return self.work.applicants_subject


def open_consent(reference: str, *, for_holder: bool = True) -> ConsentWork:
    """Load a consent under its case's lock. Raises `NotFound`."""
    found = Consent.objects.filter(reference=reference).select_related("case").first()
    if found is None:
        raise NotFound("没有这份同意", "there is no such consent", found=reference[:40])
    work = open_case(found.case.number)
    return ConsentWork(Consent.objects.get(pk=found.pk), work, for_holder)


@dataclass(frozen=True)
class OnConsent(Action[ConsentWork]):
    consent: str

    def target(self, actor: Actor) -> ConsentWork:
        return open_consent(self.consent)


def require(row: Consent, states: Collection[str]) -> None:
    if row.state not in states:
        zh, en = "这份同意的状态已经不允许这样做", "the consent's state no longer allows this"
        raise Conflict(zh, en, found=row.state, expected=" | ".join(sorted(states)))
