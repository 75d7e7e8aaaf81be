# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.organization.measuring import CLOSED, measure
from zhengtong.organization.rules.supervised_task import Close
from zhengtong.organization.supervising import OnTask, TaskWork, by


@dataclass(frozen=True)
class CloseTask(OnTask):
    """办结, with the conclusion fed back to the department. A figure that the task carries is measured again, over the
    time since it was handed over."""

    verb: ClassVar[str] = "task.close"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("government_office", Relation.ANY),)

    def run(self, act: Act, target: TaskWork) -> Result:
        task = target.task
        about = measure(act, target.row, CLOSED, task.assigned_us or task.opened_us or task.proposed_us)
        target.move(act, Close(by(act.actor), act.now_us), "task_closed", about)
        return {"task": self.task}
