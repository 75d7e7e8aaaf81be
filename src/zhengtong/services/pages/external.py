# SPDX-License-Identifier: Apache-2.0
"""External systems: how long each takes, what waits for it, and what its book says differently from ours."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import may
from zhengtong.acts.perform import now_us, perform
from zhengtong.organization.queries import actor
from zhengtong.services.actions.settle_difference import SettleDifference
from zhengtong.services.external_work import DifferenceWork
from zhengtong.services.models import Difference
from zhengtong.services.reconciling import Standing, standings
from zhengtong.services.rules.reconciliation import Kind, Spread, Way, ways
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import Column, Crumb, Table

SHOWN = 50
LEGS = {
    "handing_over": gettext_lazy("From ready to received there"),
    "deciding": gettext_lazy("From received to decided there"),
    "reporting": gettext_lazy("From decided there to known here"),
    "whole": gettext_lazy("The whole way"),
}
KINDS = {
    Kind.MISSING_THERE: gettext_lazy("They do not have it"),
    Kind.MISSING_HERE: gettext_lazy("We do not have it"),
    Kind.STATE: gettext_lazy("The states differ"),
    Kind.NUMBER: gettext_lazy("The numbers of the result differ"),
}
WAYS = {
    Way.PUSH_AGAIN: gettext_lazy("Hand it over again"),
    Way.TAKE_OVER: gettext_lazy("Take over their decision"),
    Way.EXPLAIN: gettext_lazy("Leave both as they are, explained"),
}
WORDS = {"pending": gettext_lazy("under way"), "granted": gettext_lazy("granted"), "refused": gettext_lazy("refused")}


@route(permission="external.read")
def systems(request: HttpRequest) -> HttpResponse:
    now, me = now_us(), actor(request)
    shown = [_shown(one, me, now) for one in standings(now)]
    crumbs = [Crumb(_("My steps"), reverse("workbench")), Crumb(_("External systems"))]
    return page(request, "services/external.html", {"systems": shown, "crumbs": crumbs})


def _shown(one: Standing, me: Actor, now: int) -> dict[str, object]:
    return {
        "file": one.system,
        "last": one.last,
        "lags": _lags(one),
        "waiting": [(step, duration(now - step.facts[0]["at_us"])) for step in one.waiting[:SHOWN]],
        "waiting_count": len(one.waiting),
        "differences": [_difference(row, me) for row in one.open[:SHOWN]],
        "open_count": len(one.open),
        "settled": Difference.objects.filter(system=one.system.key, state="settled").order_by("-settled_us")[:10],
    }


def _lags(one: Standing) -> Table:
    columns = (Column(_("Leg")), Column(_("Cases"), True), Column(_("Median"), True), Column(_("9 of 10 within"), True))
    rows = [(LEGS[leg], *_spread(spread)) for leg, spread in one.lags.items()]
    return Table(_("How long it takes"), columns, rows, key=f"lag-{one.system.key}", caption_hidden=True)


def _spread(spread: Spread | None) -> tuple[object, str, str]:
    if spread is None:
        return 0, "–", "–"
    return spread.count, duration(spread.median_us), duration(spread.p90_us)


def duration(us: int) -> str:
    """A length of time in its largest fitting unit."""
    seconds = us / 1e6
    if seconds < 90:
        return ngettext("%(n)s second", "%(n)s seconds", round(seconds)) % {"n": round(seconds)}
    if seconds < 5400:
        return ngettext("%(n)s minute", "%(n)s minutes", round(seconds / 60)) % {"n": round(seconds / 60)}
    if seconds < 129_600:
        return ngettext("%(n)s hour", "%(n)s hours", round(seconds / 3600)) % {"n": round(seconds / 3600)}
    return ngettext("%(n)s day", "%(n)s days", round(seconds / 86_400)) % {"n": round(seconds / 86_400)}


def _difference(row: Difference, me: Actor) -> dict[str, object]:
    possible = ways(Kind(row.kind), row.ours, row.theirs)
    settles = bool(may(me, "difference.settle", DifferenceWork(row).subject))
    return {
        "row": row,
        "kind": KINDS[Kind(row.kind)],
        "ours": WORDS.get(row.ours, row.ours or _("nothing")),
        "theirs": WORDS.get(row.theirs, row.theirs or _("nothing")),
        "ways": [(way.value, WAYS[way]) for way in possible] if settles else [],
    }


@route(permission="difference.settle", methods=("POST",))
def settle(request: HttpRequest, reference: str) -> HttpResponse:
    action = SettleDifference(reference, request.POST.get("way", ""), request.POST.get("text", ""))
    done = perform(action, actor(request), post_key(request))
    said = (
        _("This had been done already; nothing was done twice.") if done.replayed else _("The difference is settled.")
    )
    messages.success(request, said)
    return redirect("external")
