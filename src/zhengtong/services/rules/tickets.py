# SPDX-License-Identifier: Apache-2.0
"""A ticket of the 12345 hotline (工单): intake, dispatch, sign, return, reply, call-back.

RECEIVED ──dispatch──► DISPATCHED ──sign──► SIGNED ──reply──► REPLIED ──call back──► CLOSED
    │  ▲                   │                  │ ▲                 │
    │  └──── return ───────┴──────────────────┘ └── not solved ───┘ (as often as the rules reopen)
    └─not accepted─► NOT_ACCEPTED

Every length of time comes from the city's file; which clock runs follows from the state. Local practice (Weifang and
Jinan regulations, Beijing 接诉即办条例) differs by place, so nothing here is a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, Protocol

from zhengtong.errors import BadInput, Conflict

HOUR_US = 3_600_000_000
Clock = Literal["dispatch", "sign", "reply", "call_back"]


class Calendar(Protocol):
    def date_of(self, instant_us: int, /) -> date: ...

    def add_working_days(self, day: date, n: int, /) -> date: ...

    def end_of_day(self, day: date, /) -> int: ...


class TicketState(StrEnum):
    RECEIVED = "received"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    REPLIED = "replied"
    CLOSED = "closed"
    NOT_ACCEPTED = "not_accepted"


FINAL = frozenset({TicketState.CLOSED, TicketState.NOT_ACCEPTED})


@dataclass(frozen=True)
class Term:
    """`amount` working days, calendar days or hours; the day of the start is not counted."""

    amount: int
    unit: Literal["working_days", "calendar_days", "hours"] = "working_days"


@dataclass(frozen=True)
class TicketRules:
    """`reply` by category; a term that is None sets no limit. `reopenings` is how often an unsolved one goes back."""

    reply: Mapping[str, Term]
    urgent_reply: Term | None = None
    dispatch: Term | None = None
    sign: Term | None = None
    send_back: Term | None = None
    call_back: Term | None = None
    extension: Term | None = None
    extensions: int = 0
    reopenings: int = 0


@dataclass(frozen=True)
class Answers:
    """What the person said when called back; the three rates (响应率、解决率、满意率) count them."""

    contacted: bool
    solved: bool
    satisfied: bool


@dataclass(frozen=True)
class Ticket:
    """`since_us` is when the clock of the present state began (for SIGNED: when the department got the ticket).
    `extended` are the extensions granted in this round, `asked_us` the one asked for and not answered."""

    state: TicketState
    category: str
    urgent: bool
    received_us: int
    since_us: int
    acted_us: int
    lead: str = ""
    support: frozenset[str] = frozenset()
    designated: bool = False
    asked_us: int | None = None
    extended: int = 0
    returns: int = 0
    reopened: int = 0
    replied_us: int | None = None
    answers: Answers | None = None
    closed_us: int | None = None


@dataclass(frozen=True)
class Dispatch:
    """To a lead department and those that support it. A `designated` department may not return it."""

    at_us: int
    lead: str
    support: frozenset[str] = frozenset()
    designated: bool = False


@dataclass(frozen=True)
class NotAccept:
    at_us: int
    reason: str


@dataclass(frozen=True)
class Sign:
    at_us: int


@dataclass(frozen=True)
class SendBack:
    at_us: int
    reason: str


@dataclass(frozen=True)
class AskExtension:
    at_us: int


@dataclass(frozen=True)
class AnswerExtension:
    at_us: int
    granted: bool


@dataclass(frozen=True)
class Reply:
    at_us: int


@dataclass(frozen=True)
class CallBack:
    """`answers` None: the person could not be reached, which closes the ticket and counts in no rate."""

    at_us: int
    answers: Answers | None


TicketAct = Dispatch | NotAccept | Sign | SendBack | AskExtension | AnswerExtension | Reply | CallBack
_FROM: Mapping[type, frozenset[TicketState]] = {
    Dispatch: frozenset({TicketState.RECEIVED}),
    NotAccept: frozenset({TicketState.RECEIVED}),
    Sign: frozenset({TicketState.DISPATCHED}),
    SendBack: frozenset({TicketState.DISPATCHED, TicketState.SIGNED}),
    AskExtension: frozenset({TicketState.SIGNED}),
    AnswerExtension: frozenset({TicketState.SIGNED}),
    Reply: frozenset({TicketState.SIGNED}),
    CallBack: frozenset({TicketState.REPLIED}),
}


def deadline(calendar: Calendar, from_us: int, term: Term) -> int:
    """The last instant of a term: an hour's end, or the end of its last day."""
    if term.unit == "hours":
        return from_us + term.amount * HOUR_US
    day = calendar.date_of(from_us)
    if term.unit == "calendar_days":
        return calendar.end_of_day(day + timedelta(days=term.amount))
    return calendar.end_of_day(calendar.add_working_days(day, term.amount))


def received(rules: TicketRules, category: str, urgent: bool, at_us: int) -> Ticket:
    """A new ticket. Raises `BadInput` for a category without a time to reply."""
    if category not in rules.reply:
        raise BadInput("没有这个类别", "there is no such category", found=category, expected=", ".join(rules.reply))
    return Ticket(TicketState.RECEIVED, category, urgent, at_us, at_us, at_us)


