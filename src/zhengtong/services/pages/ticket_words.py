# SPDX-License-Identifier: Apache-2.0
"""A ticket in words: where it stands, how urgent it is, what happened to it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.ledger.models import Event
from zhengtong.services.casework import calendar
from zhengtong.services.models import Ticket
from zhengtong.services.rules import tickets as rules
from zhengtong.services.rules.tickets import TicketState
from zhengtong.services.ticketing import TicketWork, ticket_file
from zhengtong.ui.parts import Moment, State, StateKind

STATES: dict[str, tuple[StateKind, object]] = {
    TicketState.RECEIVED: ("info", _lazy("to be dispatched")),
    TicketState.DISPATCHED: ("info", _lazy("to be signed for")),
    TicketState.SIGNED: ("info", _lazy("being handled")),
    TicketState.REPLIED: ("info", _lazy("to be called back")),
    TicketState.CLOSED: ("ok", _lazy("closed")),
    TicketState.NOT_ACCEPTED: ("late", _lazy("not accepted")),
}
CLOCKS: dict[str, object] = {
    "dispatch": _lazy("Dispatch by"),
    "sign": _lazy("Sign by"),
    "reply": _lazy("Reply by"),
    "call_back": _lazy("Call back by"),
}
WORDS: dict[str, object] = {
    "ticket_filed": _lazy("Registered"),
    "ticket_not_accepted": _lazy("Not accepted"),
    "ticket_dispatched": _lazy("Passed to the department"),
    "ticket_signed": _lazy("Signed for by the department"),
    "ticket_returned": _lazy("Returned to the hotline"),
    "ticket_extension_asked": _lazy("More time asked for"),
    "ticket_extension_answered": _lazy("The request for more time was answered"),
    "ticket_replied": _lazy("Replied"),
    "ticket_called_back": _lazy("Called back"),
    "ticket_limit_missed": _lazy("Limit missed"),
}
NOTES = {
    "ticket_not_accepted": "not_accepted",
    "ticket_returned": "returned",
    "ticket_extension_asked": "extension",
    "ticket_replied": "reply",
    "ticket_called_back": "call_back",
}
BETWEEN_OFFICES = frozenset({"ticket_returned", "ticket_extension_asked"})
"""Words written for colleagues: the citizen sees that it happened, not what was written."""


def state_of(row: Ticket) -> State:
    return State(*STATES[row.state])


def category_name(row: Ticket) -> object:
    return next((one.name for one in ticket_file().categories if one.key == row.category), row.category)


def urgency_of(row: Ticket, now_us: int) -> State | None:
    """Late, due today, urgent, or nothing to say."""
    if row.due_us is not None and row.due_us < now_us:
        return State("late", _("late"))
    days = calendar()
    if row.due_us is not None and row.due_us <= days.end_of_day(days.date_of(now_us)):
        return State("near", _("due today"))
    return State("near", _("urgent")) if row.urgent and row.closed_us is None else None


def clock_words(work: TicketWork) -> tuple[object, int] | None:
    """What has to be done next, and until when."""
    clock = rules.running(ticket_file().compiled(), work.ticket, calendar())
    return (CLOCKS[clock[0]], clock[1]) if clock else None


def story(work: TicketWork, official: bool) -> list[Moment]:
    """Newest first, each line an event of the record with its proof; words to colleagues only for officials."""
    found = Event.objects.filter(
        type__in=WORDS, objects_touched__object_type="ticket", objects_touched__object_id=work.row.number
    )
    notes = {(note.noted_us, note.kind): note.text for note in work.row.notes.all()}
    moments = []
    for event in found.select_related("leaf").order_by("-time_us", "-id").distinct():
        shown = official or event.type not in BETWEEN_OFFICES
        note = notes.get((event.time_us, NOTES.get(event.type, "")), "") if shown else ""
        department = event.attributes.get("concerns", "") or event.department
        known = city().get(Department, department) if department and city().has(Department, department) else None
        moments.append(
            Moment(
                event.time_us,
                WORDS[event.type],
                by=known.name if known else "",
                note=note,
                proof_url=reverse("event_evidence", args=[event.id]),
                standing="sealed" if hasattr(event, "leaf") else "promised",
            )
        )
    return moments
