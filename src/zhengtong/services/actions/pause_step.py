# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput, FormFaults
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.notices import order_notice
from zhengtong.services.reasons import reason
from zhengtong.services.rules.flow import Pause

LONGEST_PAUSE = 3660
"""Working days: what a length of time in a city's file may have at most."""


@dataclass(frozen=True)
class PauseStep(OnStep):
    """Exclude time from the limit by written notice, for a reason the law names (行政许可法 art. 45)."""

    verb: ClassVar[str] = "step.pause"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    reason: str
    days: int = 0
    """Working days the notice announces; 0 where nobody can tell."""

    def run(self, act: Act, target: CaseWork) -> Result:
        reason(target.definition, self.reason, "pause")
        if not 0 <= self.days <= LONGEST_PAUSE:
            days = BadInput(
                "预计天数不对", "the expected days are wrong", found=self.days, expected=f"0–{LONGEST_PAUSE}"
            )
            raise FormFaults({"days": days})
        move(act, target, Pause(self.step, act.now_us, self.reason, self.days), {"days": self.days})
        order_notice(act, target, NoticeKind.EXCLUDE, self.step)
        return {"case": self.case, "step": self.step}