def running(rules: TicketRules, ticket: Ticket, calendar: Calendar) -> tuple[Clock, int] | None:
    """The clock that runs now and the last instant to be in time; None where none does."""
    match ticket.state:
        case TicketState.RECEIVED:
            return _clock("dispatch", rules.dispatch, ticket, calendar)
        case TicketState.DISPATCHED:
            return _clock("sign", rules.sign, ticket, calendar)
        case TicketState.SIGNED:
            return "reply", _reply_due(rules, ticket, calendar)
        case TicketState.REPLIED:
            return _clock("call_back", rules.call_back, ticket, calendar)
        case _:
            return None


def _clock(kind: Clock, term: Term | None, ticket: Ticket, calendar: Calendar) -> tuple[Clock, int] | None:
    return None if term is None else (kind, deadline(calendar, ticket.since_us, term))


def _reply_due(rules: TicketRules, ticket: Ticket, calendar: Calendar) -> int:
    term = rules.urgent_reply if ticket.urgent and rules.urgent_reply else rules.reply[ticket.category]
    due = deadline(calendar, ticket.since_us, term)
    for _ in range(ticket.extended):
        assert rules.extension is not None  # noqa: S101  # else none could have been granted
        due = deadline(calendar, due, rules.extension)
    return due


def apply(rules: TicketRules, ticket: Ticket, act: TicketAct, calendar: Calendar) -> Ticket:
    """The ticket after an act. Raises `Conflict` when it is not that act's turn or time, `BadInput` for a bad one."""
    if ticket.state not in _FROM[type(act)]:
        raise Conflict(
            "工单的状态不允许这样做", "the ticket's state does not allow this",
            found=ticket.state.value, expected=" | ".join(sorted(_FROM[type(act)])),
        )  # fmt: skip
    at = max(act.at_us, ticket.acted_us)  # a clock read before the lock may stand a little behind what it follows
    ticket = replace(ticket, acted_us=at)
    match act:
        case Dispatch():
            return _dispatch(ticket, act, at)
        case NotAccept():
            return replace(ticket, state=TicketState.NOT_ACCEPTED, closed_us=at)
        case Sign():
            return replace(ticket, state=TicketState.SIGNED)
        case SendBack():
            return _send_back(rules, ticket, at, calendar)
        case AskExtension():
            return _ask(rules, ticket, at, calendar)
        case AnswerExtension():
            if ticket.asked_us is None:
                raise Conflict("没有待批的延期申请", "no extension was asked for")
            return replace(ticket, asked_us=None, extended=ticket.extended + int(act.granted))
        case Reply():
            return replace(ticket, state=TicketState.REPLIED, since_us=at, replied_us=at, asked_us=None)
        case CallBack():
            return _call_back(rules, ticket, act, at)


def _dispatch(ticket: Ticket, act: Dispatch, at: int) -> Ticket:
    if not act.lead or act.lead in act.support:
        raise BadInput(
            "请指定一个主办部门，协办部门不能与它相同",
            "name one lead department; those that support it are others",
            found=act.lead or None,
        )
    return replace(
        ticket, state=TicketState.DISPATCHED, since_us=at, lead=act.lead, support=act.support,
        designated=act.designated, asked_us=None, extended=0,
    )  # fmt: skip


def _send_back(rules: TicketRules, ticket: Ticket, at: int, calendar: Calendar) -> Ticket:
    if ticket.designated:
        raise Conflict("指定承办的工单不能退回", "a designated department may not return the ticket", found=ticket.lead)
    if ticket.reopened:
        raise Conflict("重新办理的工单不能退回", "a reopened ticket may not be returned", found=ticket.reopened)
    if rules.send_back is not None and at > deadline(calendar, ticket.since_us, rules.send_back):
        raise Conflict(
            "退回的期限已过", "the time to return the ticket is over",
            expected=f"{rules.send_back.amount} {rules.send_back.unit}",
        )  # fmt: skip
    return replace(
        ticket, state=TicketState.RECEIVED, since_us=at, lead="", support=frozenset(),
        returns=ticket.returns + 1, asked_us=None, extended=0,
    )  # fmt: skip


def _ask(rules: TicketRules, ticket: Ticket, at: int, calendar: Calendar) -> Ticket:
    if rules.extension is None or ticket.extended >= rules.extensions or ticket.asked_us is not None:
        raise Conflict(
            "不能再申请延期", "no further extension can be asked for",
            found=ticket.extended + int(ticket.asked_us is not None),
            expected=f"≤ {rules.extensions if rules.extension else 0}",
        )  # fmt: skip
    if at > _reply_due(rules, ticket, calendar):
        raise Conflict("答复期限已过，不能再申请延期", "the reply is overdue: it is too late to ask for an extension")
    return replace(ticket, asked_us=at)


def _call_back(rules: TicketRules, ticket: Ticket, act: CallBack, at: int) -> Ticket:
    if act.answers is not None and not act.answers.solved and ticket.reopened < rules.reopenings:
        return replace(
            ticket, state=TicketState.SIGNED, since_us=at, extended=0, answers=act.answers, reopened=ticket.reopened + 1
        )
    return replace(ticket, state=TicketState.CLOSED, answers=act.answers, closed_us=at)


@dataclass
class Rates:
    """Counts behind the three rates over closed tickets whose persons were reached: `asked` is the denominator."""

    asked: int = 0
    contacted: int = 0
    solved: int = 0
    satisfied: int = 0
    unreached: int = 0

    def add(self, answers: Answers | None) -> None:
        if answers is None:
            self.unreached += 1
            return
        self.asked += 1
        self.contacted += answers.contacted
        self.solved += answers.solved
        self.satisfied += answers.satisfied

    def share(self, part: Literal["contacted", "solved", "satisfied"]) -> float | None:
        """None where nobody was asked."""
        return getattr(self, part) / self.asked if self.asked else None
