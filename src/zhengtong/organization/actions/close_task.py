# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.organization.rules.supervised_task import Close
from zhengtong.organization.supervising import OnTask, TaskWork, by


@dataclass(frozen=True)
class CloseTask(OnTask):
    """办结, with the conclusion fed back to the department."""

    verb: ClassVar[str] = "task.close"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("government_office", Relation.ANY),)

    measured_basis_points: int | None = None

    def run(self, act: Act, target: TaskWork) -> Result:
        found = self.measured_basis_points
        about = {} if found is None else {"measured_basis_points": found}
        target.move(act, Close(by(act.actor), act.now_us), "task_closed", about)
        return {"task": self.task}
