# SPDX-License-Identifier: Apache-2.0
"""What a monitor is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from people import publish
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.perform import now_us
from zhengtong.site import health
from zhengtong.site.worker import seal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
MINUTE = 60 * 1_000_000


def ask() -> tuple[int, Any]:
    answer = Client().get("/healthz")
    return answer.status_code, answer.json()


def test_all_is_well_while_the_worker_keeps_up(state: object) -> None:
    publish()
    seal()
    assert ask() == (200, {"status": "ok", "database": "ok", "unsealed_s": 0, "outbox_overdue_s": 0, "failing": []})


def test_an_event_unsealed_longer_than_promised_is_a_failure(state: object, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    monkeypatch.setattr(health, "now_us", lambda: now_us() + 61 * MINUTE)
    code, told = ask()
    assert code == 503 and told["failing"] == ["unsealed_s"] and 3660 <= told["unsealed_s"] <= 3720
    seal()
    assert ask()[0] == 200


def test_a_message_nobody_tried_to_deliver_is_a_failure_but_one_being_retried_is_not(state: object) -> None:
    long_ago = now_us() - 20 * MINUTE
    message = OutboxMessage.objects.create(topic="t", payload={}, act="a", created_us=long_ago, due_us=long_ago)
    code, told = ask()
    assert code == 503 and told["failing"] == ["outbox_overdue_s"]
    message.attempts = 1
    message.save()
    assert ask()[0] == 200


def test_a_database_that_is_down_is_said_without_a_trace(db: None) -> None:
    def fail(*_: object) -> None:
        from django.db import OperationalError

        raise OperationalError("password=secret")

    with connection.execute_wrapper(fail):
        assert ask() == (503, {"status": "failing", "database": "down"})
