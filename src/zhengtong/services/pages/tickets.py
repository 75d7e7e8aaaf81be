# SPDX-License-Identifier: Apache-2.0
"""The hotline 12345: a person files and follows a matter, the desk dispatches and calls back, departments answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.authority import authorize, may
from zhengtong.acts.perform import Action, now_us, perform
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput, FormFaults, NotFound, ZhengtongError
from zhengtong.organization.actions.propose_task import ProposeTask
from zhengtong.organization.queries import actor
from zhengtong.services.actions.answer_ticket_extension import AnswerTicketExtension
from zhengtong.services.actions.ask_ticket_extension import AskTicketExtension
from zhengtong.services.actions.call_back_ticket import CallBackTicket
from zhengtong.services.actions.dispatch_ticket import DispatchTicket
from zhengtong.services.actions.file_ticket import FileTicket
from zhengtong.services.actions.not_accept_ticket import NotAcceptTicket
from zhengtong.services.actions.reply_ticket import ReplyTicket
from zhengtong.services.actions.return_ticket import ReturnTicket
from zhengtong.services.actions.sign_ticket import SignTicket
from zhengtong.services.pages.ticket_words import category_name, clock_words, state_of, story, urgency_of
from zhengtong.services.queries import life_events
from zhengtong.services.ticket_queries import CITY_WIDE, desk, of_citizen, of_departments, task_matter, tasks_of
from zhengtong.services.ticketing import TicketWork, open_ticket, ticket_file
from zhengtong.ui.forms import Choice, Field
from zhengtong.ui.pages import page, post_key, route

SHOWN = 100


@route(permission="ticket.read")
def all_tickets(request: HttpRequest) -> HttpResponse:
    """What waits for me as an agent or an officer, and what I asked as a citizen."""
    me, now = actor(request), now_us()

    def rows(tickets: Any) -> list[tuple[object, ...]]:
        return [(row, category_name(row), urgency_of(row, now), state_of(row)) for row in tickets[:SHOWN]]

    agent = any(me.holds(role) for role in CITY_WIDE)
    mine = me.departments("officer")
    context = {
        "desk": rows(desk()) if agent else [],
        "agent": agent,
        "officer": bool(mine),
        "department": rows(of_departments(mine)) if mine else [],
        "own": rows(of_citizen(me)),
        "may_measure": any(me.holds(role) for role in (*CITY_WIDE, "data_bureau")),
    }
    return page(request, "services/tickets.html", context)


def _filing_fields(given: dict[str, str], faults: FormFaults | None, by_phone: bool) -> list[Field]:
    wrong: dict[str, ZhengtongError] = dict(faults.fields) if faults else {}
    matters = [Choice("", _("none of these")), *(Choice(event.key, event.event.name) for event in life_events())]
    choices = [Choice(category.key, category.name) for category in ticket_file().categories]

    def field(name: str, label: str, **more: Any) -> Field:
        return Field(name, label, value=given.get(name, ""), error=wrong.get(name, ""), **more)

    fields = [
        field("category", _("What kind of matter is it?"), kind="radio", choices=choices),
        field(
            "life_event",
            _("Which matter is it about?"),
            kind="select",
            required=False,
            choices=matters,
            hint=_("Where it is about an application or how one is handled; else leave it."),
        ),
        field("title", _("In one line, what is it about?"), hint=_("For example: street lamp broken in Lotus Lane")),
        field("text", _("What happened, where and when?"), kind="textarea"),
    ]
    if by_phone:
        fields += [
            field("caller", _("Name of the caller"), required=False),
            field("mobile", _("Mobile number to call back"), kind="tel", required=False),
            field("urgent", _("Urgent: danger to people or property"), kind="checkbox", required=False),
        ]
    return fields


@route(permission="ticket.file", methods=("GET", "HEAD", "POST"))
def new_ticket(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    by_phone = me.holds("hotline")
    faults, given = None, request.POST.dict()
    if request.method == "POST":
        action = FileTicket(
            category=given.get("category", ""),
            title=given.get("title", ""),
            text=given.get("text", ""),
            urgent=by_phone and bool(given.get("urgent")),
            by_phone=by_phone,
            caller=given.get("caller", ""),
            mobile=given.get("mobile", ""),
            life_event=given.get("life_event", ""),
        )
        try:
            done = perform(action, me, post_key(request))
        except FormFaults as error:
            faults = error
        else:
            messages.success(request, _("Registered. You can follow it here."))
            return redirect("ticket", done.result["ticket"])
    inputs = _filing_fields(given, faults, by_phone)
    return page(
        request, "services/ticket_new.html", {"inputs": inputs, "fields": inputs, "by_phone": by_phone}, faults=faults
    )


def _readable(request: HttpRequest, number: str) -> TicketWork:
    """A ticket its reader may see; another one is as one that does not exist. Raises `NotFound`."""
    work = open_ticket(number, lock=False)
    if not may(actor(request), "ticket.read", work.reading):
        raise NotFound("没有这张工单", "there is no such ticket", found=number[:40])
    return work


@route(permission="ticket.read")
def one_ticket(request: HttpRequest, number: str) -> HttpResponse:
    return page(request, "services/ticket.html", _context(request, _readable(request, number)))


def _context(request: HttpRequest, work: TicketWork) -> dict[str, object]:
    me, row, ticket = actor(request), work.row, work.ticket
    official = any(me.holds(role) for role in (*CITY_WIDE, "officer"))

    def can(verb: str) -> bool:
        return bool(may(me, verb, work.subject))

    departments = [Choice(department.key, department.name) for department in city().all(Department)]
    return {
        "row": row,
        "ticket": ticket,
        "file": ticket_file(),
        "state": state_of(row),
        "urgency": urgency_of(row, now_us()),
        "clock": clock_words(work),
        "category": category_name(row),
        "story": story(work, official),
        "official": official,
        "departments": departments,
        "may_dispatch": row.state == "received" and can("ticket.dispatch"),
        "may_not_accept": row.state == "received" and can("ticket.not_accept"),
        "may_sign": row.state == "dispatched" and can("ticket.sign"),
        "may_return": row.state in {"dispatched", "signed"} and can("ticket.return")
        and not ticket.designated and not ticket.reopened,
        "may_reply": row.state == "signed" and can("ticket.reply"),
        "may_ask": row.state == "signed" and can("ticket.ask_extension")
        and ticket.asked_us is None and ticket.extended < ticket_file().compiled().extensions,
        "may_answer": ticket.asked_us is not None and can("ticket.answer_extension"),
        "may_call_back": row.state == "replied" and can("ticket.call_back"),
        "own": row.citizen == me.id,
        "may_supervise": row.state not in {"not_accepted"} and can("task.propose"),
        "tasks": list(tasks_of(row.number)) if official else [],
        "lead_now": row.lead,
    }  # fmt: skip


def _supervise(request: HttpRequest, number: str) -> ProposeTask:
    said = request.POST
    return ProposeTask(
        title=said.get("title", ""), aim=said.get("aim", ""), lead=said.get("lead", ""),
        matter=task_matter(number), origin="hotline",
    )  # fmt: skip


Build = Callable[[HttpRequest, str], Action[Any]]
BUTTONS: dict[str, Build] = {
    "dispatch": lambda r, n: DispatchTicket(
        n, r.POST.get("lead", ""), tuple(r.POST.getlist("support")), bool(r.POST.get("designated"))
    ),
    "not_accept": lambda r, n: NotAcceptTicket(n, r.POST.get("reason", ""), r.POST.get("text", "")),
    "sign": lambda r, n: SignTicket(n),
    "return": lambda r, n: ReturnTicket(n, r.POST.get("reason", ""), r.POST.get("text", "")),
    "ask_extension": lambda r, n: AskTicketExtension(n, r.POST.get("text", "")),
    "grant": lambda r, n: AnswerTicketExtension(n, True),
    "refuse": lambda r, n: AnswerTicketExtension(n, False),
    "reply": lambda r, n: ReplyTicket(n, r.POST.get("text", "")),
    "call_back": lambda r, n: CallBackTicket(
        n, True, r.POST.get("contacted") == "yes", r.POST.get("solved") == "yes", r.POST.get("satisfied") == "yes",
        r.POST.get("text", ""),
    ),
    "unreached": lambda r, n: CallBackTicket(n, False),
    "supervise": _supervise,
}  # fmt: skip


@route(permission="ticket.read", methods=("POST",))
def act_on_ticket(request: HttpRequest, number: str) -> HttpResponse:
    _readable(request, number)
    name = request.POST.get("act", "")
    build = BUTTONS.get(name)
    if build is None:
        raise BadInput("没有这个操作", "there is no such act", expected=", ".join(BUTTONS))
    if name == "call_back" and not all(request.POST.get(part) for part in ("contacted", "solved", "satisfied")):
        return _again(request, number, _unanswered(request))
    try:
        done = perform(build(request, number), actor(request), post_key(request))
    except FormFaults as faults:
        return _again(request, number, faults)
    except BadInput as error:
        return _again(request, number, FormFaults({f"{name}-text": error}))
    messages.success(request, _("Done."))
    return redirect("task", done.result["task"]) if name == "supervise" else redirect("ticket", number)


def _unanswered(request: HttpRequest) -> FormFaults:
    missing = [part for part in ("contacted", "solved", "satisfied") if not request.POST.get(part)]
    return FormFaults({part: BadInput("请回答", "please answer") for part in missing})


def _again(request: HttpRequest, number: str, faults: FormFaults) -> HttpResponse:
    """The same page with what was wrong and what had been written."""
    work = open_ticket(number, lock=False)
    authorize(actor(request), "ticket.read", work.reading)
    given = {"given": request.POST.dict(), "given_act": request.POST.get("act", "")}
    return page(request, "services/ticket.html", {**_context(request, work), **given}, faults=faults)
