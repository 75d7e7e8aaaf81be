# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import Conflict
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.notices import order_notice
from zhengtong.services.outputs import issue_output
from zhengtong.services.rules.flow import Accept, Decide


def _check_external(work: CaseWork) -> None:
    """Raises `Conflict` for a step that a department decides itself."""
    if not work.step.external:
        raise Conflict("这个环节由部门办理", "a department decides this step", where=work.step.key, expected="external")


@dataclass(frozen=True)
class RecordExternalAcceptance(OnStep):
    """An external system confirmed that it has the application."""

    verb: ClassVar[str] = "step.record_external_acceptance"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    def run(self, act: Act, target: CaseWork) -> Result:
        move(act, target, Accept(self.step, act.now_us, system=_system_of(target)))
        return {"case": self.case, "step": self.step}


@dataclass(frozen=True)
class RecordExternalDecision(OnStep):
    """An external system granted or refused; `issuer_number` is the number it gave its own output."""

    verb: ClassVar[str] = "step.record_external_decision"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    granted: bool
    issuer_number: str = ""
    reason: str = ""

    def run(self, act: Act, target: CaseWork) -> Result:
        system = _system_of(target)
        move(
            act,
            target,
            Decide(self.step, act.now_us, self.granted, self.reason, system=system),
            {"system": system},
        )
        if self.granted:
            issue_output(act, target, self.step, self.issuer_number)
        order_notice(act, target, NoticeKind.GRANT if self.granted else NoticeKind.REFUSE, self.step)
        return {"case": self.case, "step": self.step, "phase": target.case.phase}


def _system_of(work: CaseWork) -> str:
    """The system that decides the step. Raises `Conflict` for one that a department decides."""
    if not work.step.external:
        raise Conflict(
            "这个环节由部门办理，不由外部系统决定", "a department decides this step, no external system",
            where=work.step.key, expected=work.step.department,
        )  # fmt: skip
    return work.step.external
