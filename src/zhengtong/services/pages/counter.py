# SPDX-License-Identifier: Apache-2.0
"""The counter (综合窗口): take in the same one form for the person who stands there, and print a receipt."""

from __future__ import annotations

import base64

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from zhengtong.acts.perform import now_us, perform
from zhengtong.errors import FormFaults, ZhengtongError
from zhengtong.organization.queries import actor, names_of
from zhengtong.services.casework import calendar
from zhengtong.services.engine.notices import NoticeKind, qr_svg
from zhengtong.services.models import Notice
from zhengtong.services.pages.filling import begin
from zhengtong.services.pages.forms import situation_fields
from zhengtong.services.pages.mine import readable
from zhengtong.services.pages.persons import person_fields, read_person
from zhengtong.services.pages.states import phase_state
from zhengtong.services.published import published
from zhengtong.services.queries import cases_taken_by, life_event, life_events
from zhengtong.ui.forms import Field
from zhengtong.ui.pages import page, post_key, route


@route(permission="counter.use")
def desk(request: HttpRequest) -> HttpResponse:
    today = calendar().start_of_day(calendar().date_of(now_us()))
    taken = list(cases_taken_by(actor(request), today)[:100])
    names = names_of(case.applicant for case in taken)
    rows = [(c, published(c.definition).event.name, names.get(c.applicant, ""), phase_state(c.phase)) for c in taken]
    return page(request, "services/counter.html", {"events": life_events(), "rows": rows})


@route(permission="counter.use", methods=("GET", "HEAD", "POST"))
def intake(request: HttpRequest, key: str) -> HttpResponse:
    """First the situation, then who is served and the one form."""
    filling = begin(request, key)
    if filling is None:
        event = life_event(key)
        given = {s.key: request.GET.get(s.key, "") for s in event.event.situations}
        questions = situation_fields(event, given, {})
        return page(request, "services/counter_situation.html", {"event": event, "questions": questions})
    if request.method != "POST":
        return page(request, "services/counter_intake.html", {**filling.context(), "person": _person_fields({}, {})})
    clerk = actor(request)
    filling.take(request, clerk.id)
    filling.origins = dict.fromkeys(filling.raw, "counter")
    person, faults = read_person(request, "person")
    try:
        filling.faults |= faults
        filling.check()
        assert person is not None  # noqa: S101  # else it has faults
        done = perform(filling.submission(person), clerk, post_key(request))
    except FormFaults as found:
        filling.faults = dict(found.fields)
        context = filling.context()
        who = _person_fields(request.POST.dict(), filling.faults)
        fields = [*who, *filling.context()["fields"]]  # type: ignore[misc]  # a list of fields, as context() builds it
        shown = {**context, "person": who, "fields": fields, "carried": filling.carried(clerk.id)}
        return page(request, "services/counter_intake.html", shown, faults=found)
    return redirect("receipt", done.result["case"])


def _person_fields(given: dict[str, str], faults: dict[str, ZhengtongError]) -> list[Field]:
    names = (_("Name of the applicant"), _("Resident ID number of the applicant"))
    return person_fields("person", names, given, faults)


@route(permission="counter.use")
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The receipt to print: what was taken in, from whom, what happens next, and where to follow it."""
    work = readable(request, number)
    notice = Notice.objects.filter(case=work.case, kind=NoticeKind.INTAKE.value).first()
    address = f"{settings.ZHENGTONG_PUBLIC_URL}{reverse('verify_code', args=[notice.code])}" if notice else ""
    definition = work.definition
    context = {
        "case": work.case,
        "event": definition.event,
        "applicant": names_of([work.case.applicant]).get(work.case.applicant, ""),
        "notice": notice,
        "qr": "data:image/svg+xml;base64," + base64.b64encode(qr_svg(address).encode()).decode() if address else "",
        "address": address,
        "steps": [
            (definition.services[k].name, definition.departments[s.department].name) for k, s in work.steps.items()
        ],
        "materials": [_material_name(work, m.key) for m in work.case.materials.order_by("id")],
    }
    return page(request, "services/receipt.html", context)


def _material_name(work: object, key: str) -> object:
    for service in work.definition.services.values():  # type: ignore[attr-defined]
        for material in service.materials:
            if material.key == key:
                return material.name
    return key
