# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import CaseWork, OnStep, check_public_notice, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.notices import order_notice
from zhengtong.services.outputs import issue_output
from zhengtong.services.reasons import reason
from zhengtong.services.rules.flow import Decide


@dataclass(frozen=True)
class DecideStep(OnStep):
    """准予 or 不予. A grant issues the service's output; a refusal names its reason, and its notice the remedies.

    Where the output has parts, `parts` names those granted; the others are refused for `reason`, which the
    notice says.
    """

    verb: ClassVar[str] = "step.decide"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    granted: bool
    reason: str = ""
    text: str = ""
    parts: tuple[str, ...] = ()

    def run(self, act: Act, target: CaseWork) -> Result:
        in_part = self.granted and bool(set(target.planned.parts) - set(self.parts or target.planned.parts))
        if self.granted and self.reason and not in_part:
            raise BadInput("准予时不填不予的理由", "a grant has no reason for refusal", found=self.reason)
        if not self.granted or in_part:
            reason(target.definition, self.reason, "refuse")
        if self.granted:
            check_public_notice(target, act.now_us)
        about: dict[str, Value] = {"parts_granted": sorted(self.parts)} if in_part else {}
        move(act, target, Decide(self.step, act.now_us, self.granted, self.reason, parts=self.parts), about)
        if self.granted:
            issue_output(act, target, self.step)
        order_notice(act, target, NoticeKind.GRANT if self.granted else NoticeKind.REFUSE, self.step, self.text)
        return {"case": self.case, "step": self.step, "phase": target.case.phase}
