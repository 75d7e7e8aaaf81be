# SPDX-License-Identifier: Apache-2.0
"""The workbench: my department's steps by urgency, and one step on one page with its decision first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from zhengtong.acts.authority import may
from zhengtong.acts.perform import Action, now_us, perform
from zhengtong.errors import BadInput, NotFound
from zhengtong.organization.queries import actor
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.resume_step import ResumeStep
from zhengtong.services.casework import CaseWork, calendar, open_case
from zhengtong.services.decisions import shown_decisions
from zhengtong.services.pages.forms import origin_words
from zhengtong.services.pages.history import history
from zhengtong.services.pages.mine import notices_of
from zhengtong.services.pages.states import STEP, draw, step_state, step_tasks, urgency
from zhengtong.services.published import published
from zhengtong.services.queries import steps_of
from zhengtong.services.reasons import reasons_for
from zhengtong.services.rules.flow import StepState
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import Column, Crumb, Table

SHOWN = 100


@route(permission="workbench.use")
def my_steps(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    now, days = now_us(), calendar()
    day_end = days.end_of_day(days.date_of(now))
    mine = steps_of(me.departments("officer"))
    state = request.GET.get("state", "")
    if state in STEP:
        mine = mine.filter(state=state)
    rows = [
        (step, published(step.case.definition).services[step.key].name, urgency(step, now, day_end), step_state(step))
        for step in mine[:SHOWN]
    ]
    counts = {
        "late": sum(1 for row in rows if row[2].kind == "late"),
        "today": sum(1 for row in rows if row[2].kind == "near"),
        "all": mine.count(),
    }
    return page(request, "services/workbench.html", {"rows": rows, "counts": counts, "shown": SHOWN, "state": state})


@route(permission="case.read")
def step_page(request: HttpRequest, number: str, step: str) -> HttpResponse:
    work = open_case(number, step, lock=False)
    if not may(actor(request), "case.read", work.subject):
        raise NotFound("没有这个办件", "there is no such case", found=number)
    return page(request, "services/step.html", _step_context(request, work))


def _step_context(request: HttpRequest, work: CaseWork) -> dict[str, object]:
    me, row, definition = actor(request), work.step, work.definition
    service = definition.services[row.key]
    now, days = now_us(), calendar()
    limits = work.limits(row.key, now)
    view = limits.limit("decide") or limits.limit("accept")
    day_end = days.end_of_day(days.date_of(now))
    acts = bool(may(me, "step.decide", work.subject)) and not row.external
    return {
        "work": work,
        "case": work.case,
        "row": row,
        "service": service,
        "event": definition.event,
        "state": step_state(row),
        "urgency": urgency(row, now, day_end) if row.state in {"pending", "accepted"} else None,
        "limit": draw(view, f"{days.date_of(view.started_us):%m-%d}") if view else None,
        "form": _form_table(work) if may(me, "case.read_form", work.subject) else None,
        "materials": _materials(work),
        "decisions": shown_decisions(work),
        "tasks": step_tasks(work),
        "moments": history(work),
        "notices": notices_of(work),
        "may_accept": acts and row.state == StepState.PENDING,
        "may_ask": acts and row.state == StepState.PENDING and not row.corrections.exists(),
        "may_decide": acts and row.state == StepState.ACCEPTED,
        "may_resume": acts and row.state == StepState.PAUSED,
        "refusals": reasons_for(definition, "refuse"),
        "non_acceptances": reasons_for(definition, "not_accept"),
        "pauses": reasons_for(definition, "pause"),
        "correctable": _correctable(work),
        "crumbs": [
            Crumb(_("My steps"), reverse("workbench")),
            Crumb(definition.event.name),
            Crumb(work.case.number),
        ],
    }


def _correctable(work: CaseWork) -> list[tuple[str, object]]:
    """What this department may ask to be corrected: its own elements and the materials that were uploaded."""
    service = work.definition.services[work.step.key]
    names: list[tuple[str, object]] = [
        (key, work.definition.elements[key].name) for key in service.elements if key in work.form.values
    ]
    asked = {m.material.key: m.material.name for m in work.definition.uploads(work.case.answers, work.form.values)}
    return names + [(m.key, asked[m.key]) for m in service.materials if m.key in asked]


def _form_table(work: CaseWork) -> Table:
    """Only the elements this service needs, each with where its value came from."""
    definition, form = work.definition, work.form
    rows = []
    for key in definition.services[work.step.key].elements:
        if key not in form.values:
            continue
        element, value = definition.elements[key], form.values[key]
        names = definition.codes[element.code_list].names() if element.code_list else {}
        shown = names.get(str(value), value)
        rows.append((element.name, shown, origin_words(form.origins.get(key, "typed"))))
    columns = (Column(_("Element")), Column(_("Value")), Column(_("Came from")))
    return Table(_("The form"), columns, rows, key="form", caption_hidden=True)


def _materials(work: CaseWork) -> list[dict[str, object]]:
    """What lies before the department: uploaded files, and outputs that earlier steps issued."""
    definition = work.definition
    uploaded = {material.key: material for material in work.case.materials.order_by("id")}
    rows: list[dict[str, object]] = []
    for material in definition.services[work.step.key].materials:
        if material.key in uploaded:
            file = uploaded[material.key]
            rows.append({"name": material.name, "file": file, "origin": _("uploaded by the applicant")})
        elif material.origin == "output":
            issuer = next((s for s in work.steps.values() if _issues(work, s.key, material.output)), None)
            output = getattr(issuer, "output", None)
            if output and issuer:
                department = definition.departments[issuer.department]
                rows.append({"name": material.name, "output": output, "origin": department.name})
    return rows


def _issues(work: CaseWork, step: str, output: str | None) -> bool:
    return work.definition.services[step].output.key == output


Build = Callable[[HttpRequest, str, str], Action[Any]]

LONGEST = 2000
"""Characters of an explanation: it goes into a notice of a page or two."""


def _words(request: HttpRequest) -> str:
    """What the officer wrote for the applicant. Raises `BadInput` for a text no notice can hold."""
    text = request.POST.get("text", "")
    if len(text) > LONGEST:
        raise BadInput(
            f"说明最多 {LONGEST} 个字",
            f"an explanation has at most {LONGEST} characters",
            found=len(text),
            expected=f"≤ {LONGEST}",
        )
    return text


def _items(request: HttpRequest) -> tuple[str, ...]:
    items = tuple(request.POST.getlist("items"))
    if not items:
        raise BadInput("请至少勾选一项要补正的内容", "tick at least one thing that has to be corrected")
    return items


# What a button does: the value it sends, and the action it becomes.
BUTTONS: dict[str, Build] = {
    "accept": lambda r, n, s: AcceptStep(n, s),
    "not_accept": lambda r, n, s: NotAcceptStep(n, s, r.POST.get("reason", ""), _words(r)),
    "ask": lambda r, n, s: AskCorrection(n, s, _items(r), _words(r)),
    "pause": lambda r, n, s: PauseStep(n, s, r.POST.get("reason", "")),
    "resume": lambda r, n, s: ResumeStep(n, s),
    "grant": lambda r, n, s: DecideStep(n, s, granted=True),
    "refuse": lambda r, n, s: DecideStep(n, s, False, r.POST.get("reason", ""), _words(r)),
}


@route(permission="step.decide", methods=("POST",))
def act_on_step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    build = BUTTONS.get(request.POST.get("act", ""))
    if build is None:
        raise BadInput(
            "没有这个操作", "there is no such act", found=request.POST.get("act", ""), expected=", ".join(BUTTONS)
        )
    done = perform(build(request, number, step), actor(request), post_key(request))
    said = {
        "accept": _("Accepted. The clock runs from today; day one is the next working day."),
        "grant": _("Granted. The result is being issued."),
        "refuse": _("Refused, with reasons and remedies in the notice."),
        "ask": _("The applicant was told what to correct."),
    }.get(request.POST["act"], _("Done."))
    messages.success(request, _("This had been done already; nothing was done twice.") if done.replayed else said)
    return redirect("step", number, step)
