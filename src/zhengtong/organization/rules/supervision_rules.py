# SPDX-License-Identifier: Apache-2.0
"""A city's rules of supervision as values: who opens, how long things may take, when a task turns which colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol

from zhengtong.errors import BadInput


class Calendar(Protocol):
    """What these rules need of the city's working-day table (`city.calendar.WorkingCalendar`)."""

    def is_working_day(self, day: date, /) -> bool: ...

    def add_working_days(self, day: date, n: int, /) -> date: ...

    def date_of(self, instant_us: int, /) -> date: ...

    def start_of_day(self, day: date, /) -> int: ...

    def end_of_day(self, day: date, /) -> int: ...


@dataclass(frozen=True)
class Term:
    """A length of time in days."""

    amount: int
    unit: Literal["working_days", "calendar_days"] = "working_days"

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= 3660:
            raise BadInput("期限的天数不对", "the length of a term is wrong", found=self.amount, expected="0–3660")
        if self.unit not in ("working_days", "calendar_days"):
            raise BadInput(
                "期限单位不认识", "unknown unit of a term", found=self.unit, expected="working_days | calendar_days"
            )


@dataclass(frozen=True)
class Trigger:
    """What turns a task this colour.

    `near`: from the day `term` before the due date. `overdue`: `term` after the due date passed. `judged`: the office
    finds progress slow or poor and issues a sheet. `unanswered`: no feedback came in time to the colour below.
    """

    kind: Literal["near", "overdue", "judged", "unanswered"]
    term: Term = Term(0)


@dataclass(frozen=True)
class Colour:
    """`answer`: how long feedback to this colour may take; without it, nothing follows from silence."""

    key: str
    zh: str
    en: str
    triggers: tuple[Trigger, ...]
    answer: Term | None = None


@dataclass(frozen=True)
class SupervisionRules:
    """`colours` from mildest to gravest. `terms`: the city's usual times to settle a matter, by key. `urgent_start`: an
    urgent matter may start at any colour. Raises BadInput where colours cannot work."""

    key: str
    source: str
    openers: frozenset[str]
    terms: Mapping[str, Term]
    colours: tuple[Colour, ...]
    proposers: frozenset[str] = frozenset()
    objection: Term = Term(30, "calendar_days")
    """政府督查工作条例 art. 17; calendar days [I: the text says 30日]."""
    review: Term = Term(30, "calendar_days")
    """The same article."""
    urgent_start: bool = False
    plan_required: bool = False
    verified: bool = False

    def __post_init__(self) -> None:
        if not self.openers:
            raise BadInput("没有规定谁可以立项", "nobody may open a task", where=self.key, expected="openers")
        keys = [colour.key for colour in self.colours]
        if len(set(keys)) < len(keys):
            raise BadInput("颜色重复", "a colour stands twice", where=self.key, found=", ".join(keys))
        for below, colour in zip([None, *self.colours], self.colours, strict=False):
            silent = any(trigger.kind == "unanswered" for trigger in colour.triggers)
            if silent and (below is None or below.answer is None):
                raise BadInput(
                    "“未按期反馈”需要前一种颜色规定反馈期限",
                    "“unanswered” needs a time to answer on the colour below",
                    where=f"{self.key}.{colour.key}",
                    expected="answer",
                )

    def rank(self, colour: str) -> int:
        """0 for the mildest colour. Raises BadInput for one these rules do not know."""
        for rank, known in enumerate(self.colours):
            if known.key == colour:
                return rank
        names = " | ".join(known.key for known in self.colours)
        raise BadInput("没有这种颜色", "there is no such colour", where=self.key, found=colour, expected=names)

    def judged_colours(self) -> tuple[str, ...]:
        return tuple(c.key for c in self.colours if any(trigger.kind == "judged" for trigger in c.triggers))


def ends_us(term: Term, from_us: int, calendar: Calendar) -> int:
    """The last instant of a term: the day of start is not counted, a rest day moves to the next working day (民法典
    arts. 201, 203), the end is that of the day."""
    start = calendar.date_of(from_us)
    if term.unit == "working_days":
        day = calendar.add_working_days(start, term.amount)
    else:
        day = start + timedelta(days=term.amount)
    if not calendar.is_working_day(day):
        day = calendar.add_working_days(day, 1)
    return calendar.end_of_day(day)
