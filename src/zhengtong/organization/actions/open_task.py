# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput
from zhengtong.organization.models import SupervisedTask
from zhengtong.organization.rules.supervised_task import Assign, Open, TaskState
from zhengtong.organization.rules.supervision import apply
from zhengtong.organization.supervising import OnTask, TaskWork, by, rules


@dataclass(frozen=True)
class OpenTask(OnTask):
    """立项、交办: the government office opens a proposal and hands it to its lead department, once per matter."""

    verb: ClassVar[str] = "task.open"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("government_office", Relation.ANY),)

    lead: str
    term: str
    support: tuple[str, ...] = ()

    def run(self, act: Act, target: TaskWork) -> Result:
        for key in (self.lead, *self.support):
            if not city().has(Department, key):
                raise BadInput("没有这个部门", "there is no such department", found=key[:64] or None)
        running = SupervisedTask.objects.exclude(state__in=[TaskState.CLOSED, TaskState.DECLINED, TaskState.PROPOSED])
        matters = frozenset(progress["matter"] for progress in running.values_list("progress", flat=True))
        plan = f"{self.task}/{self.term}"
        opened = Open(by(act.actor), act.now_us, plan=plan, matters_open=matters)
        target.write(apply(rules(), target.task, opened, city().calendar))
        assigned = Assign(by(act.actor), act.now_us, self.lead, self.term, frozenset(self.support))
        target.move(act, assigned, "task_opened", {"lead": self.lead, "term": self.term})
        return {"task": self.task}
