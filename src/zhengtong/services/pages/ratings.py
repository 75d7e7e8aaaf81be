# SPDX-License-Identifier: Apache-2.0
"""好差评: the applicant rates a closed case; the department checks, repairs and calls back what was rated badly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.authority import authorize, may
from zhengtong.acts.perform import Action, now_us, perform
from zhengtong.errors import BadInput, NotFound
from zhengtong.organization.queries import actor
from zhengtong.services.actions.call_back_rating import CallBackRating
from zhengtong.services.actions.check_rating import CheckRating
from zhengtong.services.actions.rate_case import RateCase
from zhengtong.services.actions.repair_rating import RepairRating
from zhengtong.services.models import Rating
from zhengtong.services.pages.mine import readable
from zhengtong.services.pages.rated import STATES, level_name
from zhengtong.services.published import published
from zhengtong.services.rating_work import RatingWork, rating_file
from zhengtong.services.rules.ratings import RatingState
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import State


@route(permission="case.rate", methods=("POST",))
def rate(request: HttpRequest, number: str) -> HttpResponse:
    readable(request, number)
    level = request.POST.get("level", "")
    if not level.isdecimal():
        raise BadInput("请选择评价等级", "choose a level", found=level or None)
    said = request.POST
    aspects = tuple(said.getlist("aspects"))
    action = RateCase(number, int(level), aspects, said.get("text", ""), said.get("step", ""))
    perform(action, actor(request), post_key(request))
    messages.success(request, _("Thank you. What you said is read by people who can change it."))
    return redirect("my_case", number)


@route(permission="rating.read")
def all_ratings(request: HttpRequest) -> HttpResponse:
    """Bad ratings of my departments that something is still owed for, the most urgent first."""
    me, now, rules = actor(request), now_us(), rating_file()
    waiting = (RatingState.TO_CHECK, RatingState.TO_REPAIR, RatingState.TO_CALL_BACK)
    rows = Rating.objects.filter(department__in=me.departments("officer"), state__in=waiting)
    shown = [
        (
            row,
            published(row.case.definition).event.name,
            level_name(rules, row.level),
            State(*STATES[row.state]),
            State("late", _("late")) if row.due_us is not None and row.due_us < now else None,
        )
        for row in rows.select_related("case").order_by("due_us", "id")[:100]
    ]
    return page(request, "services/ratings.html", {"rows": shown})


@route(permission="rating.read")
def one_rating(request: HttpRequest, reference: str) -> HttpResponse:
    row = Rating.objects.filter(reference=reference).select_related("case").first()
    if row is None:
        raise NotFound("没有这条评价", "there is no such rating", found=reference[:40])
    work = RatingWork(row)
    me, rules = actor(request), rating_file()
    authorize(me, "rating.read", work.subject)
    context = {
        "row": row,
        "event": published(row.case.definition).event,
        "level": level_name(rules, row.level),
        "aspects": [aspect.name for aspect in rules.aspects if aspect.key in row.aspects],
        "state": State(*STATES[row.state]),
        "may_act": bool(may(me, "rating.check", work.subject)),
    }
    return page(request, "services/rating.html", context)


Build = Callable[[HttpRequest, str], Action[Any]]
BUTTONS: dict[str, Build] = {
    "uphold": lambda r, n: CheckRating(n, True, r.POST.get("text", "")),
    "reject": lambda r, n: CheckRating(n, False, r.POST.get("text", "")),
    "repair": lambda r, n: RepairRating(n, r.POST.get("text", "")),
    "satisfied": lambda r, n: CallBackRating(n, True),
    "unsatisfied": lambda r, n: CallBackRating(n, False),
}


@route(permission="rating.check", methods=("POST",))
def act_on_rating(request: HttpRequest, reference: str) -> HttpResponse:
    build = BUTTONS.get(request.POST.get("act", ""))
    if build is None:
        raise BadInput("没有这个操作", "there is no such act", expected=", ".join(BUTTONS))
    perform(build(request, reference), actor(request), post_key(request))
    messages.success(request, _("Done."))
    return redirect("rating", reference)
