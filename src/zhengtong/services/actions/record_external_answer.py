# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.external_answers import Decision, system_of, take_decision
from zhengtong.services.rules.flow import Accept


@dataclass(frozen=True)
class RecordExternalAcceptance(OnStep):
    """An external system confirmed that it has the application."""

    verb: ClassVar[str] = "step.record_external_acceptance"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    def run(self, act: Act, target: CaseWork) -> Result:
        move(act, target, Accept(self.step, act.now_us, system=system_of(target)))
        return {"case": self.case, "step": self.step}


@dataclass(frozen=True)
class RecordExternalDecision(OnStep):
    """An external system granted or refused; `issuer_number` is the number it gave its own output."""

    verb: ClassVar[str] = "step.record_external_decision"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    granted: bool
    issuer_number: str = ""
    reason: str = ""
    decided_there_us: int | None = None

    def run(self, act: Act, target: CaseWork) -> Result:
        decision = Decision(self.granted, self.issuer_number, self.reason, self.decided_there_us)
        take_decision(act, target, decision)
        return {"case": self.case, "step": self.step, "phase": target.case.phase}
