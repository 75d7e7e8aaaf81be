# SPDX-License-Identifier: Apache-2.0
"""Which colour a supervised task has reached, since when and why: computed on read, from the task and the time.

Colours follow what the lead department owes: whoever reported done in time is not overdue while the office has yet to
close; a report sent back after the due date is. A colour once reached stays: no source knows a way down [I].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from zhengtong.organization.rules.supervised_task import Task
from zhengtong.organization.rules.supervision_rules import Calendar, SupervisionRules, Term, Trigger, ends_us


@dataclass(frozen=True)
class Escalation:
    """`at_us`: the first instant of the colour. `answer_us`: the last instant at which feedback answers it in time."""

    colour: str
    at_us: int
    trigger: str
    answer_us: int | None


def escalations(rules: SupervisionRules, task: Task, calendar: Calendar, now_us: int) -> tuple[Escalation, ...]:
    """Colours reached by `now_us`, mildest first; the last one is the task's colour."""
    found: dict[int, Escalation] = {}
    for rank, known in enumerate(rules.colours):
        # An urgent sheet gives a colour that no trigger of its own names.
        reached = [(sheet.issued_us, "judged") for sheet in task.sheets if sheet.colour == known.key]
        for trigger in known.triggers:
            at_us = _reached_us(trigger, task, found.get(rank - 1), calendar)
            if at_us is not None:
                reached.append((at_us, trigger.kind))
        if reached and min(reached)[0] <= now_us:
            at_us, why = min(reached)
            answer_us = None if known.answer is None else ends_us(known.answer, at_us, calendar)
            found[rank] = Escalation(known.key, at_us, why, answer_us)
    return tuple(found.values())


def colour(rules: SupervisionRules, task: Task, calendar: Calendar, now_us: int) -> Escalation | None:
    """The gravest colour reached; None for a task that has none."""
    reached = escalations(rules, task, calendar, now_us)
    return reached[-1] if reached else None


def _reached_us(trigger: Trigger, task: Task, below: Escalation | None, calendar: Calendar) -> int | None:
    """When a trigger turns the task its colour, if it does by what is known; a judged colour comes by its sheet."""
    if task.due_us is None:
        return None
    if trigger.kind == "near":
        return _owed_from(task, _before_us(trigger.term, task.due_us, calendar))
    if trigger.kind == "overdue":
        late_us = task.due_us if trigger.term.amount == 0 else ends_us(trigger.term, task.due_us, calendar)
        return _owed_from(task, late_us + 1)
    if trigger.kind == "unanswered" and below is not None and below.answer_us is not None:
        answered = any(below.at_us <= report <= below.answer_us for report in task.reports)
        return None if answered else below.answer_us + 1
    return None


def _owed_from(task: Task, us: int) -> int | None:
    """The first instant from `us` on at which the lead department owes something."""
    owes = False
    for at_us, changed in task.owing:
        if at_us > us and owes:
            return us
        owes = changed
        if at_us > us and owes:
            return at_us
    return us if owes else None


def _before_us(term: Term, due_us: int, calendar: Calendar) -> int:
    """The first instant of the day that lies `term` before the due day."""
    due = calendar.date_of(due_us)
    if term.unit == "working_days":
        return calendar.start_of_day(calendar.add_working_days(due, -term.amount))
    return calendar.start_of_day(due - timedelta(days=term.amount))
