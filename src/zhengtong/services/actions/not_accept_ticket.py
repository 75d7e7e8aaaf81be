# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.rules.tickets import NotAccept
from zhengtong.services.ticketing import OnTicket, TicketWork, reason, said, ticket_file


@dataclass(frozen=True)
class NotAcceptTicket(OnTicket):
    """不予受理: only for a reason on the city's list, told to the person with its basis."""

    verb: ClassVar[str] = "ticket.not_accept"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("hotline", Relation.ANY),)

    reason: str
    text: str

    def run(self, act: Act, target: TicketWork) -> Result:
        found = reason(ticket_file().not_accepted, self.reason)
        text = said(self.text, "请向当事人写明为何不予受理", "tell the person why it is not accepted")
        target.move(act, NotAccept(act.now_us, found.key), "ticket_not_accepted", {"reason": found.key})
        target.note(act, "not_accepted", text)
        return {"ticket": self.ticket}
