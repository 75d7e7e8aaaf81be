# SPDX-License-Identifier: Apache-2.0
"""Every table of the cockpit as a file. Handing one out is an act, recorded before the file is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, QueryDict

from zhengtong.acts.perform import perform
from zhengtong.errors import BadInput
from zhengtong.evaluation.actions.export_figures import ExportFigures
from zhengtong.evaluation.listing import Listing
from zhengtong.evaluation.pages import cockpit, performance, process, satisfaction, savings, steps, why
from zhengtong.evaluation.pages.frame import FORMATS
from zhengtong.evaluation.reading import Reading
from zhengtong.organization.queries import actor
from zhengtong.ui.pages import post_key, route

Make = Callable[[Reading, str], Listing]
"""(what the address says, the life event's key or "") → the table, whole."""

LISTINGS: dict[str, Make] = {
    "departments": performance.by_department,
    "regimes": performance.by_regime,
    "services": performance.by_service,
    "months": performance.by_month,
    "waiting": performance.waiting,
    "refusals": performance.refusals,
    "channels": performance.channels,
    "backlog": performance.backlog,
    "steps": steps.steps,
    "contributions": why.contributions,
    "levels": satisfaction.levels,
    "rated-departments": satisfaction.by_department,
    "rated-months": satisfaction.by_month,
    "loops": satisfaction.loops,
    "bad-ratings": satisfaction.bad_ratings,
    "activities": process.activities,
    "arcs": process.arcs,
    "variants": process.variants,
    "rework": process.rework,
    "savings": savings.first_saved,
    "pledged": savings.pledged,
    "all-savings": savings.all_saved,
    "cases": cockpit.cases,
}
TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@route(permission="cockpit.read", methods=("POST",))
def export(request: HttpRequest) -> HttpResponse:
    name, format = request.POST.get("listing", ""), request.POST.get("format", "")
    if name not in LISTINGS or format not in FORMATS:
        raise BadInput("没有这张表或这种格式", "there is no such table or format", found=f"{name[:40]}, {format[:20]}")
    reading = Reading(QueryDict(request.POST.get("query", "")))
    listing = LISTINGS[name](reading, request.POST.get("key", ""))
    body = listing.csv() if format == "csv" else listing.parquet()
    done = ExportFigures(name, format, reading.leaves, len(listing.rows), hashlib.sha256(body).hexdigest())
    perform(done, actor(request), post_key(request))
    headers = {"Content-Disposition": f'attachment; filename="{name}-{reading.leaves}.{format}"'}
    return HttpResponse(body, content_type=TYPES[format], headers=headers)
