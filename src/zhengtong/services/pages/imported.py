# SPDX-License-Identifier: Apache-2.0
"""Cases that came from other systems: on time by our clock, and by what their source says of itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from zhengtong.acts.authority import Subject, may
from zhengtong.acts.serving import city
from zhengtong.errors import NotFound
from zhengtong.organization.queries import actor
from zhengtong.services.case_import import ServiceOfSource, imported_figures
from zhengtong.services.definition import PublicServiceFile
from zhengtong.services.models import ImportedCase
from zhengtong.services.pages.states import phase_state
from zhengtong.ui.pages import page, route
from zhengtong.ui.parts import Column, Crumb, State, Table

SHOWN = 50


@route(permission="imported.read")
def imported_cases(request: HttpRequest) -> HttpResponse:
    figures = imported_figures()
    rows = ImportedCase.objects.select_related("case").prefetch_related("case__steps")
    if request.GET.get("differ"):
        rows = rows.filter(late=True, source_on_time=True) | rows.filter(late=False, source_on_time=False)
    context = {
        "figures": _figures(figures) if figures else None,
        "total": sum(one.cases for one in figures),
        "cases": [_case(request, row) for row in rows.order_by("-case__submitted_us", "-id")[:SHOWN]],
        "shown": SHOWN,
        "crumbs": [Crumb(_("My steps"), reverse("workbench")), Crumb(_("Imported cases"))],
    }
    return page(request, "services/imported.html", context)


def _name(service: str) -> object:
    try:
        return city().get(PublicServiceFile, service).name
    except NotFound:  # the city has dropped it since
        return service


def _figures(figures: list[ServiceOfSource]) -> Table:
    columns = (
        Column(_("Service")), Column(_("Source")), Column(_("Cases"), True), Column(_("Decided"), True),
        Column(_("Late by our clock"), True), Column(_("Late by the source"), True), Column(_("Differ"), True),
    )  # fmt: skip
    rows = [
        (_name(one.service), one.source, one.cases, one.closed, one.late, one.late_there, one.differ) for one in figures
    ]
    return Table(_("On time, by two clocks"), columns, rows, key="imported", caption_hidden=True)


def _case(request: HttpRequest, row: ImportedCase) -> dict[str, object]:
    departments = frozenset(step.department for step in row.case.steps.all())
    subject = Subject("case", row.case.number, departments=departments)
    reads = bool(may(actor(request), "case.read", subject))
    address = reverse("step", args=[row.case.number, row.service]) if reads else ""
    number = format_html('<a href="{}">{}</a>', address, row.case.number) if reads else row.case.number
    return {
        "number": number,
        "row": row,
        "name": _name(row.service),
        "state": phase_state(row.case.phase),
        "late": None if row.late is None else State("late", _("late")) if row.late else State("ok", _("on time")),
    }
