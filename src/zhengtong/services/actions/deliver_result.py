# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput, FormFaults
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.rules.flow import Deliver
from zhengtong.services.rules.moves import DeliveryWay


@dataclass(frozen=True)
class DeliverResult(OnStep):
    """送达: the applicant has what was granted, and how; the limit to deliver ends (行政许可法 art. 44)."""

    verb: ClassVar[str] = "step.deliver"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("officer", Relation.DEPARTMENT),
        Allowed("clerk", Relation.OWN),
    )

    way: str

    def run(self, act: Act, target: CaseWork) -> Result:
        ways = get_args(DeliveryWay)
        if self.way not in ways:
            fault = BadInput("请选择送达方式", "choose how it was delivered", found=self.way, expected=" | ".join(ways))
            raise FormFaults({"way": fault})
        move(act, target, Deliver(self.step, act.now_us), {"way": self.way})
        return {"case": self.case, "step": self.step}
