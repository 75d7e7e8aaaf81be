# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.rules.flow import Resume


@dataclass(frozen=True)
class ResumeStep(OnStep):
    """The excluded time is over; the clock runs on."""

    verb: ClassVar[str] = "step.resume"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    def run(self, act: Act, target: CaseWork) -> Result:
        move(act, target, Resume(self.step, act.now_us))
        return {"case": self.case, "step": self.step}
