# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.rules.tickets import AskExtension
from zhengtong.services.ticketing import OnTicket, TicketWork, said


@dataclass(frozen=True)
class AskTicketExtension(OnTicket):
    """申请延期: before the reply is due; the hotline answers."""

    verb: ClassVar[str] = "ticket.ask_extension"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    text: str

    def run(self, act: Act, target: TicketWork) -> Result:
        text = said(self.text, "请写明为何需要延期", "say why more time is needed")
        act.department = target.row.lead
        target.move(act, AskExtension(act.now_us), "ticket_extension_asked")
        target.note(act, "extension", text)
        return {"ticket": self.ticket}
