# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput, FormFaults
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.models import TaskFeedback
from zhengtong.organization.rules.supervised_task import Feedback
from zhengtong.organization.supervising import OnTask, TaskWork, by

LONGEST = 5000


@dataclass(frozen=True)
class GiveFeedback(OnTask):
    """The lead department reports, for all that take part: on the way, or done."""

    verb: ClassVar[str] = "task.give_feedback"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    text: str
    done: bool = False

    def run(self, act: Act, target: TaskWork) -> Result:
        if not self.text.strip():
            raise FormFaults({"text": BadInput("请写明办理情况", "say what was done")})
        if len(self.text) > LONGEST:
            fault = BadInput(f"最多 {LONGEST} 个字", f"at most {LONGEST} characters", found=len(self.text))
            raise FormFaults({"text": fault})
        act.department = target.row.lead  # whose officer the actor is, perhaps besides another's
        reported = Feedback(by(act.actor, act.department), act.now_us, self.done)
        target.move(act, reported, "task_reported", {"done": self.done})
        feedback = TaskFeedback(
            reference=uuid.uuid4().hex,
            task=target.row,
            text=self.text.strip(),
            author=act.actor.id,
            given_us=act.now_us,
        )
        act.record("task_feedback_worded", feedback, [ObjectRef("task", self.task)])
        return {"task": self.task}
