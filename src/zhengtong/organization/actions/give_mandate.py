# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result, now_us
from zhengtong.errors import BadInput, Conflict
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.mandates import identified, in_force, last_instant, speaking_for
from zhengtong.organization.models import Firm, Mandate
from zhengtong.organization.persons import Person


@dataclass(frozen=True)
class GiveMandate(Action[On]):
    """Let `agent` act for a person or firm: given by the person, by the firm's representative, or at the counter.

    `principal` is a pseudonym; at the counter the person is named instead (`person`), and `paper` is the hash of the
    scanned authorisation. No `matters` means all. `until_us` None means the longest the city allows.
    """

    verb: ClassVar[str] = "mandate.give"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN), Allowed("clerk", Relation.ANY))

    agent: Person
    principal: str = ""
    person: Person | None = None
    matters: tuple[str, ...] = ()
    until_us: int | None = None
    paper: str = ""

    def target(self, actor: Actor) -> On:
        owners = speaking_for(self.principal, now_us()) if self.principal and not self.person else frozenset()
        return On(Subject("mandate", owners=owners))

    def run(self, act: Act, target: On) -> Result:
        own = act.actor.id in target.subject.owners
        if not own and not self.paper:
            raise BadInput("请扫描书面授权", "scan the written authorisation", where="paper")
        principal = identified(self.person) if self.person else self.principal
        agent = identified(self.agent)
        if agent == principal:
            raise BadInput("不能授权给本人", "nobody needs a mandate for himself", where="agent")
        firm = Firm.objects.filter(pseudonym=principal).exists()
        kind = "handler" if firm else "agent"
        if in_force(act.now_us).filter(principal=principal, agent=agent, kind=kind).exists():
            raise Conflict(
                "已有对此人的授权，请先终止再重新授权",
                "this person holds a mandate already; end it before giving another",
            )
        row = Mandate(
            reference=uuid.uuid4().hex,
            principal=principal,
            agent=agent,
            kind=kind,
            matters=sorted(self.matters),
            channel="portal" if own else "counter",
            paper=self.paper,
            begun_us=act.now_us,
            until_us=last_instant(act.now_us, self.until_us),
        )
        about = {"kind": kind, "matters": list(row.matters), "channel": row.channel, "paper": self.paper}
        people = [ObjectRef("firm" if firm else "person", principal, "principal"), ObjectRef("person", agent, "agent")]
        act.record("mandate_given", row, people, about)
        return {"mandate": row.reference}
