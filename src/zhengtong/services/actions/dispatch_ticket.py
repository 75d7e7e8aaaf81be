# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.rules.tickets import Dispatch
from zhengtong.services.ticketing import OnTicket, TicketWork


@dataclass(frozen=True)
class DispatchTicket(OnTicket):
    """派单: to one lead department and those that support it. A designated department may not return it."""

    verb: ClassVar[str] = "ticket.dispatch"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("hotline", Relation.ANY),
        Allowed("government_office", Relation.ANY),
    )

    lead: str
    support: tuple[str, ...] = ()
    designated: bool = False

    def run(self, act: Act, target: TicketWork) -> Result:
        unknown = sorted(key for key in {self.lead, *self.support} if not city().has(Department, key))
        if unknown:
            raise BadInput("请选择部门", "choose a department", found=", ".join(unknown) or None)
        asked = Dispatch(act.now_us, self.lead, frozenset(self.support), self.designated)
        about: dict[str, Value] = {"support": sorted(self.support), "designated": self.designated}
        target.move(act, asked, "ticket_dispatched", about)
        return {"ticket": self.ticket}
