# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import Conflict
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.ticketing import OnTicket, TicketWork


@dataclass(frozen=True)
class RecordTicketLapse(OnTicket):
    """What time alone caused: a ticket's deadline passed. Performed by the sweep at the instant it fell due."""

    verb: ClassVar[str] = "ticket.record_lapse"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    clock: str
    due_us: int

    def run(self, act: Act, target: TicketWork) -> Result:
        if target.row.lapse_us != self.due_us:
            raise Conflict("工单的时限已经变化", "the ticket's deadline has changed", found=target.row.lapse_us)
        target.row.lapse_us = None
        about: dict[str, Value] = {
            "clock": self.clock,
            "due_us": self.due_us,
            "category": target.row.category,
            "concerns": target.row.lead,
        }
        act.record("ticket_limit_missed", target.row, attributes=about)
        return {"ticket": self.ticket}
