# SPDX-License-Identifier: Apache-2.0
"""Absences: who of the department is away, who stands in, record one and end it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.authority import may
from zhengtong.acts.perform import now_us, perform
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.city.text import Text
from zhengtong.errors import BadInput, Conflict, FormFaults, KeyReused, NotFound, ZhengtongError
from zhengtong.organization.absences import absentable, appointed_officers, readable
from zhengtong.organization.actions.end_absence import AbsenceRow, EndAbsence
from zhengtong.organization.actions.record_absence import RecordAbsence
from zhengtong.organization.models import Absence, Appointment
from zhengtong.organization.queries import actor
from zhengtong.ui.forms import Choice, Field
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import State

SHOWN = 100


def department_name(key: str) -> Text:
    """A department in short; its key where the city knows it no more."""
    if not city().has(Department, key):
        return Text(zh=key, en=key)
    found = city().get(Department, key)
    return found.short or found.name


def absence_state(row: Absence, now: int) -> State:
    if row.ended_us is not None or row.until_us < now:
        return State("wait", _("over"))
    return State("info", _("coming")) if row.begun_us > now else State("near", _("away now"))


def _choice(row: Appointment) -> Choice:
    place, name = department_name(row.department), row.account.name
    return Choice(row.reference, Text(zh=f"{name} · {place.zh}", en=f"{name} · {place.en}"))


@route(permission="absence.read", methods=("GET", "HEAD", "POST"))
def all_absences(request: HttpRequest) -> HttpResponse:
    """With a form posted, record one; what was wrong comes back at its field, with what was given."""
    if request.method != "POST":
        return page(request, "organization/absences.html", _context(request, {}, {}))
    given = request.POST.dict()
    faults: Mapping[str, ZhengtongError]
    try:
        perform(_action(given), actor(request), post_key(request))
    except FormFaults as wrong:
        faults = wrong.fields
    except NotFound as wrong:
        faults = {"appointment": NotFound(wrong.zh, wrong.en)}
    except Conflict as wrong:
        if isinstance(wrong, KeyReused):
            raise
        faults = {"first": wrong}
    else:
        messages.success(request, _("The absence is recorded. The substitute sees the steps from the first day on."))
        return redirect("absences")
    return page(request, "organization/absences.html", _context(request, given, faults), faults=FormFaults(faults))


def _action(given: Mapping[str, str]) -> RecordAbsence:
    """Raises `FormFaults` for days that are none."""
    days: dict[str, date] = {}
    faults: dict[str, ZhengtongError] = {}
    for name in ("first", "last"):
        text = given.get(name, "").strip()
        try:
            days[name] = date.fromisoformat(text)
            city().calendar.end_of_day(days[name])
        except (ValueError, OverflowError):
            zh, en = "请填写日期", "give a day"
            faults[name] = BadInput(zh, en, found=text[:20] or None, expected="2026-03-02")
    if faults:
        raise FormFaults(faults)
    return RecordAbsence(given.get("appointment", ""), given.get("substitute", ""), days["first"], days["last"])


def _fields(request: HttpRequest, given: Mapping[str, str], faults: Mapping[str, ZhengtongError]) -> list[Field]:
    mine = [_choice(row) for row in absentable(actor(request))]
    today = f"{city().calendar.date_of(now_us()):%Y-%m-%d}"
    return [
        Field(
            "appointment", _("Who is away"), kind="select", choices=mine, error=faults.get("appointment", ""),
            value=given.get("appointment", mine[0].value if len(mine) == 1 else ""),
        ),
        Field(
            "first", _("First day"), kind="date", value=given.get("first", today), error=faults.get("first", ""),
            attributes={"min": today},
        ),
        Field(
            "last", _("Last day"), kind="date", value=given.get("last", ""), error=faults.get("last", ""),
            attributes={"min": today},
        ),
        Field(
            "substitute", _("Substitute"), kind="select", value=given.get("substitute", ""),
            choices=[_choice(row) for row in appointed_officers()], error=faults.get("substitute", ""),
            hint=_("One from another department sees and does meanwhile what the absent officer may."),
        ),
    ]  # fmt: skip


def _context(request: HttpRequest, given: Mapping[str, str], faults: Mapping[str, ZhengtongError]) -> dict[str, object]:
    me, now = actor(request), now_us()
    fields = _fields(request, given, faults)
    rows = []
    for row in readable(me)[:SHOWN]:
        over = row.ended_us is not None or row.until_us < now
        may_end = not over and bool(may(me, "absence.end", AbsenceRow(row).subject))
        rows.append((row, department_name(row.appointment.department), absence_state(row, now), may_end))
    return {"inputs": fields, "fields": fields, "rows": rows, "may_record": bool(fields[0].choices)}


@route(permission="absence.read", methods=("POST",))
def end(request: HttpRequest, reference: str) -> HttpResponse:
    perform(EndAbsence(reference), actor(request), post_key(request))
    messages.success(request, _("The absence is over."))
    return redirect("absences")
