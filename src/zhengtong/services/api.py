# SPDX-License-Identifier: Apache-2.0
"""HTTP/JSON for integrators: the same acts, the same authority, the same idempotency keys as the pages.

Requests are a signed-in person's (session cookie and CSRF token). A POST carries `Idempotency-Key`, a UUID. Errors are
`application/problem+json`.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import django_auth

from zhengtong.acts.authority import may
from zhengtong.acts.perform import Action, perform
from zhengtong.acts.serving import city
from zhengtong.errors import BadInput, NotFound, Refused, WrongUse
from zhengtong.organization.queries import actor
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import open_case
from zhengtong.services.engine.cpsv import CATALOGUE_PATH, catalogue
from zhengtong.services.models import Case, Step
from zhengtong.services.queries import cases_of, life_events, steps_of
from zhengtong.ui.pages import post_key
from zhengtong.ui.problems import answer

api = NinjaAPI(title="Zhengtong", version="1", urls_namespace="api", docs_url=None, auth=django_auth)
LARGEST_PAGE = 100


@api.exception_handler(AuthenticationError)
def _not_signed_in(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return answer(request, Refused("请先登录", "please sign in first"))


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == Refused.http:  # the CSRF token
        return answer(request, Refused("请求没有有效的防伪令牌", "the request carries no valid CSRF token"))
    return answer(request, WrongUse("请求无法解析", "the request cannot be read", found=str(error)))


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    where = ".".join(str(part) for part in first["loc"])
    return answer(request, BadInput("请求的内容不合格式", "the request is malformed", where=where, found=first["msg"]))


class LifeEventOut(Schema):
    key: str
    zh: str
    en: str
    version: str


class StepOut(Schema):
    """`due_us` is the promised end of what the department has to do next, in µs since 1970 UTC."""

    case: str
    step: str
    department: str
    state: str
    due_us: int | None


class CaseOut(Schema):
    number: str
    life_event: str
    definition: str
    phase: str
    submitted_us: int
    closed_us: int | None
    steps: list[StepOut]


class DecisionIn(Schema):
    granted: bool
    reason: str = ""
    text: str = ""


class ActOut(Schema):
    """`replayed`: the key had been used before with the same content; nothing was done again."""

    act: str
    replayed: bool
    result: dict[str, Any]


def _step(step: Step, number: str) -> StepOut:
    return StepOut(case=number, step=step.key, department=step.department, state=step.state, due_us=step.due_us)


def _case(case: Case) -> CaseOut:
    return CaseOut(
        number=case.number,
        life_event=case.life_event,
        definition=case.definition,
        phase=case.phase,
        submitted_us=case.submitted_us,
        closed_us=case.closed_us,
        steps=[_step(step, case.number) for step in case.steps.order_by("id")],
    )


def _perform(request: HttpRequest, action: Action[Any]) -> ActOut:
    done = perform(action, actor(request), post_key(request))
    return ActOut(act=done.act, replayed=done.replayed, result=done.result)


@api.get("/life-events", response=list[LifeEventOut], auth=None, summary="Published life events, newest versions")
def list_life_events(request: HttpRequest) -> list[LifeEventOut]:
    return [LifeEventOut(key=e.key, zh=e.event.name.zh, en=e.event.name.en, version=e.hash) for e in life_events()]


@api.get("/catalogue.jsonld", auth=None, summary="All services and life events as CPSV-AP 3.2 (JSON-LD)")
def catalogue_jsonld(request: HttpRequest) -> HttpResponse:
    portal = settings.ZHENGTONG_PUBLIC_URL
    body = catalogue(city(), portal + CATALOGUE_PATH, portal)
    return HttpResponse(json.dumps(body, ensure_ascii=False), content_type="application/ld+json")


@api.get("/cases", response=list[CaseOut], summary="My own cases, newest first")
def list_cases(request: HttpRequest, limit: int = 20) -> list[CaseOut]:
    mine = cases_of(actor(request)).prefetch_related("steps")
    return [_case(case) for case in mine[: max(1, min(limit, LARGEST_PAGE))]]


@api.get("/cases/{number}", response=CaseOut, summary="One case")
def get_case(request: HttpRequest, number: str) -> CaseOut:
    work = open_case(number, lock=False)
    if not may(actor(request), "case.read", work.subject):
        raise NotFound("没有这个办件", "there is no such case", found=number)
    return _case(work.case)


@api.get("/steps", response=list[StepOut], summary="Open steps of my departments, the most urgent first")
def list_steps(request: HttpRequest, limit: int = 20) -> list[StepOut]:
    me = actor(request)
    rows = steps_of(me.departments("officer"))[: max(1, min(limit, LARGEST_PAGE))]
    return [_step(row, row.case.number) for row in rows]


@api.post("/cases/{number}/steps/{step}/accept", response=ActOut, summary="Accept (受理)")
def accept(request: HttpRequest, number: str, step: str) -> ActOut:
    return _perform(request, AcceptStep(number, step))


@api.post("/cases/{number}/steps/{step}/decide", response=ActOut, summary="Grant or refuse (准予、不予)")
def decide(request: HttpRequest, number: str, step: str, decision: DecisionIn) -> ActOut:
    return _perform(request, DecideStep(number, step, decision.granted, decision.reason, decision.text))


@api.post("/cases/{number}/withdraw", response=ActOut, summary="Withdraw (撤回)")
def withdraw(request: HttpRequest, number: str) -> ActOut:
    return _perform(request, WithdrawCase(number))
