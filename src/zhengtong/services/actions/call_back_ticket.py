# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.rules.tickets import Answers, CallBack
from zhengtong.services.ticketing import LONGEST, OnTicket, TicketWork


@dataclass(frozen=True)
class CallBackTicket(OnTicket):
    """回访: did the department contact you, is it solved, are you satisfied (the three rates of 接诉即办)?

    By an agent on the telephone, or by the person himself in the portal. Not solved sends it back to the department as
    often as the city's rules reopen; `reached` false closes it and counts in no rate.
    """

    verb: ClassVar[str] = "ticket.call_back"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("hotline", Relation.ANY), Allowed("resident", Relation.OWN))

    reached: bool
    contacted: bool = False
    solved: bool = False
    satisfied: bool = False
    text: str = ""

    def run(self, act: Act, target: TicketWork) -> Result:
        answers = Answers(self.contacted, self.solved, self.satisfied) if self.reached else None
        about: dict[str, Value] = {"reached": self.reached}
        if answers:
            about |= {"contacted": self.contacted, "solved": self.solved, "satisfied": self.satisfied}
        target.move(act, CallBack(act.now_us, answers), "ticket_called_back", about)
        if self.text.strip():
            target.note(act, "call_back", self.text[:LONGEST])
        return {"ticket": self.ticket, "state": target.row.state}
