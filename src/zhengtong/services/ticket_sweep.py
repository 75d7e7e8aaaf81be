# SPDX-License-Identifier: Apache-2.0
"""Deadlines of tickets that passed, recorded at the instant they did, each once."""

from __future__ import annotations

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.errors import Conflict
from zhengtong.services.actions.record_ticket_lapse import RecordTicketLapse
from zhengtong.services.casework import calendar
from zhengtong.services.models import Ticket
from zhengtong.services.rules.tickets import running
from zhengtong.services.ticketing import open_ticket, ticket_file


def sweep_tickets(now_us: int, limit: int) -> int:
    """Record what fell due before `now_us`, the oldest first; returns how many acts were performed."""
    due = Ticket.objects.filter(lapse_us__lt=now_us).order_by("lapse_us").values_list("number", flat=True)
    return sum(int(_once(number)) for number in due[:limit])


def _once(number: str) -> bool:
    """The department may have acted meanwhile, and then there is nothing to record."""
    work = open_ticket(number, lock=False)
    clock = running(ticket_file().compiled(), work.ticket, calendar())
    if clock is None or work.row.lapse_us != clock[1]:
        return False
    kind, due_us = clock
    action = RecordTicketLapse(number, kind, due_us)
    try:
        return not perform(action, SYSTEM, f"lapse/{number}/{kind}/{due_us}", at_us=due_us).replayed
    except Conflict:
        return False
