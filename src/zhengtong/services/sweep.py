# SPDX-License-Identifier: Apache-2.0
"""What time alone causes, recorded: limits missed and acceptance by silence, each at the instant it fell due, once.

The limits themselves are computed on read and never wait for this; the sweep only puts them into the record.
"""

from __future__ import annotations

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.errors import Conflict
from zhengtong.services.actions.record_lapse import RecordDeemedAcceptance, RecordLapse
from zhengtong.services.casework import open_case
from zhengtong.services.models import Step
from zhengtong.services.rules.flow import StepState

WATCHED = (StepState.PENDING, StepState.ACCEPTED)


def sweep(now_us: int, *, limit: int = 500) -> int:
    """Record what fell due before `now_us` on open steps; returns how many acts were performed."""
    due = (
        Step.objects.filter(state__in=WATCHED, due_us__lt=now_us).order_by("due_us").values_list("case__number", "key")
    )
    return sum(_sweep_step(number, key, now_us) for number, key in due[:limit])


def _sweep_step(number: str, key: str, now_us: int) -> int:
    work = open_case(number, key, lock=False)
    found = work.limits(key, now_us)
    done = 0
    if found.deemed_us is not None and work.step.state == StepState.PENDING:
        done += _once(RecordDeemedAcceptance(number, key), f"deemed/{number}/{key}", found.deemed_us)
    for view in found.limits:
        if view.ended_us is not None:
            continue
        for measure, mark in (("promised", view.promised), ("statutory", view.statutory)):
            if mark and mark.missed_us is not None:
                action = RecordLapse(number, key, view.kind, measure, mark.missed_us)
                done += _once(action, f"missed/{number}/{key}/{view.kind}/{measure}/{mark.missed_us}", mark.missed_us)
    return done


def _once(action: RecordLapse | RecordDeemedAcceptance, key: str, at_us: int) -> int:
    try:
        return not perform(action, SYSTEM, key, at_us=at_us).replayed
    except Conflict:  # the department acted meanwhile
        return 0
