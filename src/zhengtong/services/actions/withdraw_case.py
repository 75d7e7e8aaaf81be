# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import Refused
from zhengtong.services.casework import CaseWork, move, open_case
from zhengtong.services.rules.flow import Withdraw


@dataclass(frozen=True)
class WithdrawCase(Action[CaseWork]):
    """The applicant withdraws what is not decided yet; what is decided stays."""

    verb: ClassVar[str] = "case.withdraw"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN),)

    case: str

    def target(self, actor: Actor) -> CaseWork:
        return open_case(self.case)

    def run(self, act: Act, target: CaseWork) -> Result:
        if act.actor.id != target.case.applicant:  # the clerk who took it in is among the owners, for corrections
            raise Refused("只有申请人本人可以撤回", "only the applicant may withdraw the case", where=self.verb)
        move(act, target, Withdraw(act.now_us))
        return {"case": self.case}
