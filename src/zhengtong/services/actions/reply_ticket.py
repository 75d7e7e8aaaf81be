# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.rules.tickets import Reply
from zhengtong.services.ticketing import OnTicket, TicketWork, said


@dataclass(frozen=True)
class ReplyTicket(OnTicket):
    """答复: what was found and done, in words the person understands; the call-back asks whether it helped."""

    verb: ClassVar[str] = "ticket.reply"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    text: str

    def run(self, act: Act, target: TicketWork) -> Result:
        text = said(self.text, "请写明处理情况和答复", "say what was found and done")
        act.department = target.row.lead
        target.move(act, Reply(act.now_us), "ticket_replied")
        target.note(act, "reply", text)
        return {"ticket": self.ticket}
