# SPDX-License-Identifier: Apache-2.0
"""Delivery of the outbox: work ordered by acts, done after their commit, by as many workers as there are.

A message is claimed with a lease, handled outside any transaction, then marked done. A worker that dies loses its lease
and another takes over, so handlers may run twice: they change state only through `perform` with a key of their own.
A handler that raises `Unavailable` is tried again later; one that returns `Again` is asked again after that delay. Any
other exception of a handler is a fault of ours: it is logged with where it came from, kept with its message, and tried
again with the same back-off, because what was ordered must not be lost and must hold up nobody. What the exception says
is told nowhere: it may quote what people wrote.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.perform import now_us
from zhengtong.errors import Unavailable, WrongUse, ZhengtongError

log = logging.getLogger(__name__)

SECOND = 1_000_000
LEASE_US = 60 * SECOND
FIRST_RETRY_US, LAST_RETRY_US = 2 * SECOND, 3600 * SECOND


@dataclass(frozen=True)
class Again:
    """Not finished yet: ask again after `delay_us`."""

    delay_us: int


Handler = Callable[[Mapping[str, Any]], Again | None]
_handlers: dict[str, Handler] = {}


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Register the one handler of a topic."""

    def register(handler: Handler) -> Handler:
        if _handlers.setdefault(topic, handler) is not handler:
            raise RuntimeError(f"outbox topic {topic!r} has two handlers")
        return handler

    return register


def retry_delay_us(attempts: int) -> int:
    """2 s, 4 s, 8 s … up to an hour."""
    return min(FIRST_RETRY_US << min(attempts, 20), LAST_RETRY_US)


def kind_and_trace(error: BaseException) -> tuple[str, str]:
    """The kind of an exception and its line, and the trace of it and its causes: lines of code, never values."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(lines) < 200:
        lines += [f"{type(cause).__module__}.{type(cause).__qualname__}\n", *traceback.format_tb(cause.__traceback__)]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return f"{type(error).__qualname__}{place}", "".join(lines)


def _claim(limit: int, now: int) -> list[OutboxMessage]:
    with transaction.atomic(durable=True):
        due = OutboxMessage.objects.filter(done_us=None, due_us__lte=now, lease_us__lte=now).order_by("due_us", "id")
        due = due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        messages = list(due[:limit])
        OutboxMessage.objects.filter(pk__in=[m.pk for m in messages]).update(lease_us=now + LEASE_US)
    return messages


def _handle(message: OutboxMessage) -> dict[str, Any]:
    """Run the handler; returns the fields to write back."""
    try:
        handler = _handlers.get(message.topic)
        if handler is None:
            raise WrongUse("没有处理这类消息的程序", "nothing handles this topic", found=message.topic)
        outcome = handler(message.payload)
    except Unavailable as error:
        wait = retry_delay_us(message.attempts)
        log.warning("outbox %s %s: %s", message.topic, message.pk, error)
        return {"due_us": now_us() + wait, "attempts": message.attempts + 1, "last_error": str(error)[:200]}
    except ZhengtongError as error:
        # It will not get better by itself: keep it, far in the future, where `zhengtong worker --status` shows it.
        log.error("outbox %s %s failed: %s", message.topic, message.pk, error)
        return {
            "due_us": now_us() + LAST_RETRY_US,
            "attempts": message.attempts + 1,
            "last_error": str(error)[:200],
        }
    except Exception as error:  # noqa: BLE001  # one message must not end the worker, and with it everybody's
        kind, trace = kind_and_trace(error)
        log.error("outbox %s %s failed unexpectedly: %s\n%s", message.topic, message.pk, kind, trace)
        wait = retry_delay_us(message.attempts)
        return {"due_us": now_us() + wait, "attempts": message.attempts + 1, "last_error": kind[:200]}
    if isinstance(outcome, Again):
        return {"due_us": now_us() + outcome.delay_us, "last_error": ""}
    return {"done_us": now_us(), "last_error": ""}


def deliver(limit: int = 50) -> int:
    """Deliver what is due now; returns how many messages were handled."""
    handled = 0
    claimed = now_us()
    for message in _claim(limit, claimed):
        mine = OutboxMessage.objects.filter(pk=message.pk, lease_us=claimed + LEASE_US)
        if mine.update(lease_us=now_us() + LEASE_US):  # else the lease ran out meanwhile and another worker has it
            OutboxMessage.objects.filter(pk=message.pk).update(lease_us=0, **_handle(message))
            handled += 1
    return handled
