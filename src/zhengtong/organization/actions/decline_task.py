# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.organization.rules.supervised_task import Decline
from zhengtong.organization.supervising import OnTask, TaskWork, by


@dataclass(frozen=True)
class DeclineTask(OnTask):
    """不予立项: a proposal is not taken up."""

    verb: ClassVar[str] = "task.decline"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("government_office", Relation.ANY),)

    reason: str

    def run(self, act: Act, target: TaskWork) -> Result:
        target.move(act, Decline(by(act.actor), act.now_us, self.reason), "task_declined")
        return {"task": self.task}
