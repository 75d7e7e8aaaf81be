# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.notices import order_notice
from zhengtong.services.reasons import reason
from zhengtong.services.rules.flow import NotAccept


@dataclass(frozen=True)
class NotAcceptStep(OnStep):
    """不予受理, for one of the reasons the city lists."""

    verb: ClassVar[str] = "step.not_accept"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    reason: str
    text: str = ""

    def run(self, act: Act, target: CaseWork) -> Result:
        reason(target.definition, self.reason, "not_accept")
        move(act, target, NotAccept(self.step, act.now_us, self.reason))
        order_notice(act, target, NoticeKind.NOT_ACCEPT, self.step, self.text)
        return {"case": self.case, "step": self.step}
