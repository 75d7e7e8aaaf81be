# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.rules.tickets import Sign
from zhengtong.services.ticketing import OnTicket, TicketWork


@dataclass(frozen=True)
class SignTicket(OnTicket):
    """签收: the lead department takes the ticket on."""

    verb: ClassVar[str] = "ticket.sign"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    def run(self, act: Act, target: TicketWork) -> Result:
        act.department = target.row.lead
        target.move(act, Sign(act.now_us), "ticket_signed")
        return {"ticket": self.ticket}
