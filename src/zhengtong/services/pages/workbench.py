# SPDX-License-Identifier: Apache-2.0
"""The workbench: one step on one page with its decision first."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from zhengtong.acts.authority import may
from zhengtong.acts.perform import now_us, perform
from zhengtong.errors import BadInput, Conflict, FormFaults, KeyReused, NotFound, ZhengtongError
from zhengtong.organization.queries import actor
from zhengtong.services.casework import CaseWork, calendar, open_case
from zhengtong.services.decisions import shown_decisions
from zhengtong.services.pages.forms import origin_words
from zhengtong.services.pages.history import history
from zhengtong.services.pages.mine import notices_of
from zhengtong.services.pages.states import MEMO, draw, step_state, step_tasks, urgency
from zhengtong.services.pages.step_acts import BUTTONS, SAID_WHERE
from zhengtong.services.pages.step_forms import StepForm, appointment, step_forms, why_not
from zhengtong.services.rules.flow import StepState
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import Column, Crumb, Table


@route(permission="case.read")
def step_page(request: HttpRequest, number: str, step: str) -> HttpResponse:
    return page(request, "services/step.html", _step_context(request, _readable(request, number, step)))


def _readable(request: HttpRequest, number: str, step: str) -> CaseWork:
    """A step its reader may see. One that he may not see is as one that does not exist."""
    work = open_case(number, step, lock=False)
    if not may(actor(request), "case.read", work.readers_subject):
        raise NotFound("没有这个办件", "there is no such case", found=number)
    return work


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
        "form_table": _form_table(work) if may(me, "case.read_form", work.subject) else None,
        "materials": _materials(work),
        "decisions": shown_decisions(work),
        "tasks": step_tasks(work),
        "moments": history(work),
        "notices": notices_of(work),
        "forms": step_forms(work, me),
        "why_not": _plainly(why_not(work, granted=True)) if acts and row.state == StepState.ACCEPTED else None,
        "promised": _promised(work),
        "appointment": appointment(work, work.planned.inspection),
        "memos": _memos(work),
        "crumbs": [
            Crumb(_("My steps"), reverse("workbench")),
            Crumb(definition.event.name),
            Crumb(work.case.number),
        ],
    }


def _plainly(error: ZhengtongError | None) -> ZhengtongError | None:
    """The sentence alone: keys of files and fields say nothing to an officer who looks at the step itself."""
    return ZhengtongError(error.zh, error.en) if error else None


def _promised(work: CaseWork) -> list[tuple[object, int, bool]]:
    """Documents promised for later: name, end of the promise, whether it was missed."""
    names = {m.key: m.name for m in work.definition.services[work.step.key].materials}
    missed = work.status.promises_missed
    return [(names[key], fact.due_us, key in missed) for key, fact in work.status.promised.items()]


def _memos(work: CaseWork) -> list[tuple[object, str, int]]:
    """What was said beside the main line, newest first."""
    rows = work.step.memos.order_by("-said_us", "-id")
    return [(MEMO.get(memo.kind, memo.kind), memo.text, memo.said_us) for memo in rows]


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


@route(permission="case.read", methods=("POST",))
def act_on_step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Do what a button of the step's page means. What was wrong comes back at its field, with what was typed."""
    name = request.POST.get("act", "")
    build = BUTTONS.get(name)
    if build is None:
        raise BadInput("没有这个操作", "there is no such act", found=name[:64], expected=", ".join(BUTTONS))
    work = open_case(number, step, lock=False)  # whether this reader may act, the act itself asks
    try:
        done = perform(build(work, request.POST), actor(request), post_key(request))
    except (FormFaults, BadInput, Conflict) as error:
        if isinstance(error, KeyReused):
            raise
        return _again(request, number, step, name, error)
    said = {
        "accept": _("Accepted. The clock runs from today; day one is the next working day."),
        "grant": _("Granted. The result is being issued."),
        "refuse": _("Refused, with reasons and remedies in the notice."),
        "ask": _("The applicant was told what to correct."),
        "extend": _("Extended. The applicant is told the new date."),
        "schedule": _("Arranged. The applicant is told when and where."),
        "transfer": _("The other department was told."),
        "revoke": _("No longer valid. The applicant is told why and how to contest it."),
    }.get(name, _("Done."))
    messages.success(request, _("This had been done already; nothing was done twice.") if done.replayed else said)
    if not may(actor(request), "case.read", open_case(number, step, lock=False).readers_subject):
        return redirect("workbench")  # it has left this department
    return redirect("step", number, step)


def _again(request: HttpRequest, number: str, step: str, name: str, error: ZhengtongError) -> HttpResponse:
    """The step's page with the form that was refused, open and as it was filled in. Raises `error` where what was asked
    for is not offered any more: the state has moved on, and there is no form to come back to."""
    try:
        work = _readable(request, number, step)
    except NotFound:
        raise error from None
    context = _step_context(request, work)
    material = request.POST.get("material", "")
    forms: list[StepForm] = context["forms"]  # type: ignore[assignment]  # put there by _step_context
    mine = next((f for f in forms if f.act == name and (f.hidden or {}).get("material", "") in {"", material}), None)
    if mine is None:
        raise error
    names = [field.name for field in mine.fields]
    found = error.fields if isinstance(error, FormFaults) else {error.where or "": error}
    found = {SAID_WHERE.get(key, key): fault for key, fault in found.items()}
    for fault in found.values():
        fault.where = None  # it is shown at its field
    at = {key if key in names else (names[0] if names else ""): fault for key, fault in found.items()}
    context["forms"] = [form.again(dict(request.POST.lists()), at) if form is mine else form for form in forms]
    faults = FormFaults({f"{name}-{key}" if key else "": fault for key, fault in at.items()})
    return page(request, "services/step.html", context, faults=faults)
