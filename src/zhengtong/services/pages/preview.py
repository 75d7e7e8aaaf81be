# SPDX-License-Identifier: Apache-2.0
"""A life event in every situation, for those who publish it: from the city's files, before they are a version."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhengtong.acts.serving import city
from zhengtong.services.definition import LifeEventFile
from zhengtong.services.preview import AT_MOST, Preview, Situation, from_files
from zhengtong.ui.pages import page, route
from zhengtong.ui.parts import Column, Crumb, State, Table
from zhengtong.ui.templatetags.ui import text


@route(permission="items.read")
def previews(request: HttpRequest) -> HttpResponse:
    events = sorted(city().all(LifeEventFile), key=lambda event: event.key)
    crumbs = [Crumb(_("Items"), reverse("items")), Crumb(_("Preview"))]
    return page(request, "services/previews.html", {"events": events, "crumbs": crumbs})


@route(permission="items.read")
def one_preview(request: HttpRequest, key: str) -> HttpResponse:
    found = from_files(city(), key)
    context = {
        "event": found.event.event,
        "preview": found,
        "at_most": AT_MOST,
        "overview": _overview(found),
        "crumbs": [
            Crumb(_("Items"), reverse("items")),
            Crumb(_("Preview"), reverse("previews")),
            Crumb(found.event.event.name),
        ],
    }
    return page(request, "services/preview.html", context)


def _overview(found: Preview) -> Table:
    columns = [Column(_("Situation")), Column(_("State"))]
    columns += [Column(word, True) for word in (_("Steps"), _("Departments"), _("Documents"), _("Questions"))]
    columns.append(Column(_("Working days"), True))
    rows = [
        (
            _named(index, one),
            _standing(one),
            sum(len(wave) for wave in one.waves),
            one.departments,
            len(one.brings),
            one.fields,
            "–" if one.working_days is None else one.working_days,
        )
        for index, one in enumerate(found.situations, start=1)
    ]
    return Table(_("Every situation"), columns, rows, "situations")


def _named(index: int, one: Situation) -> SafeString:
    """Its answers, leading to where it is told in full."""
    answers = " · ".join(str(text(answer)) for _question, answer in one.words) or _("Every case")
    return format_html('<a href="#situation-{}">{}. {}</a>', index, index, answers)


def _standing(one: Situation) -> State:
    if one.empty:
        return State("late", _("nothing would be done"))
    if one.perhaps:
        return State("near", _("the form decides more"))
    return State("ok", _("settled"))
