# SPDX-License-Identifier: Apache-2.0
"""What people do instead of bringing a document: promise it (容缺), or commit to what it would prove (告知承诺)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhengtong.city.elements import Value
from zhengtong.organization.persons import Person
from zhengtong.services.consents import offered
from zhengtong.services.offers import Instead, Offer, offers, stands_for
from zhengtong.services.published import LifeEvent
from zhengtong.site.demo.consents import ASKED, holder_of

if TYPE_CHECKING:
    from zhengtong.site.demo.play import Play

BROUGHT, PROMISED, COMMITTED = 0.5, 0.45, 0.4
"""How often an optional document is brought, and one promised or committed to instead, where its service allows it."""


@dataclass(frozen=True)
class Chosen:
    """Keys of documents, and what `SubmitCase` makes of those that are not brought."""

    brought: tuple[str, ...]
    promised: tuple[str, ...]
    committed: tuple[str, ...]
    stands: Instead
    asked: Mapping[str, Person]
    """By the key of a consent, who is asked for it."""


@dataclass(frozen=True)
class Filled:
    """A form filled in, and by whom. A firm's handler brings everything at once."""

    event: LifeEvent
    answers: Mapping[str, str]
    values: Mapping[str, Value]
    applicant: str
    """His resident number."""
    whole: bool = False


def choose(play: Play, form: Filled, now: int) -> Chosen:
    event, answers, values = form.event, form.answers, form.values
    allowed = {} if form.whole else offers(event, answers, values)
    asked = {} if form.whole else _asked(play, form)
    stood_for = {one.instead_of for one in event.event.consents if one.key in asked}
    how: dict[str, list[str]] = {"brought": [], "promised": [], "committed": [], "": []}
    for ask in event.uploads(answers, values):
        key = ask.material.key
        if key not in stood_for:
            necessity = "required" if form.whole else ask.material.necessity
            how[_way(play, allowed.get(key, Offer()), necessity)].append(key)
    brought, promised, committed = (tuple(how[way]) for way in ("brought", "promised", "committed"))
    stands = stands_for(
        event, answers, values, given={*brought, *stood_for}, promised=promised, committed=committed, now_us=now
    )
    return Chosen(brought, promised, committed, stands, asked)


def _asked(play: Play, form: Filled) -> dict[str, Person]:
    asked = {}
    for consent in offered(form.event, form.answers, form.values).values():
        person = holder_of(consent, form.values, form.applicant)
        if person is not None and play.draw.random() < ASKED:
            asked[consent.key] = person
    return asked


def _way(play: Play, offer: Offer, necessity: str) -> str:
    drawn = play.draw.random() if offer.tolerance or offer.commitment or necessity != "required" else 1.0
    if offer.tolerance:
        return "promised" if drawn < PROMISED else "brought"
    if offer.commitment:
        return "committed" if drawn < COMMITTED else "brought"
    return "brought" if necessity == "required" or drawn < BROUGHT else ""
