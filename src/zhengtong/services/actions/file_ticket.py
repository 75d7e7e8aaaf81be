# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.city.identifiers import read_mobile
from zhengtong.errors import BadInput, FormFaults, ZhengtongError
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import calendar
from zhengtong.services.models import Ticket
from zhengtong.services.queries import life_events
from zhengtong.services.rules.tickets import received
from zhengtong.services.ticketing import LONGEST, TicketWork, ticket_file

LONGEST_TITLE = 100


@dataclass(frozen=True)
class FileTicket(Action[On]):
    """Register a matter: the person himself in the portal, or an agent for a caller (name and number as told).

    Raises `FormFaults` naming every field that is wrong or missing.
    """

    verb: ClassVar[str] = "ticket.file"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN), Allowed("hotline", Relation.ANY))

    category: str
    title: str
    text: str
    urgent: bool = False
    by_phone: bool = False
    caller: str = ""
    mobile: str = ""
    demo: bool = False
    life_event: str = ""

    def target(self, actor: Actor) -> On:
        return On(Subject("ticket", owners=frozenset() if self.by_phone else frozenset({actor.id})))

    def run(self, act: Act, target: On) -> Result:
        mobile = self._check()
        rules = ticket_file().compiled()
        year = calendar().date_of(act.now_us).year
        row = Ticket(
            number=f"T{year % 100:02d}-{act.next_number(f'ticket/{year}'):06d}",
            citizen="" if self.by_phone else act.actor.id,
            channel="phone" if self.by_phone else "portal",
            category=self.category,
            life_event=self.life_event,
            urgent=self.urgent,
            title=self.title.strip(),
            text=self.text.strip(),
            caller=self.caller.strip() if self.by_phone else "",
            mobile=mobile,
            received_us=act.now_us,
            demo=self.demo,
        )
        TicketWork(row).set(received(rules, self.category, self.urgent, act.now_us))
        about: dict[str, Value] = {"category": self.category, "channel": row.channel, "urgent": self.urgent}
        if self.life_event:
            about["life_event"] = self.life_event
        act.record("ticket_filed", row, attributes=about)
        return {"ticket": row.number}

    def _check(self) -> str:
        """The mobile number as kept. Urgency is the agent's judgement, not the citizen's."""
        faults: dict[str, ZhengtongError] = {}
        known = [category.key for category in ticket_file().categories]
        if self.category not in known:
            faults["category"] = BadInput("请选择类别", "choose a category")
        if self.life_event and self.life_event not in {event.key for event in life_events()}:
            faults["life_event"] = BadInput("没有这件事", "there is no such life event", found=self.life_event[:64])
        if not self.title.strip() or len(self.title) > LONGEST_TITLE:
            faults["title"] = BadInput(
                "请用一句话写明诉求", "say in one line what it is about",
                found=len(self.title), expected=f"1–{LONGEST_TITLE}",
            )  # fmt: skip
        if not self.text.strip() or len(self.text) > LONGEST:
            faults["text"] = BadInput("请写明情况", "say what happened", found=len(self.text), expected=f"1–{LONGEST}")
        if self.urgent and not self.by_phone:
            faults["urgent"] = BadInput("紧急由热线坐席判定", "urgency is judged by the hotline's agent")
        mobile = self.mobile.strip()
        try:
            mobile = read_mobile(mobile) if mobile else ""
        except BadInput as error:
            faults["mobile"] = error
        if faults:
            raise FormFaults(faults)
        return mobile
