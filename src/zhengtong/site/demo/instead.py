# SPDX-License-Identifier: Apache-2.0
"""What people do instead of bringing a document: promise it (容缺), or commit to what it would prove (告知承诺)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhengtong.city.elements import Value
from zhengtong.services.offers import Instead, Offer, offers, stands_for
from zhengtong.services.published import LifeEvent

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


def choose(play: Play, event: LifeEvent, answers: Mapping[str, str], values: Mapping[str, Value], now: int) -> Chosen:
    allowed = offers(event, answers, values)
    how: dict[str, list[str]] = {"brought": [], "promised": [], "committed": [], "": []}
    for ask in event.uploads(answers, values):
        key = ask.material.key
        how[_way(play, allowed.get(key, Offer()), ask.material.necessity)].append(key)
    brought, promised, committed = (tuple(how[way]) for way in ("brought", "promised", "committed"))
    stands = stands_for(event, answers, values, given=set(brought), promised=promised, committed=committed, now_us=now)
    return Chosen(brought, promised, committed, stands)


def _way(play: Play, offer: Offer, necessity: str) -> str:
    drawn = play.draw.random() if offer.tolerance or offer.commitment or necessity != "required" else 1.0
    if offer.tolerance:
        return "promised" if drawn < PROMISED else "brought"
    if offer.commitment:
        return "committed" if drawn < COMMITTED else "brought"
    return "brought" if necessity == "required" or drawn < BROUGHT else ""
