# SPDX-License-Identifier: Apache-2.0
"""Supervised tasks (督办): propose, open, report, close."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.authority import may
from zhengtong.acts.perform import Action, now_us, perform
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput, FormFaults, NotFound
from zhengtong.organization import indicators
from zhengtong.organization.actions.close_task import CloseTask
from zhengtong.organization.actions.decline_task import DeclineTask
from zhengtong.organization.actions.give_feedback import GiveFeedback
from zhengtong.organization.actions.open_task import OpenTask
from zhengtong.organization.actions.propose_task import ProposeTask
from zhengtong.organization.actions.send_back_task import SendBackTask
from zhengtong.organization.measuring import effect, window_before
from zhengtong.organization.models import SupervisedTask
from zhengtong.organization.queries import actor, names_of, tasks_for
from zhengtong.organization.rules.escalation import colour
from zhengtong.organization.supervising import TaskWork, open_task, rules, supervision
from zhengtong.ui.forms import Choice, Field
from zhengtong.ui.pages import opens, page, post_key, route
from zhengtong.ui.parts import Fact, Moment, State, StateKind
from zhengtong.ui.registry import Link

STATES: dict[str, tuple[StateKind, object]] = {
    "proposed": ("wait", _lazy("proposed")),
    "declined": ("wait", _lazy("not taken up")),
    "opened": ("info", _lazy("opened")),
    "assigned": ("info", _lazy("under way")),
    "reported": ("near", _lazy("reported as done")),
    "returned": ("late", _lazy("sent back")),
    "closed": ("ok", _lazy("closed")),
    "objected": ("near", _lazy("objected to")),
}
URGENCY: dict[str, StateKind] = {"blue": "info", "yellow": "near", "orange": "near", "red": "late"}


def escalation_state(row: SupervisedTask) -> State | None:
    """The colour a task has reached by the city's rules; None for one that has none."""
    found = colour(rules(), TaskWork(row).task, city().calendar, now_us())
    if found is None or row.state == "closed":
        return None
    named = next(c.name for c in supervision().colours if c.key == found.colour)
    return State(URGENCY.get(found.colour, "near"), named)


def _lead(row: SupervisedTask) -> object:
    key = row.lead or row.suggested_lead
    return city().get(Department, key).name if key and city().has(Department, key) else ""


Listed = tuple[SupervisedTask, State, State | None, object]
"""A task, its state, the colour it has reached, its lead department's name."""


def listed(rows: Iterable[SupervisedTask]) -> list[Listed]:
    """Tasks as lists show them."""
    return [(row, State(*STATES[row.state]), escalation_state(row), _lead(row)) for row in rows]


