# SPDX-License-Identifier: Apache-2.0
"""Between the rules of supervision and their table: load a task under its lock, apply an act, write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Subject
from zhengtong.acts.perform import Act, Action
from zhengtong.acts.serving import city
from zhengtong.errors import NotFound
from zhengtong.ledger.rules.canonical import Value
from zhengtong.organization.definition import SupervisionFile
from zhengtong.organization.models import SupervisedTask
from zhengtong.organization.rules.supervised_task import By, Sheet, Task, TaskAct, TaskState
from zhengtong.organization.rules.supervision import apply
from zhengtong.organization.rules.supervision_rules import SupervisionRules

SETS = ("support", "concluded_by")


def supervision() -> SupervisionFile:
    """The served city's rules of supervision. Raises `NotFound` where it has none."""
    found = city().all(SupervisionFile)
    if not found:
        raise NotFound(
            "城市没有督办规则", "the city has no rules of supervision", expected="organization/supervision.yaml"
        )
    return found[0]


def rules() -> SupervisionRules:
    return supervision().compiled()


def by(actor: Actor, department: str = "") -> By:
    """Who acts, for `department` where it is not the only one the actor belongs to."""
    return By(actor.id, frozenset(role.key for role in actor.roles), department or actor.department)


def as_json(task: Task) -> dict[str, Any]:
    """The rules' value as JSON: sets as sorted lists."""
    plain = asdict(task)
    return {**plain, "state": task.state.value, **{name: sorted(plain[name]) for name in SETS}}


def as_task(stored: Mapping[str, Any]) -> Task:
    """The rules' value back from JSON."""
    values = {
        **stored,
        "state": TaskState(stored["state"]),
        "support": frozenset(stored["support"]),
        "concluded_by": frozenset(stored["concluded_by"]),
        "reports": tuple(stored["reports"]),
        "owing": tuple((at, owes) for at, owes in stored["owing"]),
        "sheets": tuple(Sheet(**sheet) for sheet in stored["sheets"]),
    }
    return Task(**values)


@dataclass
class TaskWork:
    row: SupervisedTask

    @property
    def task(self) -> Task:
        return as_task(self.row.progress)

    @property
    def subject(self) -> Subject:
        return Subject("task", self.row.number, frozenset({self.row.proposer}), frozenset({self.row.lead} - {""}))

    def move(self, act: Act, task_act: TaskAct, type: str, about: Mapping[str, Value] | None = None) -> Task:
        """Apply one act of the rules and write the task with its event."""
        after = apply(rules(), self.task, task_act, city().calendar)
        self.write(after)
        act.record(type, self.row, attributes={"state": after.state.value, **(about or {})})
        return after

    def write(self, task: Task) -> None:
        self.row.progress, self.row.state = as_json(task), task.state.value
        self.row.lead, self.row.due_us = task.lead, task.due_us


def open_task(number: str, *, lock: bool = True) -> TaskWork:
    """Load a task (holding its lock). Raises `NotFound`."""
    tasks = SupervisedTask.objects.select_for_update() if lock else SupervisedTask.objects
    row = tasks.filter(number=number).first()
    if row is None:
        raise NotFound("没有这项督办", "there is no such supervised task", found=number)
    return TaskWork(row)


@dataclass(frozen=True)
class OnTask(Action[TaskWork]):
    """An action on one supervised task, which it locks."""

    task: str

    def target(self, actor: Actor) -> TaskWork:
        return open_task(self.task)
