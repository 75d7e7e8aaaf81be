# SPDX-License-Identifier: Apache-2.0
"""What one can apply for, and what it needs. Open to everyone, as the portal is."""

from __future__ import annotations

import json
from typing import Annotated

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query

from zhengtong.acts.serving import city
from zhengtong.city.text import Text
from zhengtong.errors import BadInput
from zhengtong.services.api.access import THROTTLE
from zhengtong.services.api.base import api, conditional
from zhengtong.services.api.schemas import (
    FieldOut,
    FormOut,
    LifeEventDetail,
    LifeEventOut,
    MaterialOut,
    OptionOut,
    ServiceOut,
    SituationOut,
    VerifiedOut,
    Words,
)
from zhengtong.services.engine.cpsv import CATALOGUE_PATH, catalogue
from zhengtong.services.published import LifeEvent, published
from zhengtong.services.queries import life_event, life_events, notice_of_code

MOST_ANSWERS = 50


def words(text: Text) -> Words:
    return Words(zh=text.zh, en=text.en)


def _head(event: LifeEvent) -> dict[str, str]:
    name = event.event.name
    return {
        "key": event.key,
        "zh": name.zh,
        "en": name.en,
        "audience": event.event.audience,
        "version": event.hash,
    }


@api.get(
    "/life-events",
    response=list[LifeEventOut],
    operation_id="list_life_events",
    throttle=THROTTLE,
    summary="Published life events, newest versions",
)
def list_life_events(request: HttpRequest) -> list[LifeEventOut]:
    return [LifeEventOut(**_head(event)) for event in life_events()]


@api.get(
    "/life-events/{key}",
    response=LifeEventDetail,
    operation_id="get_life_event",
    throttle=THROTTLE,
    summary="One life event: its questions and services",
)
def get_life_event(request: HttpRequest, key: str) -> LifeEventDetail:
    event = life_event(key)
    return LifeEventDetail(
        **_head(event),
        summary=words(event.event.summary),
        situations=[
            SituationOut(
                key=situation.key,
                question=words(situation.question),
                options=[OptionOut(key=option.key, name=words(option.name)) for option in situation.options],
            )
            for situation in event.event.situations
        ],
        services=[
            ServiceOut(
                key=service.key,
                name=words(service.name),
                code=service.code or "",
                department=service.department,
                promised=service.promised.days,
                unit=service.promised.unit,
            )
            for service in event.services.values()
        ],
    )


@api.get(
    "/life-events/{key}/form",
    response=FormOut,
    operation_id="get_form",
    throttle=THROTTLE,
    summary="What one situation needs: steps, questions, documents",
)
def get_form(
    request: HttpRequest,
    key: str,
    answer: Annotated[list[str], Query(max_length=MOST_ANSWERS, description="`question:option`, one each")] = [],  # noqa: B006  # ninja reads the default
) -> FormOut:
    event = life_event(key)
    answers = event.check_answers(dict(_pair(one) for one in answer))
    return FormOut(
        life_event=event.key,
        version=event.hash,
        answers=answers,
        services=[service.key for service in event.uses(answers)],
        fields=[
            FieldOut(
                key=field.element.key,
                name=words(field.element.name),
                type=field.element.type,
                asked=field.asked,
                services=list(field.services),
                codes={code: words(name) for code, name in field.codes.items()},
            )
            for field in event.fields(answers, {})
        ],
        materials=[
            MaterialOut(
                key=ask.material.key,
                name=words(ask.material.name),
                necessity=ask.material.necessity,
                services=list(ask.services),
            )
            for ask in event.uploads(answers, {})
        ],
    )


def _pair(text: str) -> tuple[str, str]:
    question, colon, option = text.partition(":")
    if not colon:
        raise BadInput(
            "answer 应写作 问题:选项", "an answer is written question:option", where="answer", found=text[:80]
        )
    return question, option


@api.get(
    "/catalogue.jsonld",
    operation_id="get_catalogue",
    throttle=THROTTLE,
    summary="All services and life events as CPSV-AP 3.2 (JSON-LD)",
    openapi_extra={"responses": {200: {"content": {"application/ld+json": {"schema": {"type": "object"}}}}}},
)
def get_catalogue(request: HttpRequest) -> HttpResponse:
    portal = settings.ZHENGTONG_PUBLIC_URL
    body = json.dumps(catalogue(city(), portal + CATALOGUE_PATH, portal), ensure_ascii=False)
    return conditional(request, HttpResponse(body, content_type="application/ld+json"))


@api.get(
    "/verify/{code}",
    response=VerifiedOut,
    operation_id="verify_notice",
    throttle=THROTTLE,
    summary="What the notice with this code is",
)
def verify_notice(request: HttpRequest, code: str) -> VerifiedOut:
    """The code stands below the QR code of a notice. After some codes that are none, whoever asks has to wait."""
    notice = notice_of_code(code, request.META.get("REMOTE_ADDR", ""))
    definition = published(notice.case.definition)
    matter = definition.services[notice.step.key].name if notice.step else definition.event.name
    return VerifiedOut(
        number=notice.number,
        kind=notice.kind,
        department=notice.department,
        matter=words(matter),
        issued_us=notice.issued_us,
        sha256=notice.sha256,
    )
