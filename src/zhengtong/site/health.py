# SPDX-License-Identifier: Apache-2.0
"""`/healthz`: what a monitor asks. 200 while people can work and the worker keeps up, 503 with the reason otherwise."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.perform import now_us
from zhengtong.ui.pages import public

SECOND = 1_000_000
OUTBOX_LATE_S = 15 * 60
"""A message that fell due longer ago than this, and was not tried since, says that no worker runs."""


@public(reason="a monitor asks without signing in; only ages are told", methods=("GET", "HEAD"))
def healthz(_request: HttpRequest) -> JsonResponse:
    """`database`: ok or down. Ages in seconds of the oldest event without a leaf and the oldest message overdue."""
    try:
        unsealed, overdue = _age(OLDEST_UNSEALED), _overdue()
    except DatabaseError:
        return JsonResponse({"status": "failing", "database": "down"}, status=503)
    failing = [
        name
        for name, age, most in (
            ("unsealed_s", unsealed, settings.ZHENGTONG_SEAL_WITHIN_S),
            ("outbox_overdue_s", overdue, OUTBOX_LATE_S),
        )
        if age > most
    ]
    told = {"database": "ok", "unsealed_s": unsealed, "outbox_overdue_s": overdue, "failing": failing}
    return JsonResponse({"status": "failing" if failing else "ok", **told}, status=503 if failing else 200)


OLDEST_UNSEALED = "SELECT MIN(e.recorded_us) FROM ledger_unsealed u JOIN ledger_event e ON e.id = u.event_id"


def _age(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        (since,) = cursor.fetchone()
    return 0 if since is None else max(0, (now_us() - int(since)) // SECOND)


def _overdue() -> int:
    waiting = OutboxMessage.objects.filter(done_us=None, attempts=0).order_by("due_us").values_list("due_us", flat=True)
    since = waiting.first()
    return 0 if since is None else max(0, (now_us() - since) // SECOND)
