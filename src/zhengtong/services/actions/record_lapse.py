# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import Conflict
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import CaseWork, OnStep, facts_of, move, next_lapse
from zhengtong.services.rules.flow import Accept, MissPromise, StepState


@dataclass(frozen=True)
class RecordLapse(OnStep):
    """What time alone caused: a limit was missed. Performed by the sweep at the instant it fell due."""

    verb: ClassVar[str] = "step.record_lapse"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    limit: str
    measure: str
    due_us: int

    def run(self, act: Act, target: CaseWork) -> Result:
        about: dict[str, Value] = {
            "life_event": target.case.life_event,
            "service": self.step,
            "limit": self.limit,
            "measure": self.measure,
            "due_us": self.due_us,
        }
        act.department = target.step.department
        target.step.lapse_us = next_lapse(target, self.step, self.due_us)
        act.record("limit_missed", target.step, [target.case_ref], about)
        return {"case": self.case, "step": self.step}


@dataclass(frozen=True)
class RecordDeemedAcceptance(OnStep):
    """No correction was asked in time, so the matter counts as accepted (行政许可法 art. 32)."""

    verb: ClassVar[str] = "step.record_deemed_acceptance"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    def run(self, act: Act, target: CaseWork) -> Result:
        if target.step.state != StepState.PENDING or not facts_of(target.step):
            raise Conflict("环节已不在等待受理", "the step no longer waits to be accepted", found=target.step.state)
        act.department = target.step.department
        move(act, target, Accept(self.step, act.now_us, deemed=True))
        return {"case": self.case, "step": self.step}


@dataclass(frozen=True)
class RecordMissedPromise(OnStep):
    """A document promised for later (容缺) did not come by its day. Performed by the sweep at that instant."""

    verb: ClassVar[str] = "step.record_missed_promise"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    material: str

    def run(self, act: Act, target: CaseWork) -> Result:
        move(act, target, MissPromise(self.step, act.now_us, self.material))
        return {"case": self.case, "step": self.step, "material": self.material}
