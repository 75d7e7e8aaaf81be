# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.rules.tickets import AnswerExtension
from zhengtong.services.ticketing import OnTicket, TicketWork


@dataclass(frozen=True)
class AnswerTicketExtension(OnTicket):
    """Grant or refuse the extension a department asked for."""

    verb: ClassVar[str] = "ticket.answer_extension"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("hotline", Relation.ANY),
        Allowed("government_office", Relation.ANY),
    )

    granted: bool

    def run(self, act: Act, target: TicketWork) -> Result:
        answer = AnswerExtension(act.now_us, self.granted)
        target.move(act, answer, "ticket_extension_answered", {"granted": self.granted})
        return {"ticket": self.ticket}
