# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.rules.tickets import SendBack
from zhengtong.services.ticketing import OnTicket, TicketWork, reason, said, ticket_file


@dataclass(frozen=True)
class ReturnTicket(OnTicket):
    """退回: with a reason on the city's list, in time, and never by a designated department."""

    verb: ClassVar[str] = "ticket.return"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    reason: str
    text: str

    def run(self, act: Act, target: TicketWork) -> Result:
        found = reason(ticket_file().returned, self.reason)
        text = said(self.text, "请写明退回的理由", "say why it is returned")
        act.department = target.row.lead
        target.move(act, SendBack(act.now_us, found.key), "ticket_returned", {"reason": found.key})
        target.note(act, "returned", text)
        return {"ticket": self.ticket}
