# SPDX-License-Identifier: Apache-2.0
"""Acting for others (帮办代办, 经办人): who acts for me and for my firms, whom I act for; paper at the counter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.actor import Actor
from zhengtong.acts.perform import now_us, perform
from zhengtong.city.identifiers import read_uscc
from zhengtong.errors import BadInput, FormFaults, ZhengtongError
from zhengtong.organization.actions.end_mandate import EndMandate
from zhengtong.organization.actions.give_mandate import GiveMandate
from zhengtong.organization.actions.register_firm import RegisterFirm
from zhengtong.organization.actions.replace_representative import ReplaceRepresentative
from zhengtong.organization.mandates import REPRESENTATIVE, firm_of_code, given_by, held_by
from zhengtong.organization.models import Firm, Mandate
from zhengtong.organization.queries import actor, names_of
from zhengtong.services.casework import calendar
from zhengtong.services.pages.forms import take_uploads
from zhengtong.services.pages.persons import person_fields, read_person
from zhengtong.services.queries import life_events
from zhengtong.ui.forms import Choice, Field
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import State

Faults = Mapping[str, ZhengtongError]


@dataclass(frozen=True)
class Shown:
    row: Mandate
    principal: str
    agent: str
    matters: tuple[object, ...]
    state: State
    may_end: bool


def _shown(rows: list[Mandate]) -> list[Shown]:
    names = names_of({m.principal for m in rows} | {m.agent for m in rows})
    events = {event.key: event.event.name for event in life_events()}
    now = now_us()
    found = []
    for row in rows:
        over = row.ended_us is not None or (row.until_us is not None and row.until_us < now)
        found.append(
            Shown(
                row,
                names.get(row.principal, ""),
                names.get(row.agent, ""),
                tuple(events.get(key, key) for key in row.matters),
                State("wait", _("ended")) if over else State("ok", _("in force")),
                not over and row.kind != REPRESENTATIVE,
            )
        )
    return found


def _firms_of(me: Actor) -> list[Firm]:
    """The firms whose representative the actor is."""
    headed = [s.principal for s in me.standings if s.kind == REPRESENTATIVE]
    return list(Firm.objects.filter(pseudonym__in=headed).order_by("name"))


def _who_fields(request: HttpRequest, faults: Faults) -> list[Field]:
    """Whom to authorise, for what and until when."""
    given = request.POST
    names = (_("Name of who will act"), _("Resident ID number of who will act"))
    return [
        *person_fields("agent", names, given.dict(), faults),
        Field(
            "matters",
            _("For which life events? None ticked means all."),
            kind="checkboxes",
            value=given.getlist("matters"),
            required=False,
            choices=[Choice(event.key, event.event.name) for event in life_events()],
        ),
        Field(
            "until",
            _("Until when"),
            kind="date",
            value=given.get("until", ""),
            hint=_("Left empty, it runs as long as the city allows. Either of you can end it at any time."),
            required=False,
            error=faults.get("until", ""),
        ),
    ]


def _until(request: HttpRequest) -> int | None:
    text = request.POST.get("until", "")
    if not text:
        return None
    try:
        return calendar().end_of_day(date.fromisoformat(text))
    except (ValueError, OverflowError):
        fault = BadInput("请填写日期", "enter a date", found=text[:20], expected="2026-12-31")
        raise FormFaults({"until": fault}) from None


def _matters(request: HttpRequest) -> tuple[str, ...]:
    known = {event.key for event in life_events()}
    return tuple(key for key in request.POST.getlist("matters") if key in known)


def _placed(fault: BadInput, otherwise: str) -> FormFaults:
    """A fault of the act at the field it names."""
    if isinstance(fault, FormFaults):
        return fault
    known = {"until", "paper", "name", "code"}
    return FormFaults({fault.where if fault.where in known else otherwise: fault})


@route(permission="mandate.read", methods=("GET", "HEAD", "POST"))
def mine(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    firms = _firms_of(me)
    if request.method == "POST":
        person, faults = read_person(request, "agent")
        try:
            if person is None:
                raise FormFaults(faults)
            principal = request.POST.get("principal") or me.id
            perform(GiveMandate(person, principal, None, _matters(request), _until(request)), me, post_key(request))
        except BadInput as fault:
            placed = _placed(fault, "agent_number")
            return page(request, "services/agency.html", _context(request, me, firms, placed.fields), faults=placed)
        messages.success(request, _("The authorisation is given. It holds from now on."))
        return redirect("agency")
    return page(request, "services/agency.html", _context(request, me, firms, {}))


def _context(request: HttpRequest, me: Actor, firms: list[Firm], faults: Faults) -> dict[str, object]:
    names = [Choice(me.id, _("me")), *(Choice(firm.pseudonym, firm.name) for firm in firms)]
    chosen = request.POST.get("principal", me.id)
    whose = [Field("principal", _("In whose name"), kind="radio", value=chosen, choices=names)] if firms else []
    fields = [*whose, *_who_fields(request, faults)]
    return {
        "given": _shown(list(given_by([me.id, *(firm.pseudonym for firm in firms)])[:100])),
        "held": _shown(list(held_by(me.id)[:100])),
        "inputs": fields,
        "fields": fields,
    }


@route(permission="mandate.end", methods=("POST",))
def end(request: HttpRequest, reference: str) -> HttpResponse:
    perform(EndMandate(reference), actor(request), post_key(request))
    messages.success(request, _("The authorisation has ended. What was done under it stays done."))
    return redirect("agency")


@route(permission="counter.use", methods=("GET", "HEAD", "POST"))
def counter(request: HttpRequest) -> HttpResponse:
    """An authorisation on paper: who gives it, to whom, the scan."""
    faults: dict[str, ZhengtongError] = {}
    if request.method == "POST":
        try:
            perform(_on_paper(request), actor(request), post_key(request))
        except BadInput as fault:
            placed = _placed(fault, "agent_number")
            faults = dict(placed.fields)
        else:
            messages.success(request, _("The authorisation is recorded. It holds from now on."))
            return redirect("counter_agency")
    names = (_("Name of who gives the authorisation"), _("Resident ID number of who gives it"))
    fields = [
        *person_fields("person", names, request.POST.dict(), faults),
        _firm_code(request, faults, required=False),
        *_who_fields(request, faults),
        _scan("paper", _("The signed authorisation, scanned"), faults),
    ]
    context = {"inputs": fields, "fields": fields, "title": _("Record an authorisation on paper")}
    return page(request, "services/counter_form.html", context, faults=FormFaults(faults) if faults else None)


def _on_paper(request: HttpRequest) -> GiveMandate:
    """Raises `FormFaults` with all that is wrong at once."""
    agent, faults = read_person(request, "agent")
    person, principal = None, ""
    if request.POST.get("code", "").strip():
        try:
            principal = firm_of_code(read_uscc(request.POST["code"])).pseudonym
        except ZhengtongError as fault:
            faults["code"] = fault
    else:
        person, wrong = read_person(request, "person")
        faults |= wrong
    paper = _stored(request, "paper", faults)
    if faults or agent is None:
        raise FormFaults(faults)
    return GiveMandate(agent, principal, person, _matters(request), _until(request), paper)


def _stored(request: HttpRequest, name: str, faults: dict[str, ZhengtongError]) -> str:
    """The hash of the scan sent as `name`; a missing or unreadable one joins `faults`."""
    files, wrong = take_uploads(request, [name], {})
    faults |= wrong
    if name not in files and name not in wrong:
        faults[name] = BadInput("请添加扫描件", "add the scan")
    return files[name].sha256 if name in files else ""


def _scan(name: str, label: str, faults: Faults) -> Field:
    accept = {"accept": "application/pdf,image/jpeg,image/png"}
    return Field(
        name, label, kind="file", hint=_("PDF, JPEG or PNG"), error=faults.get(name, ""), attributes={**accept}
    )


def _firm_code(request: HttpRequest, faults: Faults, *, required: bool) -> Field:
    hint = "" if required else _("Instead of a person, where a registered firm gives it")
    value, error = request.POST.get("code", ""), faults.get("code", "")
    return Field("code", _("Unified social credit code"), value=value, hint=hint, required=required, error=error)


@route(permission="counter.use", methods=("GET", "HEAD", "POST"))
def firms(request: HttpRequest) -> HttpResponse:
    """Enter a firm with its representative, or a registered firm's new representative (the name left empty)."""
    faults: dict[str, ZhengtongError] = {}
    if request.method == "POST":
        try:
            perform(_firm_action(request), actor(request), post_key(request))
        except BadInput as fault:
            faults = dict(_placed(fault, "representative_number").fields)
        else:
            messages.success(
                request, _("The firm is entered. Its representative can apply for it and appoint handlers.")
            )
            return redirect("counter_firms")
    hint = _("As on the licence. Left empty for a registered firm whose representative changed.")
    value = request.POST.get("name", "")
    names = (_("Name of the legal representative"), _("Resident ID number of the legal representative"))
    fields = [
        _firm_code(request, faults, required=True),
        Field("name", _("Name of the firm"), value=value, hint=hint, required=False, error=faults.get("name", "")),
        *person_fields("representative", names, request.POST.dict(), faults),
        _scan("paper", _("The business licence, scanned"), faults),
    ]
    context = {"inputs": fields, "fields": fields, "title": _("Enter a firm")}
    return page(request, "services/counter_form.html", context, faults=FormFaults(faults) if faults else None)


def _firm_action(request: HttpRequest) -> RegisterFirm | ReplaceRepresentative:
    person, faults = read_person(request, "representative")
    code = ""
    try:
        code = read_uscc(request.POST.get("code", ""))
    except BadInput as fault:
        faults["code"] = fault
    paper = _stored(request, "paper", faults)
    known = bool(code) and Firm.objects.filter(code=code).exists()
    name = request.POST.get("name", "").strip()
    if code and not name and not known:
        faults["name"] = BadInput("请填写企业名称", "enter the firm's name")
    if faults or person is None:
        raise FormFaults(faults)
    return RegisterFirm(name, code, person, paper) if name else ReplaceRepresentative(code, person, paper)
