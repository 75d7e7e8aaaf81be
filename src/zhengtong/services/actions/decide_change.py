# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.services.models import ChangeProposal


@dataclass
class ProposalWork:
    row: ChangeProposal

    @property
    def subject(self) -> Subject:
        return Subject("proposal", self.row.reference, departments=frozenset({self.row.department}))


@dataclass(frozen=True)
class DecideChange(Action[ProposalWork]):
    """The data bureau takes a proposal up (the next published version answers it) or declines it, with a reason."""

    verb: ClassVar[str] = "change.decide"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("data_bureau", Relation.ANY),)

    proposal: str
    accepted: bool
    reason: str

    def target(self, actor: Actor) -> ProposalWork:
        row = ChangeProposal.objects.select_for_update().filter(reference=self.proposal).first()
        if row is None:
            raise NotFound("没有这条修改建议", "there is no such proposal", found=self.proposal)
        return ProposalWork(row)

    def run(self, act: Act, target: ProposalWork) -> Result:
        row, reason = target.row, self.reason.strip()
        if row.state != "open":
            raise Conflict("这条建议已经处理", "this proposal was decided already", found=row.state, expected="open")
        if not reason:
            raise BadInput("请写明理由", "say why", where="reason")
        row.state, row.reason, row.decided_us = ("accepted" if self.accepted else "declined"), reason, act.now_us
        act.record("change_decided", row, attributes={"life_event": row.life_event, "accepted": self.accepted})
        return {"proposal": row.reference, "state": row.state}
