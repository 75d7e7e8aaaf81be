# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.organization.rules.supervised_task import Decline
from zhengtong.organization.supervising import TaskWork, by
from zhengtong.organization.supervising import open_task as load


@dataclass(frozen=True)
class DeclineTask(Action[TaskWork]):
    """不予立项: a proposal is not taken up."""

    verb: ClassVar[str] = "task.decline"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("government_office", Relation.ANY),)

    task: str
    reason: str

    def target(self, actor: Actor) -> TaskWork:
        return load(self.task)

    def run(self, act: Act, target: TaskWork) -> Result:
        target.move(act, Decline(by(act.actor), act.now_us, self.reason), "task_declined")
        return {"task": self.task}
