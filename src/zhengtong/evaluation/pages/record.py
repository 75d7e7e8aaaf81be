# SPDX-License-Identifier: Apache-2.0
"""The health of the record, and the tamper alarm."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.authority import Subject, may
from zhengtong.acts.perform import now_us
from zhengtong.errors import Contradicted
from zhengtong.evaluation.auditing import audit_and_record, health
from zhengtong.evaluation.pages.frame import show
from zhengtong.ledger import log as compose
from zhengtong.ledger.audit import audit
from zhengtong.organization.queries import actor
from zhengtong.ui.pages import post_key, route

SHOWN = 200
MINUTE_US = 60_000_000


@route(permission="cockpit.read")
def record(request: HttpRequest) -> HttpResponse:
    found = health()
    context = {
        "health": found,
        "minutes": None if found.sealed_us is None else max(0, now_us() - found.sealed_us) // MINUTE_US,
        "may_audit": bool(may(actor(request), "ledger.audit", Subject("ledger"))),
    }
    return show(request, "cockpit_record", "evaluation/record.html", context)


@route(permission="ledger.audit", methods=("POST",))
def audit_now(request: HttpRequest) -> HttpResponse:
    """Audit, and record what was found: a later reader sees when it was last looked, and by which rule."""
    found = audit_and_record(actor(request), post_key(request))
    if found.count:
        messages.error(request, _("The audit found something that no longer agrees."))
    else:
        messages.success(request, _("Everything agrees with what was recorded."))
    return redirect("cockpit_record")


@route(permission="ledger.audit")
def audit_page(request: HttpRequest) -> HttpResponse:
    """The tamper alarm: every row, case and event that no longer agrees with what was recorded."""
    problem: Contradicted | None = None
    found = None
    try:
        found = audit(compose(), limit=SHOWN)
    except Contradicted as error:
        problem = error
    return show(request, "cockpit_record", "evaluation/audit.html", {"audit": found, "problem": problem})
