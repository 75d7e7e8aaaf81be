# SPDX-License-Identifier: Apache-2.0
"""Search of the portal: life events by their names, words residents use, and the services they join."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zhengtong.city.text import Text
from zhengtong.services.definition import PublicServiceFile
from zhengtong.services.published import LifeEvent
from zhengtong.services.rules.search import grams, nearest, ranked


@dataclass(frozen=True)
class Found:
    """A life event, and those of its services that the question names."""

    event: LifeEvent
    services: tuple[PublicServiceFile, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What fits; or, where nothing does, what comes nearest."""

    found: tuple[Found, ...]
    nearest: tuple[LifeEvent, ...] = ()


def _both(texts: Iterable[Text]) -> str:
    return " ".join(f"{text.zh} {text.en}" for text in texts)


def _texts(event: LifeEvent) -> tuple[str, str]:
    services = [text for service in event.services.values() for text in (service.name, service.summary)]
    outputs = [service.output.name for service in event.services.values()]
    return _both([event.event.name]), _both([event.event.summary, event.event.words, *services, *outputs])


def search(question: str, events: Iterable[LifeEvent], audience: str = "") -> Answer:
    """`audience` is person, business, or "" for both."""
    held = {event.key: event for event in events if audience in {"", event.event.audience}}
    texts = {key: _texts(event) for key, event in held.items()}
    hits = ranked(question, texts)
    if not hits:
        return Answer((), tuple(held[key] for key in nearest(question, texts)))
    best = hits[0].score
    good = [hit for hit in hits if hit.score * 2 >= best]  # what fits half as well is noise beside the best
    return Answer(tuple(Found(held[hit.key], _named(question, held[hit.key])) for hit in good))


def _named(question: str, event: LifeEvent) -> tuple[PublicServiceFile, ...]:
    """Services whose own name says what was asked, where the life event's name does not say it already."""
    asked = grams(question) - grams(_both([event.event.name]))
    return tuple(s for s in event.services.values() if asked & grams(_both([s.name, s.output.name])))
