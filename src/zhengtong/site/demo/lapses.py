# SPDX-License-Identifier: Apache-2.0
"""Limits missed over the year, each recorded at the instant it fell due, as the sweep of a running city does.

The play follows the limits with the pure rules, so a lapse stands in the record before what was done after it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zhengtong.acts.actor import SYSTEM
from zhengtong.services.actions.record_lapse import RecordLapse
from zhengtong.services.rules.flow import CaseState
from zhengtong.services.rules.limits import Assessment, assess

if TYPE_CHECKING:
    from zhengtong.site.demo.play import Play, Running


def limits(play: Play, case: Running, step: str, now: int) -> Assessment:
    """The limits of a step as of `now`, from what the play knows."""
    terms = case.event.terms(case.event.services[step])
    return assess(terms, case.state.steps[step].facts, play.calendar, now)


def watch(play: Play, case: Running, before: CaseState, now: int) -> None:
    """Look again, at the instant the next limit falls due, at each step that an act has changed."""
    for step, status in case.state.steps.items():
        if status is not before.steps[step]:
            _wait(play, case, step, now)


def _wait(play: Play, case: Running, step: str, after: int) -> None:
    due = _next(play, case, step, after)
    if due is not None and due <= play.end_us:
        play.later(due, partial(_fall_due, play, case, step))


def _next(play: Play, case: Running, step: str, after: int) -> int | None:
    facts = case.state.steps[step].facts
    seen_from = max([after + 1, *(fact.at_us for fact in facts)])
    dues = [
        mark.due_us
        for view in limits(play, case, step, seen_from).limits
        if view.ended_us is None
        for mark in (view.promised, view.statutory)
        if mark and mark.due_us is not None and mark.due_us > after
    ]
    return min(dues, default=None)


def _fall_due(play: Play, case: Running, step: str, now: int) -> None:
    """Record what is late just after `now`, unless something was done meanwhile. Acceptance by silence is recorded by
    whoever looks at the step next (`steps`)."""
    for lapse in limits(play, case, step, now + 1).lapses:
        if lapse.at_us == now and lapse.rule != "deemed":
            action = RecordLapse(case.number, step, lapse.kind, lapse.rule, now)
            name = f"lapse/{case.number}/{step}/{lapse.kind}/{lapse.round}/{lapse.rule}/{now}"
            play.do(action, SYSTEM, name, now)
    _wait(play, case, step, now)
