# SPDX-License-Identifier: Apache-2.0
"""Consents: what others ask of me, in the very words agreed to; and what my own case waits for."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhengtong.acts.authority import may
from zhengtong.acts.perform import perform
from zhengtong.errors import BadInput, FormFaults, NotFound
from zhengtong.organization.queries import actor, names_of
from zhengtong.services.actions.answer_consent import AnswerConsent, WithdrawConsent
from zhengtong.services.actions.replace_consent import ReplaceConsent
from zhengtong.services.casework import CaseWork, open_case
from zhengtong.services.consent_files import ConsentFile
from zhengtong.services.consents import REPLACEABLE, begun, is_used
from zhengtong.services.models import Consent
from zhengtong.services.pages.forms import take_uploads
from zhengtong.ui.forms import Field
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import State, StateKind

STATES: dict[str, tuple[StateKind, object]] = {
    "asked": ("near", gettext_lazy("waits for an answer")),
    "granted": ("ok", gettext_lazy("agreed")),
    "refused": ("late", gettext_lazy("not agreed")),
    "withdrawn": ("wait", gettext_lazy("taken back")),
    "expired": ("late", gettext_lazy("not answered in time")),
    "replaced": ("wait", gettext_lazy("the document was brought instead")),
}


@dataclass(frozen=True)
class Shown:
    row: Consent
    file: ConsentFile
    event: object
    departments: tuple[object, ...]
    person: str
    state: State
    may_answer: bool
    may_withdraw: bool
    upload: Field | None = None


def _shown(row: Consent, work: CaseWork, person: str) -> Shown:
    definition = work.definition
    file = next(one for one in definition.event.consents if one.key == row.key)
    users = [s for s in definition.services.values() if any(m.key == file.instead_of for m in s.materials)]
    departments = tuple(dict.fromkeys(definition.departments[s.department].name for s in users if s.key in work.steps))
    is_open = work.case.phase == "open"
    return Shown(
        row,
        file,
        definition.event.name,
        departments,
        person,
        State(*STATES[row.state]),
        is_open and row.state == "asked",
        row.state == "granted" and not is_used(work, row),
    )


@route(permission="consent.answer")
def asked_of_me(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    rows = list(Consent.objects.filter(holder=me.id).select_related("case").order_by("-asked_us")[:50])
    names = names_of(row.case.applicant for row in rows)
    shown = [_shown(r, open_case(r.case.number, lock=False), names.get(r.case.applicant, "")) for r in rows]
    return page(request, "services/consents.html", {"consents": shown})


@route(permission="consent.answer", methods=("POST",))
def answer(request: HttpRequest, reference: str) -> HttpResponse:
    what = request.POST.get("answer", "")
    if what not in {"grant", "refuse", "withdraw"}:
        raise BadInput("请选择同意或不同意", "choose whether you agree", found=what[:20], expected="grant | refuse")
    action = WithdrawConsent(reference) if what == "withdraw" else AnswerConsent(reference, what == "grant")
    perform(action, actor(request), post_key(request))
    messages.success(request, _("Your answer is recorded."))
    return redirect("consents")


def consents_of(request: HttpRequest, work: CaseWork) -> list[Shown]:
    """What the case asks of others, as the applicant sees it: with a place for the document while it waits."""
    rows = list(Consent.objects.filter(case=work.case).order_by("id"))
    if not rows:
        return []
    names = names_of(row.holder for row in rows)
    mine = bool(may(actor(request), "consent.replace", work.applicants_subject))
    waits = work.case.phase == "open" and not begun(work)
    shown = []
    for row in rows:
        one = _shown(row, work, names.get(row.holder, ""))
        upload = Field(
            one.file.instead_of, _("Bring the document instead"), kind="file", hint=_("PDF, JPEG or PNG"),
            attributes={"accept": "application/pdf,image/jpeg,image/png"},
        )  # fmt: skip
        able = mine and waits and row.state in REPLACEABLE
        shown.append(Shown(**{**one.__dict__, "upload": upload if able else None}))
    return shown


@route(permission="consent.replace", methods=("POST",))
def replace(request: HttpRequest, reference: str) -> HttpResponse:
    row = Consent.objects.filter(reference=reference).select_related("case").first()
    work = open_case(row.case.number, lock=False) if row else None
    if row is None or work is None or not may(actor(request), "consent.replace", work.applicants_subject):
        raise NotFound("没有这份同意", "there is no such consent", found=reference[:40])
    key = next(one.instead_of for one in work.definition.event.consents if one.key == row.key)
    files, faults = take_uploads(request, [key], {})
    if key not in files:
        raise FormFaults({key: faults.get(key) or BadInput("请上传这份材料", "please add this document")})
    perform(ReplaceConsent(reference, files[key]), actor(request), post_key(request))
    messages.success(request, _("The document was received. The case goes on."))
    return redirect("my_case", row.case.number)
