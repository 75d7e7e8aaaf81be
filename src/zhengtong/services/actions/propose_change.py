# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import Conflict
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.models import ChangeProposal
from zhengtong.services.queries import life_event


@dataclass(frozen=True)
class ProposeChange(Action[On]):
    """Enough bad ratings and complaints share a concern: the city's rule proposes to change the definition, naming
    every one of them.

    Raises `Conflict` while a proposal about the same concern is open.
    """

    verb: ClassVar[str] = "change.propose"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    life_event: str
    department: str
    aspect: str
    ratings: tuple[str, ...]
    tickets: tuple[str, ...] = ()

    def target(self, actor: Actor) -> On:
        return On(Subject("proposal", departments=frozenset({self.department})))

    def run(self, act: Act, target: On) -> Result:
        concern = {"life_event": self.life_event, "department": self.department, "aspect": self.aspect}
        if ChangeProposal.objects.filter(**concern, state="open").exists():
            raise Conflict("同一问题已有待处理的修改建议", "a proposal about this concern is open already")
        row = ChangeProposal(
            reference=uuid.uuid4().hex,
            **concern,
            definition=life_event(self.life_event).hash,
            ratings=list(self.ratings),
            tickets=list(self.tickets),
            proposed_us=act.now_us,
        )
        counts = {"ratings": len(self.ratings), "tickets": len(self.tickets)}
        about: dict[str, Value] = {**concern, **counts, "definition": row.definition}
        behind = [ObjectRef("rating", one) for one in self.ratings] + [ObjectRef("ticket", one) for one in self.tickets]
        act.record("change_proposed", row, behind, about)
        return {"proposal": row.reference}
