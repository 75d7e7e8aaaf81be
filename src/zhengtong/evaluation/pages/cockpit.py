# SPDX-License-Identifier: Apache-2.0
"""The cockpit: where the city stands, said in a sentence first; every figure opens down to its events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.authority import Subject, may
from zhengtong.acts.perform import now_us
from zhengtong.errors import Contradicted
from zhengtong.evaluation import queries
from zhengtong.evaluation.engine.figures import Outcome, by_service, on_time
from zhengtong.evaluation.rules.reductions import Reduction
from zhengtong.ledger import log as compose
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Checkpoint, Leaf, Unsealed
from zhengtong.organization.queries import actor, tasks_for
from zhengtong.services.casework import calendar
from zhengtong.services.published import LifeEvent
from zhengtong.services.queries import life_event, life_events
from zhengtong.ui.pages import page, route

RECENT_DAYS, BEFORE_DAYS = 30, 90
SHOWN = 200

MEASURES = {
    "steps": _lazy("Steps departments really took (median)"),
    "days": _lazy("Working days from receipt to closing (median)"),
    "materials": _lazy("Documents the applicant really uploaded (mean)"),
    "visits": _lazy("Visits to a counter (mean)"),
    "fields": _lazy("Fields the applicant typed (mean)"),
    "departments": _lazy("Departments that decided (median)"),
}
WHY_NOT = {
    "other_services": _lazy("not comparable: other services"),
    "other_method": _lazy("not comparable: other method"),
    "not_published": _lazy("no figure was published"),
    "not_measured": _lazy("nothing measured yet"),
}


@route(permission="cockpit.read")
def overview(request: HttpRequest) -> HttpResponse:
    blocks = [_life_event_block(event) for event in life_events()]
    me = actor(request)
    tip = Checkpoint.objects.order_by("-size").first()
    context = {
        "blocks": blocks,
        "headline": blocks[0]["sentence"] if blocks else None,
        "sources": queries.mined_sources(),
        "tasks": tasks_for(me)[:6],
        "leaves": Leaf.objects.count(),
        "waiting": Unsealed.objects.count(),
        "sealed_us": tip.time_us if tip else None,
        "may_propose": bool(may(me, "task.propose", Subject("task"))),
        "may_audit": bool(may(me, "ledger.audit", Subject("ledger"))),
    }
    return page(request, "evaluation/cockpit.html", context)


def _life_event_block(event: LifeEvent) -> dict[str, object]:
    picture = queries.picture(event.key)
    cases = picture.cases
    rate = on_time(cases)
    services = [(event.services[f.service].name, f) for f in by_service(cases) if f.service in event.services]
    return {
        "event": event,
        "rate": rate,
        "satisfied": queries.satisfied(picture.ratings),
        "trend": _by_month(cases),
        "services": services,
        "comparisons": [(before, _rows(queries.compared(event, before, cases))) for before in event.event.before],
        "sentence": _sentence(event, cases),
        "leaves": picture.leaves,
        "url": reverse("on_time_cases", args=[event.key]),
    }


def _rows(reductions: Sequence[Reduction]) -> list[dict[str, object]]:
    return [
        {
            "name": MEASURES[r.measure],
            "before": r.before,
            "measured": r.measured,
            "share": r.share,
            "why_not": WHY_NOT.get(r.why_not, ""),
        }
        for r in reductions
    ]


def _by_month(cases: Sequence[Outcome]) -> list[float | None]:
    """Share on time by month of closing, oldest first."""
    days = calendar()
    months: dict[str, list[Outcome]] = defaultdict(list)
    for case in cases:
        months[f"{days.date_of(case.closed_us):%Y-%m}"].append(case)
    return [on_time(months[month]).share for month in sorted(months)]


def _sentence(event: LifeEvent, cases: Sequence[Outcome]) -> dict[str, object]:
    """What happened, where, since when: the last month against the three before it, and the slowest service."""
    days = calendar()
    today = days.date_of(now_us())
    since, start = today - timedelta(days=RECENT_DAYS), today - timedelta(days=RECENT_DAYS + BEFORE_DAYS)
    recent = [case for case in cases if days.date_of(case.closed_us) > since]
    before = [case for case in cases if start < days.date_of(case.closed_us) <= since]
    slow = by_service(recent)
    worst = slow[0] if slow and slow[0].late else None
    return {
        "recent": on_time(recent),
        "before": on_time(before),
        "worst": (event.services[worst.service].name, worst) if worst and worst.service in event.services else None,
    }


@route(permission="cockpit.read")
def on_time_cases(request: HttpRequest, key: str) -> HttpResponse:
    """The cases behind the figure, the late ones first; each opens to its events."""
    event = life_event(key)
    picture = queries.picture(key)
    service = request.GET.get("service", "")
    cases = [c for c in picture.cases if not service or any(s.service == service for s in c.steps)]
    only_late = request.GET.get("late") == "1"
    rows = sorted((c for c in cases if c.late or not only_late), key=lambda c: (not c.late, -c.closed_us))
    context = {
        "event": event,
        "rate": on_time(cases),
        "rows": [(case, [event.services[s.service].name for s in case.steps if s.late]) for case in rows[:SHOWN]],
        "more": max(0, len(rows) - SHOWN),
        "leaves": picture.leaves,
        "only_late": only_late,
    }
    return page(request, "evaluation/on_time.html", context)


@route(permission="ledger.audit")
def audit_page(request: HttpRequest) -> HttpResponse:
    """The tamper alarm: every row, case and event that no longer agrees with what was recorded."""
    problem: Contradicted | None = None
    found = None
    try:
        found = audit(compose(), limit=SHOWN)
    except Contradicted as error:
        problem = error
    context = {"audit": found, "problem": problem}
    return page(request, "evaluation/audit.html", context)
