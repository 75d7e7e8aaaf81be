# SPDX-License-Identifier: Apache-2.0
"""Service of notices: what a person sees of it at each notice, and the officers' list of what is not served yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhengtong.acts.perform import perform
from zhengtong.organization.queries import actor, names_of
from zhengtong.services.actions.serve_notice import ServeNotice
from zhengtong.services.casework import CaseWork
from zhengtong.services.models import Notice, NoticeService
from zhengtong.services.published import published
from zhengtong.services.rules.moves import DeliveryWay
from zhengtong.services.serving import Way, unserved, ways_open
from zhengtong.ui.pages import page, post_key, route

WAYS: dict[str, object] = {
    "portal": gettext_lazy("opened here"),
    "deemed": gettext_lazy("by the city's term after it lay here"),
    "in_person": gettext_lazy("handed over against signature"),
    "post": gettext_lazy("by post"),
    "electronic": gettext_lazy("electronically"),
    "left": gettext_lazy("left at the address"),
    "public": gettext_lazy("by public announcement"),
}
SHOWN = 100


@dataclass(frozen=True)
class Served:
    """A notice with its matter, how it was served, and the remedies that run from then."""

    notice: Notice
    matter: object
    service: NoticeService | None
    way: object
    remedies: Sequence[Way]


def served_notices(work: CaseWork, notices: Sequence[tuple[Notice, object]]) -> list[Served]:
    services = {row.notice_id: row for row in NoticeService.objects.filter(notice__case=work.case)}
    found = []
    for notice, matter in notices:
        service = services.get(notice.pk)
        remedies = ways_open(work.definition, notice, service.served_us if service else None)
        found.append(Served(notice, matter, service, WAYS[service.way] if service else "", remedies))
    return found


@route(permission="notice.serve")
def all_unserved(request: HttpRequest) -> HttpResponse:
    """Of my departments; at the counter, of all, because whoever comes is handed what waits for him."""
    me = actor(request)
    rows = list(unserved(None if me.holds("clerk") else me.departments("officer"))[:SHOWN])
    names = names_of(row.case.applicant for row in rows)
    lines = []
    for row in rows:
        definition = published(row.case.definition)
        matter = definition.services[row.step.key].name if row.step else definition.event.name
        lines.append((row, matter, names.get(row.case.applicant, "")))
    ways = [(way, WAYS[way]) for way in get_args(DeliveryWay)]
    return page(request, "services/unserved.html", {"lines": lines, "ways": ways, "may_open": me.holds("officer")})


@route(permission="notice.serve", methods=("POST",))
def serve(request: HttpRequest, reference: str) -> HttpResponse:
    action = ServeNotice(reference, request.POST.get("way", ""), request.POST.get("receipt", "").strip())
    perform(action, actor(request), post_key(request))
    messages.success(request, _("The service is recorded."))
    return redirect("unserved")
