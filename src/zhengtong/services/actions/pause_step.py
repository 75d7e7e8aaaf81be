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
from zhengtong.services.rules.flow import Pause


@dataclass(frozen=True)
class PauseStep(OnStep):
    """Exclude time from the limit by written notice, for a reason the law names (行政许可法 art. 45)."""

    verb: ClassVar[str] = "step.pause"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    reason: str

    def run(self, act: Act, target: CaseWork) -> Result:
        reason(target.definition, self.reason, "pause")
        move(act, target, Pause(self.step, act.now_us, self.reason))
        order_notice(act, target, NoticeKind.EXCLUDE, self.step)
        return {"case": self.case, "step": self.step}
