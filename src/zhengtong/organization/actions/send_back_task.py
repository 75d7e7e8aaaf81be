# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.organization.rules.supervised_task import SendBack
from zhengtong.organization.supervising import OnTask, TaskWork, by


@dataclass(frozen=True)
class SendBackTask(OnTask):
    """退回: what was reported as done is not."""

    verb: ClassVar[str] = "task.send_back"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("government_office", Relation.ANY),)

    reason: str

    def run(self, act: Act, target: TaskWork) -> Result:
        target.move(act, SendBack(by(act.actor), act.now_us, self.reason), "task_sent_back")
        return {"task": self.task}
