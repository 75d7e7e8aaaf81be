# SPDX-License-Identifier: Apache-2.0
"""Cases, steps and notices as their reader may see them; filing a case."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

from zhengtong.acts.serving import city
from zhengtong.city.identifiers import read_id_card
from zhengtong.errors import Refused
from zhengtong.organization.persons import Person
from zhengtong.organization.queries import actor
from zhengtong.services.actions.submit_case import SubmitCase
from zhengtong.services.api.access import THROTTLE, caller
from zhengtong.services.api.acts import act_out
from zhengtong.services.api.base import api
from zhengtong.services.api.paging import USUAL, Cursor, Limit, page_of
from zhengtong.services.api.schemas import (
    ActOut,
    CaseIn,
    CaseOut,
    CasePage,
    MeOut,
    NoticeOut,
    PersonIn,
    StepOut,
    StepPage,
)
from zhengtong.services.api.uploads import materials_of
from zhengtong.services.models import Case, Step
from zhengtong.services.published import published
from zhengtong.services.queries import case_tag, cases_of, life_event, steps_of, visible_case

READ = caller("cases.read")


def _step(step: Step, number: str) -> StepOut:
    return StepOut(case=number, step=step.key, department=step.department, state=step.state, due_us=step.due_us)


def _case(case: Case, steps: list[Step]) -> CaseOut:
    return CaseOut(
        number=case.number,
        life_event=case.life_event,
        definition=case.definition,
        phase=case.phase,
        channel=case.channel,
        submitted_us=case.submitted_us,
        closed_us=case.closed_us,
        steps=[_step(step, case.number) for step in steps],
    )


@api.get("/me", response=MeOut, operation_id="get_me", auth=caller(), throttle=THROTTLE, summary="Who the caller is")
def get_me(request: HttpRequest) -> MeOut:
    me = actor(request)
    roles = [{"role": role.key, "department": role.department} for role in me.roles]
    return MeOut(actor=me.id, roles=sorted(roles, key=lambda role: (role["role"], role["department"])))


@api.get(
    "/cases",
    response=CasePage,
    operation_id="list_cases",
    auth=READ,
    throttle=THROTTLE,
    summary="Cases filed for the caller, newest first",
)
def list_cases(request: HttpRequest, limit: Limit = USUAL, cursor: Cursor = "") -> CasePage:
    mine = cases_of(actor(request)).order_by().prefetch_related("steps")
    rows, following = page_of(mine, ("-submitted_us", "-id"), cursor, limit)
    return CasePage(items=[_case(case, _in_order(case)) for case in rows], next=following)


def _in_order(case: Case) -> list[Step]:
    return sorted(case.steps.all(), key=lambda step: step.pk)


@api.get("/cases/{number}", response=CaseOut, operation_id="get_case", auth=READ, throttle=THROTTLE, summary="One case")
def get_case(request: HttpRequest, number: str, response: HttpResponse) -> CaseOut:
    """Its ETag is what If-Match of an act on this case takes."""
    case = visible_case(actor(request), number)
    steps = _in_order(case)
    response["ETag"] = case_tag(case, steps)
    return _case(case, steps)


@api.get(
    "/cases/{number}/notices",
    response=list[NoticeOut],
    operation_id="list_notices",
    auth=READ,
    throttle=THROTTLE,
    summary="The case's notices, newest first",
)
def list_notices(request: HttpRequest, number: str) -> list[NoticeOut]:
    case = visible_case(actor(request), number)
    return [
        NoticeOut(
            number=row.number,
            code=row.code,
            kind=row.kind,
            step=row.step.key if row.step else "",
            department=row.department,
            issued_us=row.issued_us,
            sha256=row.sha256,
        )
        for row in case.notices.select_related("step").order_by("-issued_us", "-id")
    ]


@api.get(
    "/steps",
    response=StepPage,
    operation_id="list_steps",
    auth=READ,
    throttle=THROTTLE,
    summary="Open steps of the caller's departments, the most urgent first",
)
def list_steps(request: HttpRequest, limit: Limit = USUAL, cursor: Cursor = "") -> StepPage:
    rows = steps_of(actor(request).departments("officer")).order_by()
    found, following = page_of(rows, ("due_us", "id"), cursor, limit)
    return StepPage(items=[_step(row, row.case.number) for row in found], next=following)


@api.post(
    "/cases",
    response=ActOut,
    operation_id="submit_case",
    auth=caller("cases.write"),
    throttle=THROTTLE,
    summary="File a case (提交)",
)
def submit_case(request: HttpRequest, body: CaseIn) -> ActOut:
    """For the caller himself, or by a clerk for the person named. A form filled in wrongly names every field."""
    event = published(body.version) if body.version else life_event(body.life_event)
    person = _person(body.on_behalf_of) if body.on_behalf_of else None
    if person is not None and not actor(request).holds("clerk"):
        raise Refused("只有窗口人员可以为他人提交", "only a clerk files for somebody else", where="on_behalf_of")
    action = SubmitCase(
        definition=event.hash,
        answers=body.answers,
        raw=body.form,
        materials=materials_of(request, body.materials),
        on_behalf_of=person,
    )
    return act_out(request, action)


def _person(given: PersonIn) -> Person:
    today = datetime.now(UTC).date()
    number = read_id_card(given.identity_number, today=today, divisions=[city().meta.division])
    return Person(given.name.strip(), number)
