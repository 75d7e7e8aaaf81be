# SPDX-License-Identifier: Apache-2.0
"""What repeated bad ratings propose to change, what the data bureau says to it, and whether it helped."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from zhengtong.acts.authority import Subject, may
from zhengtong.acts.perform import perform
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput
from zhengtong.organization.queries import actor
from zhengtong.services.actions.decide_change import DecideChange
from zhengtong.services.models import ChangeProposal, Rating, Ticket
from zhengtong.services.proposing import answering_version, effect
from zhengtong.services.published import published
from zhengtong.services.rating_work import rating_file
from zhengtong.services.rules.improving import Share, apart
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import Crumb, State

SHOWN = 100


@route(permission="items.read")
def proposals(request: HttpRequest) -> HttpResponse:
    """Open ones first; each with the ratings behind it and, once answered, the shares before and after."""
    rows = sorted(ChangeProposal.objects.order_by("-proposed_us")[:SHOWN], key=lambda row: row.state != "open")
    context = {
        "proposals": [_shown(row) for row in rows],
        "may_decide": bool(may(actor(request), "change.decide", Subject("proposal"))),
        "crumbs": [Crumb(_("Items"), reverse("items")), Crumb(_("Proposed changes"))],
    }
    return page(request, "services/proposals.html", context)


def _shown(row: ChangeProposal) -> dict[str, object]:
    aspects = {aspect.key: aspect.name for aspect in rating_file().aspects}
    states = {
        "open": State("near", _("to be decided")),
        "accepted": State("ok", _("taken up")),
        "declined": State("wait", _("declined")),
    }
    measured = effect(row)
    return {
        "row": row,
        "event": published(row.definition).event.name,
        "department": city().get(Department, row.department).name,
        "aspect": aspects.get(row.aspect, row.aspect),
        "state": states[row.state],
        "tickets": Ticket.objects.filter(number__in=row.tickets).order_by("received_us"),
        "ratings": Rating.objects.filter(reference__in=row.ratings).order_by("rated_us"),
        "version": answering_version(row),
        "effect": [_percent(one) for one in measured] if measured else None,
        "apart": measured is not None and apart(*measured),
    }


def _percent(one: Share) -> dict[str, object]:
    """Counts and the 95 % interval in per cent; no rate where there is no rating."""
    rate = "—" if one.rate is None else f"{100 * one.rate:.0f}%"
    low, high = f"{100 * one.low:.0f}%", f"{100 * one.high:.0f}%"
    return {"bad": one.bad, "all": one.all, "rate": rate, "low": low, "high": high}


@route(permission="change.decide", methods=("POST",))
def decide_proposal(request: HttpRequest, reference: str) -> HttpResponse:
    act = request.POST.get("act", "")
    if act not in {"accept", "decline"}:
        raise BadInput("没有这个操作", "there is no such act", found=act[:40], expected="accept | decline")
    action = DecideChange(reference, act == "accept", request.POST.get("reason", ""))
    perform(action, actor(request), post_key(request))
    messages.success(request, _("Done."))
    return redirect("proposals")
