# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput, FormFaults, ZhengtongError
from zhengtong.organization.measuring import PROPOSED, measure, window_before
from zhengtong.organization.models import SupervisedTask
from zhengtong.organization.rules.supervised_task import Propose
from zhengtong.organization.rules.supervision import apply
from zhengtong.organization.supervising import TaskWork, by, rules, supervision

LONGEST = 5000
INDICATOR = re.compile(r"[a-z0-9.-]{0,64}")
"""A path of city keys, `on-time.newborn.birth-registration`; "" for a matter that no indicator measures."""


@dataclass(frozen=True)
class ProposeTask(Action[On]):
    """A proposal for supervision: it opens nothing.

    `indicator` and `target_figure` are what will be measured again at the end.
    """

    verb: ClassVar[str] = "task.propose"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("government_office", Relation.ANY),
        Allowed("leader", Relation.ANY),
        Allowed("data_bureau", Relation.ANY),
        Allowed("auditor", Relation.ANY),
        Allowed("hotline", Relation.ANY),
    )

    title: str
    aim: str
    lead: str
    matter: str
    origin: str = "meeting"
    indicator: str = ""
    target_figure: str = ""

    def target(self, actor: Actor) -> On:
        return On(Subject("task"))

    def run(self, act: Act, target: On) -> Result:
        self._check()
        task = apply(rules(), None, Propose(by(act.actor), act.now_us, self.matter), city().calendar)
        year = city().calendar.date_of(act.now_us).year
        row = SupervisedTask(
            number=f"D{year % 100:02d}-{act.next_number(f'task/{year}'):05d}",
            title=self.title.strip(),
            aim=self.aim.strip(),
            origin=self.origin,
            indicator=self.indicator,
            target=self.target_figure,
            suggested_lead=self.lead,
            proposer=act.actor.id,
        )
        TaskWork(row).write(task)
        act.record("task_proposed", row, attributes={"origin": self.origin, "matter": self.matter})
        measure(act, row, PROPOSED, window_before(act.now_us, supervision().measured_days))
        return {"task": row.number}

    def _check(self) -> None:
        faults: dict[str, ZhengtongError] = {}
        if not self.title.strip() or len(self.title) > 200:
            faults["title"] = BadInput("请写明要督办的事项", "say what is to be supervised", expected="1–200")
        if not city().has(Department, self.lead):
            faults["lead"] = BadInput("请选择牵头部门", "choose the lead department", found=self.lead or None)
        for name, text, most in (("aim", self.aim, LONGEST), ("target", self.target_figure, 32)):
            if len(text) > most:
                faults[name] = BadInput(f"最多 {most} 个字", f"at most {most} characters", found=len(text))
        if not INDICATOR.fullmatch(self.indicator):
            faults["indicator"] = BadInput("没有这个指标", "there is no such indicator", found=self.indicator[:64])
        if faults:
            raise FormFaults(faults)
