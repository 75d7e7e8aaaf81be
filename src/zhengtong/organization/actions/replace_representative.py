# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.city.identifiers import read_uscc
from zhengtong.errors import Conflict
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.firms import give_representative
from zhengtong.organization.mandates import REPRESENTATIVE, firm_of_code, identified, in_force
from zhengtong.organization.persons import Person


@dataclass(frozen=True)
class ReplaceRepresentative(Action[On]):
    """A firm's representative changed: the former one's mandate ends as the next one's begins; handlers stay."""

    verb: ClassVar[str] = "firm.replace_representative"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("clerk", Relation.ANY),)

    code: str
    representative: Person
    paper: str = ""

    def target(self, actor: Actor) -> On:
        return On(Subject("firm"))

    def run(self, act: Act, target: On) -> Result:
        firm = firm_of_code(read_uscc(self.code))
        former = in_force(act.now_us).select_for_update().filter(principal=firm.pseudonym, kind=REPRESENTATIVE)
        for row in list(former):
            if row.agent == identified(self.representative):
                raise Conflict("此人已是法定代表人", "this person is the representative already")
            row.ended_us, row.ended_by = act.now_us, act.actor.id
            about = {"kind": row.kind, "by": "principal"}
            act.record("mandate_ended", row, [ObjectRef("person", row.agent, "agent")], about)
        mandate = give_representative(act, firm, self.representative, self.paper)
        return {"firm": firm.pseudonym, "mandate": mandate.reference}
