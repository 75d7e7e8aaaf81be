# SPDX-License-Identifier: Apache-2.0
"""Reads of tickets: whose turn it is, and the three rates counted from the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from zhengtong.acts.actor import Actor
from zhengtong.ledger.models import EventObject
from zhengtong.organization.models import SupervisedTask
from zhengtong.services.models import Ticket
from zhengtong.services.rules.tickets import Answers, Rates, TicketState

DESK = (TicketState.RECEIVED, TicketState.REPLIED)
DEPARTMENT = (TicketState.DISPATCHED, TicketState.SIGNED)
CITY_WIDE = ("hotline", "government_office", "leader", "auditor")


def desk() -> QuerySet[Ticket]:
    """What waits for the hotline: to dispatch, to call back, and extensions asked for; the most urgent first."""
    asked = Q(state=TicketState.SIGNED, progress__asked_us__isnull=False)
    return Ticket.objects.filter(Q(state__in=DESK) | asked).order_by("due_us", "id")


def of_departments(departments: Iterable[str]) -> QuerySet[Ticket]:
    """What waits for these departments to sign or reply."""
    return Ticket.objects.filter(lead__in=list(departments), state__in=DEPARTMENT).order_by("due_us", "id")


def of_citizen(actor: Actor) -> QuerySet[Ticket]:
    return Ticket.objects.filter(citizen=actor.id).order_by("-id")


def task_matter(number: str) -> str:
    """The matter under which a ticket is supervised: one matter, one sheet."""
    return f"ticket-{number.lower()}"


def tasks_of(number: str) -> QuerySet[SupervisedTask]:
    return SupervisedTask.objects.filter(progress__matter=task_matter(number)).order_by("id")


@dataclass
class Measured:
    """One department's tickets in a period, each count with the numbers of its tickets."""

    rates: Rates = field(default_factory=Rates)
    replies: int = 0
    late: int = 0
    tickets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def in_time(self) -> float | None:
        return (self.replies - self.late) / self.replies if self.replies else None


def measured(since_us: int, until_us: int) -> dict[str, Measured]:
    """By department ("" for the whole city), from the events between two instants; of several call-backs of a ticket
    the last one counts. Tickets that a reply or a call-back left out are named under what they failed."""
    found: dict[str, Measured] = defaultdict(Measured)
    last: dict[str, Mapping[str, Any]] = {}
    for number, type_, attributes in _events(since_us, until_us):
        if type_ == "ticket_called_back":
            last[number] = attributes
            continue
        for key in ("", attributes.get("concerns", "")):
            found[key].replies += 1
            if attributes.get("late"):
                found[key].late += 1
                found[key].tickets["late"].add(number)
    for number, attributes in last.items():
        answers = None
        if attributes["reached"]:
            answers = Answers(*(bool(attributes[name]) for name in ("contacted", "solved", "satisfied")))
        for key in ("", attributes.get("concerns", "")):
            found[key].rates.add(answers)
            for name in ("contacted", "solved", "satisfied"):
                if answers and not getattr(answers, name):
                    found[key].tickets[name].add(number)
    return dict(found)


def _events(since_us: int, until_us: int) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    touched = EventObject.objects.filter(
        object_type="ticket",
        qualifier="state",
        event__type__in=("ticket_replied", "ticket_called_back"),
        event__time_us__gte=since_us,
        event__time_us__lt=until_us,
    ).order_by("event__time_us", "event_id")
    return touched.values_list("object_id", "event__type", "event__attributes")
