# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.notices import order_notice
from zhengtong.services.rules.flow import Accept


@dataclass(frozen=True)
class AcceptStep(OnStep):
    """受理: the department takes the matter on; its decision clock starts."""

    verb: ClassVar[str] = "step.accept"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    def run(self, act: Act, target: CaseWork) -> Result:
        move(act, target, Accept(self.step, act.now_us))
        order_notice(act, target, NoticeKind.ACCEPT, self.step)
        return {"case": self.case, "step": self.step}
