# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.memos import keep_memo, words
from zhengtong.services.rules.flow import RecordInspection as Recorded


@dataclass(frozen=True)
class RecordInspection(OnStep):
    """What this department found at the joint inspection; without it, it decides nothing."""

    verb: ClassVar[str] = "step.inspect"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    passed: bool
    text: str

    def run(self, act: Act, target: CaseWork) -> Result:
        said = words(self.text)
        move(act, target, Recorded(self.step, act.now_us, self.passed), {"passed": self.passed})
        keep_memo(act, target, "inspected", said, about=target.planned.inspection)
        return {"case": self.case, "step": self.step, "passed": self.passed}
