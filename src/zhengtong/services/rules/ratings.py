# SPDX-License-Identifier: Apache-2.0
"""好差评: one rating a case, and the loop a bad one sets off: 评价→核实→整改→回访 (国办发〔2019〕51号; GB/T 39735).

good ──► SETTLED
bad ───► TO_CHECK ──upheld──► TO_REPAIR ──repaired──► TO_CALL_BACK ──satisfied──► CLOSED
             │                     ▲                        │
             └─not upheld─► NOT_UPHELD                      └── not satisfied: repaired once more, then CLOSED
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from zhengtong.errors import BadInput, Conflict


class Calendar(Protocol):
    def date_of(self, instant_us: int, /) -> date: ...

    def add_working_days(self, day: date, n: int, /) -> date: ...

    def end_of_day(self, day: date, /) -> int: ...


class RatingState(StrEnum):
    SETTLED = "settled"
    TO_CHECK = "to_check"
    NOT_UPHELD = "not_upheld"
    TO_REPAIR = "to_repair"
    TO_CALL_BACK = "to_call_back"
    CLOSED = "closed"


@dataclass(frozen=True)
class RatingRules:
    """`bad_up_to` is the highest level that counts as bad; days are working days, the day of start not counted."""

    levels: tuple[int, ...]
    bad_up_to: int
    check_days: int
    repair_days: int


@dataclass(frozen=True)
class Rated:
    """Where a rating stands; `due_us` is when the department has to have done its next act, None when it owes none."""

    state: RatingState
    due_us: int | None = None
    repairs: int = 0


@dataclass(frozen=True)
class Check:
    """Is the complaint right? Found out by the department it concerns."""

    at_us: int
    upheld: bool


@dataclass(frozen=True)
class Repair:
    at_us: int


@dataclass(frozen=True)
class CallBack:
    """The person was asked again."""

    at_us: int
    satisfied: bool


RatingAct = Check | Repair | CallBack
_FROM = {Check: RatingState.TO_CHECK, Repair: RatingState.TO_REPAIR, CallBack: RatingState.TO_CALL_BACK}


def rate(rules: RatingRules, level: int, at_us: int, calendar: Calendar) -> Rated:
    """A first rating. Raises `BadInput` for a level the rules do not know."""
    if level not in rules.levels:
        raise BadInput("没有这个评价等级", "there is no such level", found=level, expected=str(sorted(rules.levels)))
    if level > rules.bad_up_to:
        return Rated(RatingState.SETTLED)
    return Rated(RatingState.TO_CHECK, _due(calendar, at_us, rules.check_days))


def apply(rules: RatingRules, rated: Rated, act: RatingAct, calendar: Calendar) -> Rated:
    """The rating after an act. Raises `Conflict` when it is not that act's turn."""
    if rated.state is not _FROM[type(act)]:
        raise Conflict(
            "评价的状态不允许这样做", "the rating's state does not allow this",
            found=rated.state.value, expected=_FROM[type(act)].value,
        )  # fmt: skip
    match act:
        case Check():
            if not act.upheld:
                return Rated(RatingState.NOT_UPHELD)
            return Rated(RatingState.TO_REPAIR, _due(calendar, act.at_us, rules.repair_days))
        case Repair():
            return Rated(RatingState.TO_CALL_BACK, rated.due_us, rated.repairs + 1)
        case CallBack():
            if act.satisfied or rated.repairs > 1:
                return Rated(RatingState.CLOSED, repairs=rated.repairs)
            return Rated(RatingState.TO_REPAIR, _due(calendar, act.at_us, rules.repair_days), rated.repairs)


def _due(calendar: Calendar, from_us: int, days: int) -> int:
    return calendar.end_of_day(calendar.add_working_days(calendar.date_of(from_us), days))
