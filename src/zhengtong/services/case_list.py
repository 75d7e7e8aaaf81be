# SPDX-License-Identifier: Apache-2.0
"""Lists of cases that stay fast when there are many: one page by cursor, what its reader may see, in three queries.

The order is that of entry, the last first: a cursor is the key of the last case shown, so the next page begins there
however much came in meanwhile, and no page costs more than the first. Counts stop at `COUNT_TO`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import rules
from zhengtong.errors import BadInput
from zhengtong.organization.models import Account
from zhengtong.services.models import Case, Step
from zhengtong.services.queries import visible_to

PAGE = 100
COUNT_TO = 1_000


@dataclass(frozen=True)
class CaseFilters:
    """What to list; what is empty does not narrow. Instants are µs since 1970 UTC, `…_from_us` ≤ it < `…_until_us`.

    `department`, `service`, `step_state` and the due window must hold for one and the same step of the case.
    `applicant` is the whole name of the person as entered in his account.
    """

    life_event: str = ""
    phase: str = ""
    channel: str = ""
    number: str = ""
    submitted_from_us: int | None = None
    submitted_until_us: int | None = None
    department: str = ""
    service: str = ""
    step_state: str = ""
    due_from_us: int | None = None
    due_until_us: int | None = None
    applicant: str = ""


@dataclass(frozen=True)
class CasePage:
    """`cases` with their steps already loaded; `next` is the cursor of the page after it, "" for the last one.

    `count` is of all that the filters find, or `COUNT_TO` where it is not `exact`.
    """

    cases: Sequence[Case]
    next: str
    count: int
    exact: bool


def case_list(actor: Actor, filters: CaseFilters | None = None, cursor: str = "", *, size: int = PAGE) -> CasePage:
    """One page of the cases `actor` may read. Raises `BadInput` for a cursor that is none."""
    wanted = filters or CaseFilters()
    found = Case.objects.filter(visible_to(actor) & _of_case(wanted) & _of_step(wanted) & _of_person(actor, wanted))
    counted = len(found.order_by("-pk").values_list("pk", flat=True)[: COUNT_TO + 1])
    page = list(_after(found, cursor).order_by("-pk").prefetch_related(Prefetch("steps"))[: size + 1])
    more = len(page) > size
    return CasePage(
        cases=page[:size],
        next=str(page[size - 1].pk) if more else "",
        count=min(counted, COUNT_TO),
        exact=counted <= COUNT_TO,
    )


def _after(found: QuerySet[Case], cursor: str) -> QuerySet[Case]:
    if not cursor:
        return found
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise BadInput("翻页位置无效", "this is no place in the list", where="cursor", found=cursor[:40])
    return found.filter(pk__lt=int(cursor))


def _of_case(wanted: CaseFilters) -> Q:
    found = Q()
    for name in ("life_event", "phase", "channel"):
        if getattr(wanted, name):
            found &= Q(**{name: getattr(wanted, name)})
    if wanted.number:  # a range of the unique index; LIKE would read them all
        found &= Q(number__gte=wanted.number, number__lt=wanted.number + chr(0x10FFFF))
    if wanted.submitted_from_us is not None:
        found &= Q(submitted_us__gte=wanted.submitted_from_us)
    if wanted.submitted_until_us is not None:
        found &= Q(submitted_us__lt=wanted.submitted_until_us)
    return found


def _of_step(wanted: CaseFilters) -> Q:
    named = {"department": wanted.department, "key": wanted.service, "state": wanted.step_state}
    steps = Q(**{name: value for name, value in named.items() if value})
    if wanted.due_from_us is not None:
        steps &= Q(due_us__gte=wanted.due_from_us)
    if wanted.due_until_us is not None:
        steps &= Q(due_us__lt=wanted.due_until_us)
    return Q(pk__in=Step.objects.filter(steps).values("case_id")) if steps else Q()


def _of_person(actor: Actor, wanted: CaseFilters) -> Q:
    """By name finds only who may read forms, where the name stands anyway; to others it finds nothing."""
    if not wanted.applicant:
        return Q()
    if not any(actor.holds(rule.role) for rule in rules().get("case.read_form", ())):
        return Q(pk__in=[])
    return Q(applicant__in=Account.objects.filter(name=wanted.applicant).values("pseudonym"))
