# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result, now_us
from zhengtong.errors import Conflict, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.mandates import REPRESENTATIVE, speaking_for
from zhengtong.organization.models import Mandate


@dataclass
class MandateRow:
    row: Mandate

    @property
    def subject(self) -> Subject:
        owners = speaking_for(self.row.principal, now_us()) | {self.row.agent}
        return Subject("mandate", self.row.reference, owners=owners)


@dataclass(frozen=True)
class EndMandate(Action[MandateRow]):
    """Either side ends it (民法典 art. 173). It takes effect at once; what was done under it stays done."""

    verb: ClassVar[str] = "mandate.end"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN), Allowed("clerk", Relation.ANY))

    mandate: str

    def target(self, actor: Actor) -> MandateRow:
        row = Mandate.objects.select_for_update().filter(reference=self.mandate).first()
        if row is None:
            raise NotFound("没有这份授权", "there is no such mandate", found=self.mandate[:40])
        return MandateRow(row)

    def run(self, act: Act, target: MandateRow) -> Result:
        row = target.row
        if row.ended_us is not None:
            raise Conflict("这份授权已经终止", "this mandate has ended already")
        if row.kind == REPRESENTATIVE:
            raise Conflict(
                "法定代表人在变更登记时更换，不能直接终止",
                "a firm's representative is replaced by another at the counter, not ended",
            )
        row.ended_us, row.ended_by = act.now_us, act.actor.id
        side = "agent" if act.actor.id == row.agent else "principal"
        act.record("mandate_ended", row, [ObjectRef("person", row.agent, "agent")], {"kind": row.kind, "by": side})
        return {"mandate": row.reference}
