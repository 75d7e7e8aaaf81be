# SPDX-License-Identifier: Apache-2.0
"""The steps a department has to do, by urgency: filtered, counted whole, and a page at a time by cursor.

The order is that of the due instants, what has none last. A cursor is the due instant and the key of the last step
shown, so a page begins where the one before ended whatever was done meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from zhengtong.errors import BadInput
from zhengtong.services.models import Step
from zhengtong.services.queries import OPEN_TO_DEPARTMENT, steps_to_deliver
from zhengtong.services.rules.flow import StepState

PAGE = 50
WINDOWS = ("late", "today", "week", "later", "applicant", "external")
_RUNNING = Q(state__in=(StepState.PENDING, StepState.ACCEPTED), external="")


@dataclass(frozen=True)
class StepFilters:
    """What to list; what is empty does not narrow. `number` is the beginning of a case's number."""

    state: str = ""
    window: str = ""
    service: str = ""
    number: str = ""


@dataclass(frozen=True)
class Ends:
    """Instants that part the windows, in µs: now, and the ends of today and of the fifth working day after it."""

    now_us: int
    today_us: int
    week_us: int

    def windows(self) -> dict[str, Q]:
        """Every open step is in one window at most: paused steps and those without a limit are in none."""
        return {
            "late": _RUNNING & Q(due_us__lt=self.now_us),
            "today": _RUNNING & Q(due_us__gte=self.now_us, due_us__lte=self.today_us),
            "week": _RUNNING & Q(due_us__gt=self.today_us, due_us__lte=self.week_us),
            "later": _RUNNING & Q(due_us__gt=self.week_us),
            "applicant": Q(state=StepState.CORRECTING),
            "external": Q(state__in=(StepState.PENDING, StepState.ACCEPTED)) & ~Q(external=""),
        }


@dataclass(frozen=True)
class StepPage:
    """`found` counts all that the filters find; `next` is the cursor of the page after it, "" for the last one."""

    steps: Sequence[Step]
    found: int
    next: str


def open_steps(departments: Collection[str]) -> QuerySet[Step]:
    return Step.objects.filter(department__in=list(departments), state__in=OPEN_TO_DEPARTMENT)


def backlog(departments: Collection[str], ends: Ends) -> dict[str, int]:
    """How many open steps there are in each window, and `all`, in one question to the database."""
    counts = {name: Count("id", filter=condition) for name, condition in ends.windows().items()}
    return open_steps(departments).aggregate(all=Count("id"), **counts)


def step_page(departments: Collection[str], wanted: StepFilters, ends: Ends, cursor: str = "") -> StepPage:
    """One page of the queue. Raises `BadInput` for a cursor that is none."""
    found = open_steps(departments)
    if wanted.state == "deliver":
        found = steps_to_deliver(departments)
    elif wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.window in WINDOWS:
        found = found.filter(ends.windows()[wanted.window])
    if wanted.service:
        found = found.filter(key=wanted.service)
    if wanted.number:  # a range of the unique index, as in case_list
        found = found.filter(case__number__gte=wanted.number, case__number__lt=wanted.number + chr(0x10FFFF))
    ordered = _after(found, cursor).order_by(F("due_us").asc(nulls_last=True), "id").select_related("case")
    rows = list(ordered[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return StepPage(rows[:PAGE], found.count(), f"{last.due_us or ''}-{last.pk}" if last else "")


def _after(found: QuerySet[Step], cursor: str) -> QuerySet[Step]:
    if not cursor:
        return found
    due, dash, last = cursor.partition("-")
    sound = all(part.isascii() and part.isdigit() and len(part) <= 18 for part in (due or "0", last))
    if not (dash and sound):
        raise BadInput("翻页位置无效", "this is no place in the list", where="after", found=cursor[:40])
    if not due:
        return found.filter(due_us=None, pk__gt=int(last))
    return found.filter(Q(due_us__gt=int(due)) | Q(due_us=int(due), pk__gt=int(last)) | Q(due_us=None))
