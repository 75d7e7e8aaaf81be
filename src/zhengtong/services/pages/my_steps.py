# SPDX-License-Identifier: Apache-2.0
"""My department's steps by urgency, found by what stands in the address, and several accepted at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import may
from zhengtong.acts.perform import now_us, perform
from zhengtong.errors import BadInput, ZhengtongError
from zhengtong.organization.absences import substitutions_of
from zhengtong.organization.models import Absence
from zhengtong.organization.pages.absences import department_name
from zhengtong.organization.queries import actor
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.models import Memo, Step
from zhengtong.services.pages.states import MEMO, STEP, step_state, urgency
from zhengtong.services.published import published
from zhengtong.services.queries import waiting_memos
from zhengtong.services.rules.flow import StepState
from zhengtong.services.step_queue import WINDOWS, Ends, StepFilters, backlog, open_steps, step_page
from zhengtong.ui.pages import page, post_key, route, ways
from zhengtong.ui.parts import State

WEEK = 5
"""Working days that the page calls the coming week: a week of work, not a limit of any law."""
AT_ONCE = 50


def ends_now() -> Ends:
    now, days = now_us(), calendar()
    today = days.date_of(now)
    return Ends(now, days.end_of_day(today), days.end_of_day(days.add_working_days(today, WEEK)))


def my_departments(me: Actor) -> frozenset[str]:
    """Whose steps somebody looks at: an officer's and a head's."""
    return me.departments("officer") | me.departments("head")


@dataclass(frozen=True)
class Line:
    """A step of the list; `acceptable` where it may be ticked to be accepted with others.

    `instead` are the names of those in whose place the reader sees it, "" for a step of his own department.
    """

    step: Step
    name: object
    urgency: State
    state: State
    acceptable: bool
    instead: str


@route(permission="workbench.use")
def my_steps(request: HttpRequest) -> HttpResponse:
    me, ends = actor(request), ends_now()
    departments = my_departments(me)
    asked = {name: request.GET.get(name, "").strip()[:64] for name in ("state", "window", "service", "number")}
    asked["state"] = asked["state"] if asked["state"] in {*STEP, "deliver"} else ""
    wanted = StepFilters(**asked)
    found = step_page(departments, wanted, ends, request.GET.get("after", ""))
    substitutions = substitutions_of(me.id, ends.now_us) if me.holds("officer") else []
    absent = _absent(me, substitutions)
    rows = [_line(step, me, ends, absent) for step in found.steps]
    return page(
        request,
        "services/workbench.html",
        {
            "rows": rows,
            "acceptable": any(row.acceptable for row in rows),
            "found": found,
            "counts": backlog(departments, ends),
            "wanted": wanted,
            "narrowed": any(asked.values()),
            "windows": _windows(),
            "states": _states(),
            "services": _services(departments),
            "asked": _asked_of(me),
            "substitutions": [(row, department_name(row.appointment.department)) for row in substitutions],
            "ways": ways(
                request,
                ("unserved", _("Notices to serve")),
                ("ratings", _("Bad ratings to put right")),
                ("external", _("External systems")),
                ("imported", _("Imported cases")),
                ("archive", _("Archive")),
                ("absences", _("Absences")),
                ("tasks", _("Supervised tasks")),
            ),
        },
    )


def _absent(me: Actor, substitutions: Iterable[Absence]) -> dict[str, str]:
    """For each department that somebody sees as a substitute only: the names of those he stands in for."""
    own = my_departments(me.himself)
    names: dict[str, list[str]] = {}
    for row in substitutions:
        if row.appointment.department not in own:
            names.setdefault(row.appointment.department, []).append(row.appointment.account.name)
    return {department: "、".join(found) for department, found in names.items()}


def _line(step: Step, me: Actor, ends: Ends, absent: Mapping[str, str]) -> Line:
    mine = step.department in me.departments("officer")
    name = published(step.case.definition).services[step.key].name
    acceptable = mine and step.state == StepState.PENDING and not step.external
    return Line(
        step,
        name,
        urgency(step, ends.now_us, ends.today_us),
        step_state(step),
        acceptable,
        absent.get(step.department, ""),
    )


def _windows() -> list[tuple[str, str]]:
    words = (_("late"), _("due today"), _("due this week"), _("due later"), _("waits for the applicant"))
    return list(zip(WINDOWS, (*words, _("decided by an external system")), strict=True))


def _states() -> list[tuple[str, str]]:
    return [
        ("pending", _("to accept")),
        ("accepted", _("to decide")),
        ("paused", _("paused by law")),
        ("correcting", _("with the applicant")),
        ("deliver", _("to deliver")),
    ]


def _services(departments: frozenset[str]) -> list[tuple[str, object]]:
    """The services of which steps are open, by name in the version that the newest case is on."""
    keys = open_steps(departments).order_by("key", "-pk").values_list("key", "case__definition").distinct()
    names: dict[str, object] = {}
    for key, definition in keys:
        names.setdefault(key, published(definition).services[key].name)
    return list(names.items())


def _asked_of(me: Actor) -> list[tuple[Memo, object, object]]:
    """Requests that wait for this person: to extend a limit, to take a step over."""
    return [
        (memo, MEMO[memo.kind], published(memo.step.case.definition).services[memo.step.key].name)
        for memo in waiting_memos(me)[:AT_ONCE]
    ]


@dataclass(frozen=True)
class Outcome:
    """What came of one of several acts; `fault` None where it was done."""

    number: str
    step: str
    name: object
    fault: ZhengtongError | None


@route(permission="workbench.use", methods=("POST",))
def accept_several(request: HttpRequest) -> HttpResponse:
    """Accept the ticked steps, each an act of its own with its own transaction and its own answer.

    The key of each is made from the form's, so that sending the form again does nothing twice.
    """
    ticked = list(dict.fromkeys(request.POST.getlist("steps")))
    if not ticked or len(ticked) > AT_ONCE:
        zh, en = f"请勾选 1 至 {AT_ONCE} 个环节", f"tick between 1 and {AT_ONCE} steps"
        raise BadInput(zh, en, where="steps", found=len(ticked), expected=f"1–{AT_ONCE}")
    key, me = post_key(request), actor(request)
    outcomes = [_accept(reference, me, key) for reference in ticked]
    done = sum(1 for outcome in outcomes if outcome.fault is None)
    context = {"outcomes": outcomes, "done": done, "failed": len(outcomes) - done}
    return page(request, "services/accepted_several.html", context)


def _accept(reference: str, me: Actor, key: str) -> Outcome:
    number, _slash, step = reference[:128].partition("/")
    name: object = step
    try:
        work = open_case(number, step, lock=False)
        if may(me, "case.read", work.readers_subject):
            name = work.definition.services[step].name
        perform(AcceptStep(number, step), me, f"{key}-{work.step.pk}")
    except ZhengtongError as error:
        return Outcome(number, step, name, ZhengtongError(error.zh, error.en))
    return Outcome(number, step, name, None)
