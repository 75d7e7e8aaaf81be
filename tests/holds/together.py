# SPDX-License-Identifier: Apache-2.0
"""Doing things at once, and looking whether what was done agrees with itself."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

from zhengtong import ledger
from zhengtong.acts.perform import now_us
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event, EventObject
from zhengtong.services.models import Case
from zhengtong.services.rules.flow import FINAL, Phase

T = TypeVar("T")
HANG_S = 300


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """`work(0) … work(count - 1)` in as many threads, each with its own connection, all starting together."""
    together = threading.Barrier(count)

    def one(place: int) -> T:
        try:
            together.wait(HANG_S)
            return work(place)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(one, place) for place in range(count)]
        return [done.result(HANG_S) for done in running]


def sealed_and_clean() -> int:
    """Seal what is committed and audit everything; returns the number of leaves."""
    log = ledger.log()
    log.seal(now_us=now_us())
    found = audit(log)
    assert found.findings == []
    assert found.waiting == 0
    assert found.leaves == Event.objects.count()
    return found.leaves


def happened(case: str) -> Counter[tuple[str, str]]:
    """How often each (event type, step) stands in the record of a case; "" for the case itself."""
    counted: Counter[tuple[str, str]] = Counter()
    events = Event.objects.filter(objects_touched__object_type="case", objects_touched__object_id=case).distinct()
    for event in events:
        counted[event.type, str(event.attributes.get("service", ""))] += 1
    return counted


def assert_case_agrees(number: str) -> None:
    """What must hold of any case at any time, between its rows and its events."""
    case = Case.objects.get(number=number)
    steps = {step.key: step for step in case.steps.all()}
    seen = happened(number)
    granted = {key for key, step in steps.items() if step.state == "granted"}
    for key, step in steps.items():
        decided = seen["step_granted", key] + seen["step_refused", key]
        assert decided <= 1, f"{number} {key} was decided {decided} times"
        assert (step.state in {"granted", "refused"}) == (decided == 1)
        assert (step.state == "granted") == (seen["step_granted", key] == 1), f"an approval of {key} was lost"
        assert (step.state == "granted") == hasattr(step, "output")
        assert seen["step_received", key] <= 1
        assert step.state in FINAL or case.phase == Phase.OPEN, f"{number} closed while {key} is {step.state}"
    assert (case.phase == Phase.OPEN) == any(step.state not in FINAL for step in steps.values())
    assert seen["case_closed", ""] == (case.phase != Phase.OPEN)
    if case.phase == Phase.COMPLETED:
        assert granted == set(steps)
    last = EventObject.objects.filter(object_type="case", object_id=number, qualifier="state").order_by("-event_id")
    assert last[0].event_id == case.event_id
