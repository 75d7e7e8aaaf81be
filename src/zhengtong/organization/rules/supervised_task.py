# SPDX-License-Identifier: Apache-2.0
"""A supervised task (督办) and what can be done with it; the rules are in `supervision.py`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TaskState(StrEnum):
    PROPOSED = "proposed"
    DECLINED = "declined"
    OPENED = "opened"
    ASSIGNED = "assigned"
    REPORTED = "reported"
    RETURNED = "returned"
    CLOSED = "closed"
    OBJECTED = "objected"


@dataclass(frozen=True)
class By:
    """Who acts: a person's pseudonym, the roles held, the department acted for."""

    person: str
    roles: frozenset[str]
    department: str


@dataclass(frozen=True)
class Sheet:
    """A coloured sheet that the office issued by judgement."""

    colour: str
    issued_us: int


@dataclass(frozen=True)
class Task:
    """Times in µs. `reports` are the instants of feedback. `owing`: from when on the lead department owed something,
    and from when on not: assigned yes, reported as done no, sent back yes, conclusion overturned yes.
    `concluded_by` took part in the last conclusion. `acted_us` is the latest act; nothing is added before it."""

    state: TaskState
    matter: str
    proposed_us: int
    acted_us: int
    opened_us: int | None = None
    lead: str = ""
    support: frozenset[str] = frozenset()
    assigned_us: int | None = None
    due_us: int | None = None
    reports: tuple[int, ...] = ()
    owing: tuple[tuple[int, bool], ...] = ()
    sheets: tuple[Sheet, ...] = ()
    closed_us: int | None = None
    concluded_by: frozenset[str] = frozenset()
    objected_us: int | None = None
    reviewed: bool = False


@dataclass(frozen=True)
class Propose:
    """A draft from advice, a meeting, a leader or a hotline trigger: it opens nothing. `matter` is what it is about."""

    by: By
    at_us: int
    matter: str


@dataclass(frozen=True)
class Open:
    """立项. `plan` refers to the plan; `matters_open` are those under supervision now."""

    by: By
    at_us: int
    plan: str = ""
    matters_open: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decline:
    by: By
    at_us: int
    reason: str


@dataclass(frozen=True)
class Assign:
    """交办. `term` is one of the rules' terms, from which the due date follows."""

    by: By
    at_us: int
    lead: str
    term: str
    support: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Feedback:
    """A report by the lead department: on the way, or that all is `done`."""

    by: By
    at_us: int
    done: bool = True


@dataclass(frozen=True)
class SendBack:
    by: By
    at_us: int
    reason: str


@dataclass(frozen=True)
class IssueSheet:
    """A sheet of a colour, because progress was judged slow or poor, or because the matter is `urgent`."""

    by: By
    at_us: int
    colour: str
    urgent: bool = False


@dataclass(frozen=True)
class Close:
    """办结, with the conclusion fed back. `participants` took part in it besides `by`."""

    by: By
    at_us: int
    participants: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ObjectTo:
    """A supervised department asks for a review of the conclusion."""

    by: By
    at_us: int


@dataclass(frozen=True)
class Review:
    by: By
    at_us: int
    upheld: bool


TaskAct = Propose | Open | Decline | Assign | Feedback | SendBack | IssueSheet | Close | ObjectTo | Review