@route(permission="task.read")
def all_tasks(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    rows = listed(tasks_for(me)[:100])
    may_propose = any(me.holds(role) for role in ("government_office", "leader", "data_bureau", "auditor"))
    return page(request, "organization/tasks.html", {"rows": rows, "may_propose": may_propose})


def _propose_fields(given: dict[str, str], faults: FormFaults | None) -> list[Field]:
    wrong = faults.fields if faults else {}
    departments = [Choice(d.key, d.name) for d in city().all(Department)]
    return [
        Field("title", _("Matter to supervise"), value=given.get("title", ""), error=wrong.get("title", "")),
        Field("aim", _("What should be reached"), kind="textarea", value=given.get("aim", ""), required=False,
              error=wrong.get("aim", "")),
        Field(
            "lead", _("Lead department"), kind="select", value=given.get("lead", ""), choices=departments,
            error=wrong.get("lead", ""),
        ),
        Field(
            "target", _("Target figure"), value=given.get("target", ""), required=False,
            hint=_("For example: on time 95%"), error=wrong.get("target", ""),
        ),
    ]  # fmt: skip


def _figure_now(key: str) -> dict[str, object] | None:
    """The figure a proposal would carry, as it stands; None where nobody measures it."""
    found = indicators.find(key)
    if found is None:
        return None
    indicator, scope = found
    now = now_us()
    figure = indicator.measure(scope, window_before(now, supervision().measured_days), now)
    return {"name": indicator.name(scope), "figure": figure, "days": supervision().measured_days}


@route(permission="task.propose", methods=("GET", "HEAD", "POST"))
def propose(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        given = request.GET.dict()
        indicator = given.get("indicator", "")
        context = {"inputs": _propose_fields(given, None), "indicator": indicator, "figure": _figure_now(indicator)}
        return page(request, "organization/propose.html", context)
    given = request.POST.dict()
    key = post_key(request)
    indicator = given.get("indicator", "")
    action = ProposeTask(
        title=given.get("title", ""),
        aim=given.get("aim", ""),
        lead=given.get("lead", ""),
        matter=indicator or f"matter-{key}",
        origin="cockpit" if indicator else "meeting",
        indicator=indicator,
        target_figure=given.get("target", ""),
    )
    try:
        done = perform(action, actor(request), key)
    except FormFaults as faults:
        fields = _propose_fields(given, faults)
        context = {"inputs": fields, "fields": fields, "indicator": indicator, "figure": _figure_now(indicator)}
        return page(request, "organization/propose.html", context, faults=faults)
    messages.success(request, _("The proposal went to the government office."))
    return redirect("task", done.result["task"])


@route(permission="task.read")
def one_task(request: HttpRequest, number: str) -> HttpResponse:
    return page(request, "organization/task.html", _task_context(request, _readable(request, number)))


def _readable(request: HttpRequest, number: str) -> TaskWork:
    """A task its reader may see; one that he may not see is as one that does not exist. Raises `NotFound`."""
    work = open_task(number, lock=False)
    if not may(actor(request), "task.read", work.subject):
        raise NotFound("没有这项督办", "there is no such supervised task", found=number)
    return work


def task_link(result: object) -> Link | None:
    """Where the result of an act on a task can be looked at."""
    if not isinstance(result, dict) or "task" not in result:
        return None
    return Link(reverse("task", args=[result["task"]]), _("Task %(number)s") % {"number": result["task"]})


def _task_context(request: HttpRequest, work: TaskWork) -> dict[str, object]:
    me, row, task = actor(request), work.row, work.task
    feedbacks, measured = list(row.feedbacks.order_by("id")), effect(row)
    names = names_of(feedback.author for feedback in feedbacks)
    reports = [Moment(f.given_us, f.text, by=names.get(f.author, "")) for f in feedbacks]
    may_lead = bool(may(me, "task.give_feedback", work.subject)) and row.state in {"assigned", "reported", "returned"}
    may_steer = bool(may(me, "task.open", work.subject))
    return {
        "row": row,
        "state": State(*STATES[row.state]),
        "colour": escalation_state(row),
        "facts": _facts(work),
        "effect": measured,
        "may_look": measured is not None and opens(request, measured.before_url or measured.after_url),
        "reports": list(reversed(reports)),
        "may_report": may_lead,
        "may_open": may_steer and row.state == "proposed",
        "may_close": may_steer and row.state == "reported",
        "terms": supervision().terms,
        "departments": city().all(Department),
        "lead_now": row.lead or row.suggested_lead,
        "task": task,
    }


def _facts(work: TaskWork) -> list[Fact]:
    row, task, days = work.row, work.task, city().calendar
    facts = [Fact(_("Lead department"), _lead(row))]
    if row.aim:
        facts.append(Fact(_("What should be reached"), row.aim))
    if row.target:
        facts.append(Fact(_("Target figure"), row.target))
    facts.append(Fact(_("Proposed"), f"{days.date_of(task.proposed_us):%Y-%m-%d}"))
    if task.opened_us:
        facts.append(Fact(_("Opened"), f"{days.date_of(task.opened_us):%Y-%m-%d}"))
    if task.due_us:
        facts.append(Fact(_("Due"), f"{days.date_of(task.due_us):%Y-%m-%d}"))
    if task.closed_us:
        facts.append(Fact(_("Closed"), f"{days.date_of(task.closed_us):%Y-%m-%d}"))
    return facts


Build = Callable[[HttpRequest, str], Action[Any]]
BUTTONS: dict[str, Build] = {
    "open": lambda r, n: OpenTask(n, r.POST.get("lead", ""), r.POST.get("term", "")),
    "decline": lambda r, n: DeclineTask(n, "declined"),
    "report": lambda r, n: GiveFeedback(n, r.POST.get("text", ""), r.POST.get("done") == "1"),
    "send_back": lambda r, n: SendBackTask(n, "not_done"),
    "close": lambda r, n: CloseTask(n),
}


@route(permission="task.read", methods=("POST",))
def act_on_task(request: HttpRequest, number: str) -> HttpResponse:
    build = BUTTONS.get(request.POST.get("act", ""))
    if build is None:
        raise BadInput("没有这个操作", "there is no such act", expected=", ".join(BUTTONS))
    try:
        perform(build(request, number), actor(request), post_key(request))
    except FormFaults as faults:
        context = _task_context(request, open_task(number, lock=False))
        return page(request, "organization/task.html", context, faults=faults)
    messages.success(request, _("Done."))
    return redirect("task", number)
