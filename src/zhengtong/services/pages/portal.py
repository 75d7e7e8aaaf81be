# SPDX-License-Identifier: Apache-2.0
"""The portal: find a life event, be guided by two questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from zhengtong.acts.serving import city
from zhengtong.city.text import Text
from zhengtong.errors import FormFaults, ZhengtongError
from zhengtong.organization.queries import actor
from zhengtong.services.pages.filling import needs_of
from zhengtong.services.pages.forms import situation_fields
from zhengtong.services.pages.guiding import guide_facts
from zhengtong.services.pages.todo import todo
from zhengtong.services.published import LifeEvent, published
from zhengtong.services.queries import life_event, life_events
from zhengtong.services.searching import search
from zhengtong.services.stages import StageFile
from zhengtong.ui.language import reader_language
from zhengtong.ui.pages import page, public


@public(reason="everyone may look for what they need")
def home(request: HttpRequest) -> HttpResponse:
    question = request.GET.get("q", "").strip()[:200]
    audience = request.GET.get("for", "")
    audience = audience if audience in {"person", "business"} else ""
    events = life_events()
    context = {
        "question": question,
        "audience": audience,
        "answer": search(question, events, audience) if question else None,
        "hotline": city().meta.hotline,
        "todo": todo(actor(request)) if request.user.is_authenticated else [],
        "life_events": _shown(
            tuple(event.hash for event in events), tuple(city().all(StageFile)), audience, reader_language()
        ),
    }
    return page(request, "services/home.html", context)


@lru_cache(maxsize=32)
def _shown(versions: tuple[str, ...], stages: tuple[StageFile, ...], audience: str, language: str) -> SafeString:
    """The life events as the portal shows them, made once for each set of published versions and each language."""
    events = [published(version) for version in versions]
    context = {
        "audience": audience,
        "people": _by_stage(stages, [e for e in events if e.event.audience == "person"]),
        "businesses": _by_stage(stages, [e for e in events if e.event.audience == "business"]),
    }
    return render_to_string("services/parts/life_events.html", context)


def _by_stage(stages: Sequence[StageFile], events: Sequence[LifeEvent]) -> list[tuple[Text | None, list[LifeEvent]]]:
    """In the order of the city's stages of life; what was published with a stage no longer listed comes last."""
    found = [(stage.name, [e for e in events if e.event.stage == stage.key]) for stage in stages]
    listed = {stage.key for stage in stages}
    rest = [e for e in events if e.event.stage not in listed]
    return [(name, held) for name, held in [*found, (None, rest)] if held]


@public(reason="what an application needs is known before signing in")
def guide(request: HttpRequest, key: str) -> HttpResponse:
    event = life_event(key)
    given = {s.key: request.GET.get(s.key, "") for s in event.event.situations}
    faults: Mapping[str, ZhengtongError] = {}
    answers: dict[str, str] | None = None
    if any(given.values()) or not given:
        try:
            answers = event.check_answers(given)
        except FormFaults as found:
            faults = found.fields
    context: dict[str, object] = {
        "event": event,
        "questions": situation_fields(event, given, faults),
        "faults": FormFaults(faults) if faults else None,
        "fields": situation_fields(event, given, faults),
    }
    if answers is not None:
        context |= needs_of(event, answers) | guide_facts(event, answers) | {"hotline": city().meta.hotline}
        context["apply_url"] = f"{reverse('apply', args=[key])}?{urlencode(answers)}"
        context["bpmn_url"] = f"{reverse('life_event_bpmn', args=[key])}?{urlencode(answers)}"
    return page(request, "services/guide.html", context)
