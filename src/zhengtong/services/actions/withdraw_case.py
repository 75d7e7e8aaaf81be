# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.services.casework import ApplicantsCase, move, open_case
from zhengtong.services.rules.flow import Withdraw


@dataclass(frozen=True)
class WithdrawCase(Action[ApplicantsCase]):
    """The applicant withdraws what is not decided yet; what is decided stays."""

    verb: ClassVar[str] = "case.withdraw"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN), Allowed("resident", Relation.AGENT))

    case: str

    def target(self, actor: Actor) -> ApplicantsCase:
        return ApplicantsCase(open_case(self.case))

    def run(self, act: Act, target: ApplicantsCase) -> Result:
        move(act, target.work, Withdraw(act.now_us))
        return {"case": self.case}
