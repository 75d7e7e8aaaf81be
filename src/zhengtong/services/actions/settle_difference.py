# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.services.casework import open_case
from zhengtong.services.external_answers import Decision, take_decision
from zhengtong.services.external_work import ORDER, DifferenceWork, objects_of
from zhengtong.services.models import Difference, Step
from zhengtong.services.rules.reconciliation import Kind, Way, ways


@dataclass(frozen=True)
class SettleDifference(Action[DifferenceWork]):
    """An officer of the answerable department settles what two books say differently, and says why."""

    verb: ClassVar[str] = "difference.settle"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    difference: str
    way: str
    text: str

    def target(self, actor: Actor) -> DifferenceWork:
        row = Difference.objects.select_for_update().filter(reference=self.difference).first()
        if row is None:
            raise NotFound("没有这条对账差异", "there is no such difference", found=self.difference[:40])
        return DifferenceWork(row)

    def run(self, act: Act, target: DifferenceWork) -> Result:
        row = target.row
        if row.state != "open":
            raise Conflict("这条差异已经处理", "this difference is settled already", found=row.state, expected="open")
        possible = ways(Kind(row.kind), row.ours, row.theirs)
        if self.way not in {way.value for way in possible}:
            raise BadInput(
                "这条差异不能这样处理", "this difference cannot be settled so",
                found=self.way[:40], expected=" | ".join(possible),
            )  # fmt: skip
        if not self.text.strip():
            raise BadInput("请写明处理的理由", "say why it is settled so", where="text")
        self._carry_out(act, row)
        act.department = row.department
        row.state, row.way, row.text = "settled", self.way, self.text.strip()
        row.settled_by, row.settled_us = act.actor.id, act.now_us
        act.record("difference_settled", row, objects_of(row), {"kind": row.kind, "way": self.way})
        return {"difference": row.reference, "way": self.way}

    def _carry_out(self, act: Act, row: Difference) -> None:
        if self.way == Way.EXPLAIN:
            return
        step = Step.objects.select_related("case").get(reference=row.application.removesuffix(ORDER))
        if row.application.endswith(ORDER):  # asked again, the issuer takes the order or tells its answer
            act.post("services.issue", {"output": step.output.number})
            return
        if self.way == Way.PUSH_AGAIN:
            act.post("services.push", {"case": step.case.number, "step": step.key})
            return
        work = open_case(step.case.number, step.key)
        granted = row.theirs == "granted"
        take_decision(act, work, Decision(granted, row.output, "" if granted else row.reason, row.decided_us))
