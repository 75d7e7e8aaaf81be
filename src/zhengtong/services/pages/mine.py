# SPDX-License-Identifier: Apache-2.0
"""My cases: follow them, correct, withdraw, fetch documents."""

from __future__ import annotations

import io

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.authority import may
from zhengtong.acts.perform import now_us, perform
from zhengtong.acts.serving import city
from zhengtong.errors import FormFaults, NotFound
from zhengtong.organization.queries import actor, names_of
from zhengtong.services.actions.supply_correction import SupplyCorrection, asked_items
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import CaseWork, open_case
from zhengtong.services.documents import file_of
from zhengtong.services.engine.uploads import read_upload
from zhengtong.services.models import Material, Notice
from zhengtong.services.pages.consents import consents_of
from zhengtong.services.pages.forms import Faults, element_field, material_field, take_uploads
from zhengtong.services.pages.history import history
from zhengtong.services.pages.kept import drafts_shown, told_us
from zhengtong.services.pages.owed import owed_fields
from zhengtong.services.pages.rated import rating_context
from zhengtong.services.pages.serving import served_notices
from zhengtong.services.pages.states import phase_state
from zhengtong.services.pages.tracking import expected, tracked
from zhengtong.services.processes import sealed_notice
from zhengtong.services.published import published
from zhengtong.services.queries import cases_of
from zhengtong.services.rules.flow import StepState
from zhengtong.services.serving import opened
from zhengtong.ui.forms import Field
from zhengtong.ui.pages import page, post_key, route


@route(permission="case.submit")
def my_cases(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    found = list(cases_of(me)[:100])
    names = names_of(case.applicant for case in found if case.applicant != me.id)
    cases = [
        (case, published(case.definition).event.name, phase_state(case.phase), names.get(case.applicant, ""))
        for case in found
    ]
    return page(request, "services/my_cases.html", {"cases": cases, "drafts": drafts_shown(me)})


def readable(request: HttpRequest, number: str) -> CaseWork:
    """A case its reader may see. One that he may not see is as one that does not exist."""
    work = open_case(number, lock=False)
    if not may(actor(request), "case.read", work.subject):
        raise NotFound("没有这个办件", "there is no such case", found=number)
    return work


@route(permission="case.read")
def my_case(request: HttpRequest, number: str) -> HttpResponse:
    return page(request, "services/my_case.html", _case_context(request, readable(request, number), {}))


def case_page(request: HttpRequest, work: CaseWork, faults: FormFaults) -> HttpResponse:
    """The case's page again, with what was wrong."""
    return page(request, "services/my_case.html", _case_context(request, work, faults.fields), faults=faults)


def _case_context(request: HttpRequest, work: CaseWork, faults: Faults) -> dict[str, object]:
    me, now = actor(request), now_us()
    requests = [
        (work.definition.services[step.key].name, step.corrections.order_by("-id")[0])
        for step in work.steps.values()
        if step.state == StepState.CORRECTING
    ]
    may_correct = bool(requests) and bool(may(me, "case.supply_correction", work.subject))
    fields = correction_fields(work, faults) if may_correct else []
    owed = owed_fields(work, faults) if may(me, "case.supply_promised", work.subject) else []
    return {
        "work": work,
        "case": work.case,
        "state": phase_state(work.case.phase),
        "tracked": tracked(work, now),
        "expected": expected(work, now),
        "hotline": city().meta.hotline,
        "requests": requests,
        "inputs": fields,
        "owed": owed,
        "fields": [*fields, *owed],
        "notices": served_notices(work, notices_of(work)),
        "consents": consents_of(request, work),
        "moments": history(work, by_name=bool(may(me, "case.read_form", work.subject))),
        "principal": _principal(work, me.id),
        "told": told_us(work) if may(me, "case.read_form", work.subject) else None,
        **rating_context(work, bool(may(me, "case.rate", work.applicants_subject))),
        "may_withdraw": work.case.phase == "open" and bool(may(me, "case.withdraw", work.applicants_subject)),
    }


def _principal(work: CaseWork, reader: str) -> str:
    """Whose case it is, to who reads it for him."""
    whose = work.case.applicant
    return "" if whose == reader else names_of([whose]).get(whose, "")


def notices_of(work: CaseWork) -> list[tuple[Notice, object]]:
    """The case's notices, newest first, each with the matter it is about."""
    rows = work.case.notices.select_related("step").order_by("-issued_us", "-id")
    services, event = work.definition.services, work.definition.event
    return [(row, services[row.step.key].name if row.step else event.name) for row in rows]


def correction_fields(work: CaseWork, faults: Faults) -> list[Field]:
    """Only what was asked for: elements with their present value, and files to add."""
    asked, form = asked_items(work), work.form
    elements = [
        element_field(f, form.values.get(f.element.key, ""), faults.get(f.element.key))
        for f in work.definition.fields(work.case.answers, form.values)
        if f.element.key in asked
    ]
    materials = [
        material_field(m, None, faults.get(m.material.key))
        for m in work.definition.uploads(work.case.answers, form.values)
        if m.material.key in asked
    ]
    return [*elements, *materials]


@route(permission="case.supply_correction", methods=("POST",))
def correct(request: HttpRequest, number: str) -> HttpResponse:
    work = readable(request, number)
    wanted = [f.name for f in correction_fields(work, {}) if f.kind == "file"]
    materials, faults = take_uploads(request, wanted, {})
    raw = {key: request.POST[key] for key in work.definition.elements if key in request.POST}
    try:
        if faults:
            raise FormFaults(faults)
        perform(SupplyCorrection(number, raw, tuple(materials.values())), actor(request), post_key(request))
    except FormFaults as found:
        return case_page(request, work, found)
    messages.success(request, _("Your correction was received. The department goes on with it."))
    return redirect("my_case", number)


@route(permission="case.withdraw", methods=("POST",))
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    readable(request, number)
    perform(WithdrawCase(number), actor(request), post_key(request))
    messages.success(request, _("The case was withdrawn. What had been decided stays."))
    return redirect("my_case", number)


@route(permission="case.read")
def document(request: HttpRequest, reference: str) -> HttpResponseBase:
    notice = Notice.objects.filter(reference=reference).select_related("case", "step").first()
    if notice is None:
        raise NotFound("没有这份文书", "there is no such document", found=reference)
    readable(request, notice.case.number)
    opened(notice, actor(request), now_us())
    return FileResponse(file_of(sealed_notice(notice)).open("rb"), filename=f"{notice.case.number}-{notice.kind}.pdf")


@route(permission="case.read_form")
def material(request: HttpRequest, reference: str) -> HttpResponseBase:
    """An uploaded file, sent as a download only: it came from outside."""
    row = Material.objects.filter(reference=reference).select_related("case").first()
    if row is None or not may(actor(request), "case.read_form", open_case(row.case.number, lock=False).subject):
        raise NotFound("没有这份材料", "there is no such file", found=reference)
    content = io.BytesIO(read_upload(settings.ZHENGTONG_STATE / "uploads", row.sha256))
    return FileResponse(content, as_attachment=True, filename=row.filename, content_type=row.media_type)
