# SPDX-License-Identifier: Apache-2.0
"""Versions of life events, and moving running cases from one to another: looked at case by case, then done."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from zhengtong.errors import BadInput
from zhengtong.organization.queries import actor
from zhengtong.services import migrating
from zhengtong.services.migrating import CaseReport
from zhengtong.services.models import CaseMigration
from zhengtong.services.published import LifeEvent, published
from zhengtong.services.queries import versions_in_use
from zhengtong.services.rules.migration import Refusal
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import Column, Crumb, State, Table
from zhengtong.ui.templatetags.ui import local_time

SHOWN = 200
AT_ONCE = 500
"""Cases that a page moves in one request; more are moved by `zhengtong cases migrate`."""


@route(permission="items.read")
def versions(request: HttpRequest) -> HttpResponse:
    """What is published, which version runs how many cases, and which of them could go where."""
    used = versions_in_use()
    rows = [
        (
            published(one.hash).event.name,
            one.hash[:12],
            local_time(one.published_us),
            State("ok", _("newest")) if one.newest else "",
            one.running,
            one.cases,
        )
        for one in used
    ]
    heads = [*map(Column, (_("Life event"), _("Version"), _("Published"), _("State")))]
    heads += [Column(_("Running"), True), Column(_("All cases"), True)]
    newest = {one.key: one.hash for one in used if one.newest}
    older = [(one, newest[one.key], published(one.hash).event.name) for one in used if one.running and not one.newest]
    context = {
        "table": Table(_("Published versions"), heads, rows, "versions"),
        "older": older,
        "crumbs": [Crumb(_("Items"), reverse("items")), Crumb(_("Versions"))],
    }
    return page(request, "services/versions.html", context)


def _pair(request: HttpRequest) -> tuple[LifeEvent, LifeEvent]:
    given = request.POST if request.method == "POST" else request.GET
    old, new = migrating.version(given.get("from", "")), migrating.version(given.get("to", ""))
    migrating.same_event(old, new)
    return old, new


@route(permission="items.read")
def migration(request: HttpRequest) -> HttpResponse:
    """Case by case, what moving would do; nothing is changed by looking."""
    old, new = _pair(request)
    reports = migrating.dry_run(old, new)
    going = [one for one in reports if one.outcome == "would_move"]
    heads = (_("Case"), _("State"), _("Kept"), _("Added"), _("Removed"), _("Why not"))
    rows = [_row(one, old, new) for one in reports[:SHOWN]]
    crumbs = [Crumb(_("Items"), reverse("items")), Crumb(_("Versions"), reverse("versions")), Crumb(new.hash[:12])]
    moved = CaseMigration.objects.filter(from_hash=old.hash, to_hash=new.hash, reverted_us=None).count()
    context = {
        "event": old.event,
        "old": old,
        "new": new,
        "going": len(going),
        "staying": len(reports) - len(going),
        "moved": moved,
        "table": Table(_("Case by case"), [*map(Column, heads)], rows, "cases"),
        "any": bool(reports),
        "more": max(0, len(reports) - SHOWN),
        "too_many": len(going) > AT_ONCE,
        "at_once": AT_ONCE,
        "crumbs": crumbs,
    }
    return page(request, "services/migration.html", context)


def _row(one: CaseReport, old: LifeEvent, new: LifeEvent) -> tuple[object, ...]:
    language = get_language() or "zh"
    names = {key: service.name.say(language) for of in (new, old) for key, service in of.services.items()}

    def said(keys: tuple[str, ...]) -> str:
        return "、".join(names.get(key, key) for key in keys)

    why = migrating.refusal_words([Refusal(code, about) for code, about in one.refusals], language)  # type: ignore[arg-type]  # codes of the rule itself
    state = State("ok", _("can be moved")) if one.outcome == "would_move" else State("late", _("stays"))
    return (one.case, state, said(one.kept), said(one.added), said(one.removed), "；".join(why))


@route(permission="case.migrate", methods=("POST",))
def migrate(request: HttpRequest) -> HttpResponse:
    """Move them, or take the move back. Sent twice, the second finds nothing left to do."""
    post_key(request)
    old, new = _pair(request)
    me = actor(request)
    match request.POST.get("act", ""):
        case "move":
            running = len(migrating.running(old))
            if running > AT_ONCE:
                raise BadInput(
                    "办件太多，请用命令行迁移", "there are too many cases for a page; use the command line",
                    found=running, expected=f"≤ {AT_ONCE}; zhengtong cases migrate",
                )  # fmt: skip
            done = sum(one.outcome == "moved" for one in migrating.migrate(old, new, me))
            messages.success(request, ngettext("%(n)s case was moved.", "%(n)s cases were moved.", done) % {"n": done})
        case "revert":
            done = sum(one.outcome == "reverted" for one in migrating.revert(old, new, me))
            messages.success(
                request, ngettext("%(n)s case was put back.", "%(n)s cases were put back.", done) % {"n": done}
            )
        case other:
            raise BadInput("没有这个操作", "there is no such act", found=other, expected="move | revert")
    return redirect(f"{reverse('migration')}?from={old.hash}&to={new.hash}")
