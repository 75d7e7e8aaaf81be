# SPDX-License-Identifier: Apache-2.0
"""Consents of others asked for over the year: given, refused, left unanswered, and the document brought after all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.city.elements import Value
from zhengtong.organization.persons import Person, pseudonym_of
from zhengtong.services.actions.answer_consent import AnswerConsent, RecordConsentExpiry
from zhengtong.services.actions.replace_consent import ReplaceConsent
from zhengtong.services.consent_files import ConsentFile
from zhengtong.services.models import Consent
from zhengtong.services.rules import flow
from zhengtong.site.demo import steps

if TYPE_CHECKING:
    from zhengtong.site.demo.play import Play, Running

ASKED = 0.25
"""How often a consent is asked for where one may stand for a document."""
GIVEN, REFUSED = 0.8, 0.1
"""Of those asked; the rest do not answer."""
AFTER_ALL = 0.8
"""How often the applicant then brings the document."""
DAY = 86_400_000_000


def holder_of(consent: ConsentFile, values: Mapping[str, Value], applicant: str) -> Person | None:
    """Who is asked: the first person the form names who is not the applicant (of this number) himself."""
    for holder in consent.holders:
        number = str(values.get(holder.number, ""))
        if number and number != applicant:
            return Person(str(values.get(holder.name, "")), number)
    return None


@dataclass(frozen=True)
class Asked:
    """A consent that has been asked for; `submit` begins the case with it."""

    case: Running
    reference: str
    document: str
    person: Person
    submit: flow.Submit


def wait(play: Play, case: Running, asked: Mapping[str, Person], submit: flow.Submit, now: int) -> None:
    """What becomes of each consent. The demo's life events ask for one a case."""
    documents = {one.key: one.instead_of for one in case.event.event.consents}
    for key, person in asked.items():
        row = Consent.objects.filter(case__number=case.number, key=key).first()
        if row is None:
            continue
        one = Asked(case, row.reference, documents[key], person, submit)
        drawn, answered = play.draw.random(), now + int(play.draw.uniform(0.05, 3) * DAY)
        if drawn < GIVEN + REFUSED:
            play.later(answered, partial(_answer, play, one, drawn < GIVEN))
        else:
            play.later(row.expires_us + 1, partial(_expire, play, one))


def _answer(play: Play, one: Asked, granted: bool, now: int) -> None:  # bound by partial
    who = Actor(pseudonym_of(one.person), frozenset({Role("resident")}))
    play.do(AnswerConsent(one.reference, granted), who, f"demo/{one.case.number}/consent", now)
    if granted:
        _begin(play, one, now)
    else:
        _perhaps_bring(play, one, now)


def _expire(play: Play, one: Asked, now: int) -> None:
    play.do(RecordConsentExpiry(one.reference), SYSTEM, f"expired/{one.reference}", now - 1)
    _perhaps_bring(play, one, now)


def _perhaps_bring(play: Play, one: Asked, now: int) -> None:
    if play.draw.random() < AFTER_ALL:
        play.later(now + int(play.draw.uniform(0.1, 4) * DAY), partial(_bring, play, one))


def _bring(play: Play, one: Asked, now: int) -> None:
    action = ReplaceConsent(one.reference, play.papers[one.document])
    play.do(action, one.case.applicant, f"demo/{one.case.number}/replace", now)
    _begin(play, one, now)


def _begin(play: Play, one: Asked, now: int) -> None:
    """With the last consent the departments receive the case."""
    case = one.case
    begun = flow.Submit(now, one.submit.tolerated, one.submit.committed)
    case.state, _ = flow.apply(case.plan, case.state, begun)
    steps.begin(play, case, now)
