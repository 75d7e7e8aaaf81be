# SPDX-License-Identifier: Apache-2.0
"""Between the rules of tickets and their tables: load one under its lock, apply an act, write it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Subject
from zhengtong.acts.perform import Act, Action
from zhengtong.acts.serving import city
from zhengtong.errors import BadInput, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import calendar
from zhengtong.services.definition_tickets import TicketReasonFile, TicketsFile
from zhengtong.services.models import Ticket, TicketNote
from zhengtong.services.rules import tickets as rules

LONGEST = 5000


def ticket_file() -> TicketsFile:
    """The served city's hotline rules. Raises `NotFound` where it has none."""
    found = city().all(TicketsFile)
    if not found:
        raise NotFound("城市没有热线规则", "the city has no hotline rules", expected="standards/tickets.yaml")
    return found[0]


def as_json(ticket: rules.Ticket) -> dict[str, Any]:
    return {**asdict(ticket), "state": ticket.state.value, "support": sorted(ticket.support)}


def as_ticket(stored: Mapping[str, Any]) -> rules.Ticket:
    answers = stored["answers"]
    return rules.Ticket(
        **{
            **stored,
            "state": rules.TicketState(stored["state"]),
            "support": frozenset(stored["support"]),
            "answers": rules.Answers(**answers) if answers else None,
        }
    )


@dataclass
class TicketWork:
    row: Ticket

    @property
    def ticket(self) -> rules.Ticket:
        return as_ticket(self.row.progress)

    @property
    def subject(self) -> Subject:
        """Whose it is, and the department that has to answer. Departments in support may read, see `reading`."""
        return self._subject(frozenset({self.row.lead} - {""}))

    @property
    def reading(self) -> Subject:
        return self._subject(frozenset({self.row.lead, *self.row.support} - {""}))

    def _subject(self, departments: frozenset[str]) -> Subject:
        return Subject("ticket", self.row.number, frozenset({self.row.citizen} - {""}), departments)

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("ticket", self.row.number)

    def set(self, ticket: rules.Ticket) -> None:
        """Write the rules' value into the row; a deadline not met before is the sweep's to watch."""
        row, clock = self.row, rules.running(ticket_file().compiled(), ticket, calendar())
        due = clock[1] if clock else None
        if due != row.due_us or row.state != ticket.state.value:
            row.due_us = row.lapse_us = due
        row.progress, row.state = as_json(ticket), ticket.state.value
        row.lead, row.support = ticket.lead, sorted(ticket.support)
        row.closed_us = ticket.closed_us

    def move(self, act: Act, ticket_act: rules.TicketAct, type: str, about: Mapping[str, Value] | None = None) -> None:
        """Apply one act of the rules and write the ticket with its event, which says whether it came in time."""
        before, due = self.ticket, self.row.due_us
        after = rules.apply(ticket_file().compiled(), before, ticket_act, calendar())
        act.now_us = after.acted_us
        self.set(after)
        attributes: dict[str, Value] = {"category": before.category, "state": after.state.value}
        if after.lead or before.lead:
            attributes["concerns"] = after.lead or before.lead
        if due is not None and after.state is not before.state:
            attributes |= {"due_us": due, "late": act.now_us > due}
        act.record(type, self.row, attributes={**attributes, **(about or {})})

    def note(self, act: Act, kind: str, text: str) -> None:
        """Keep words with the ticket; the ledger carries only their digest."""
        row = TicketNote(
            ticket=self.row, reference=uuid.uuid4().hex, kind=kind, text=text.strip(),
            author=act.actor.id, department=act.department, noted_us=act.now_us,
        )  # fmt: skip
        act.record("ticket_noted", row, [self.ref], {"kind": kind})


def open_ticket(number: str, *, lock: bool = True) -> TicketWork:
    """Load a ticket (holding its lock). Raises `NotFound`."""
    tickets = Ticket.objects.select_for_update() if lock else Ticket.objects
    row = tickets.filter(number=number).first()
    if row is None:
        raise NotFound("没有这张工单", "there is no such ticket", found=number[:40])
    return TicketWork(row)


@dataclass(frozen=True)
class OnTicket(Action[TicketWork]):
    """An action on one ticket, which it locks."""

    ticket: str

    def target(self, actor: Actor) -> TicketWork:
        return open_ticket(self.ticket)


def said(text: str, zh: str, en: str) -> str:
    """The words somebody had to write. Raises `BadInput` with what is missing."""
    if not text.strip():
        raise BadInput(zh, en)
    if len(text) > LONGEST:
        raise BadInput(f"最多 {LONGEST} 个字", f"at most {LONGEST} characters", found=len(text))
    return text


def reason(listed: list[TicketReasonFile], key: str) -> TicketReasonFile:
    """Raises `BadInput` for a reason the city's file does not name."""
    found = next((one for one in listed if one.key == key), None)
    if found is None:
        raise BadInput(
            "请选择理由", "choose a reason", found=key or None, expected=", ".join(one.key for one in listed) or None
        )
    return found
