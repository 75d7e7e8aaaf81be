# SPDX-License-Identifier: Apache-2.0
"""Lists of cases that stay fast when there are many: one page by cursor, what its reader may see, in three queries
(four where a number or a name is looked for).

The order is that of entry, the last first: a cursor is the key of the last case shown, so the next page begins there
however much came in meanwhile, and no page costs more than the first. Counts stop at `COUNT_TO`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThan

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import rules
from zhengtong.errors import BadInput
from zhengtong.ledger.store import query
from zhengtong.organization.models import Account
from zhengtong.services.models import Case, Step
from zhengtong.services.queries import sight, visible_to

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
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise BadInput("翻页位置无效", "this is no place in the list", where="cursor", found=cursor[:40])
    named = _named(actor, wanted)
    keys, parameters = _newest(_streams(actor, wanted, named), COUNT_TO + 1)
    counted = int(query(f"SELECT COUNT(*) FROM ({keys}) AS found", parameters)[0][0])  # noqa: S608 - compiled by Django
    here = RawSQL(*_newest(_streams(actor, wanted, named, int(cursor) if cursor else None), size + 1))  # noqa: S611 - the same
    page = list(Case.objects.filter(pk__in=here).order_by("-pk").prefetch_related("steps"))
    more = len(page) > size
    return CasePage(
        cases=page[:size],
        next=str(page[size - 1].pk) if more else "",
        count=min(counted, COUNT_TO),
        exact=counted <= COUNT_TO,
    )


Keys = QuerySet[Any, Any]
"""Of one column: keys of cases."""


def _newest(streams: Sequence[Keys], count: int) -> tuple[str, list[Any]]:
    """The `count` last of all keys in streams that are read backwards, each only so far."""
    parts, parameters = [], []
    for number, stream in enumerate(streams):
        sql, given = stream[:count].query.sql_with_params()
        parts.append(f"SELECT * FROM ({sql}) AS part{number}")  # noqa: S608 - compiled by Django
        parameters += list(given)
    return f"SELECT * FROM ({' UNION '.join(parts)}) AS found ORDER BY 1 DESC LIMIT {int(count)}", parameters  # noqa: S608 - the same


def _streams(actor: Actor, wanted: CaseFilters, named: Q | None, before: int | None = None) -> list[Keys]:
    """Keys of the cases looked for, from the last on: one stream for each reason why the actor may read them.

    Each walks one index backwards and looks at the rest of the conditions case by case, so it stops where the page is
    full. Left to itself the database gathers all it can find by some other index, and sorts.
    """
    seen, place = sight(actor), Q() if before is None else Q(pk__lt=before)
    with_step = _of_step(wanted)
    steps = Q(Exists(Step.objects.filter(with_step, case=OuterRef("pk")))) if with_step else Q()
    cases = Case.objects.filter(place, steps, _of_case(wanted)).order_by("-pk").values_list("pk")
    if named is not None:
        return [cases.filter(named, visible_to(actor))]
    if wanted.department:
        known = seen.everything or wanted.department in seen.departments
        return [_by_steps(with_step, wanted, Q() if known else visible_to(actor, "case__"), before)]
    if seen.everything:
        return [cases.filter(life_event=wanted.life_event) if wanted.life_event else cases]
    mine = [cases.filter(**fields) for fields in seen.own]
    also = Q(Exists(Step.objects.filter(with_step, case=OuterRef("case")))) if with_step else Q()
    theirs = [_by_steps(Q(department=one), wanted, also, before) for one in sorted(seen.departments)]
    return [*mine, *theirs] or [cases.filter(pk=-1)]


def _by_steps(steps: Q, wanted: CaseFilters, also: Q, before: int | None) -> Keys:
    place = Q() if before is None else Q(case__lt=before)
    found = Step.objects.filter(steps, place, _of_case(wanted, "case__"), also)
    return found.order_by("-case_id").values_list("case_id").distinct()


def _of_case(wanted: CaseFilters, of: str = "") -> Q:
    """What is looked at case by case; `Coalesce` keeps the indexes of these columns out of it."""
    found = Q()
    for name in ("life_event", "phase", "channel"):
        if getattr(wanted, name):
            found &= Q(Exact(Coalesce(f"{of}{name}", Value("")), getattr(wanted, name)))
    submitted = Coalesce(f"{of}submitted_us", Value(0))
    if wanted.submitted_from_us is not None:
        found &= Q(GreaterThanOrEqual(submitted, wanted.submitted_from_us))
    if wanted.submitted_until_us is not None:
        found &= Q(LessThan(submitted, wanted.submitted_until_us))
    if wanted.number:
        number = Coalesce(f"{of}number", Value(""))
        found &= Q(GreaterThanOrEqual(number, wanted.number), LessThan(number, _after(wanted.number)))
    if wanted.applicant:
        whose = Account.objects.filter(name=wanted.applicant).values("pseudonym")
        found &= Q(**{f"{of}applicant__in": whose})
    return found


def _after(prefix: str) -> str:
    """Greater than all that begins with it. A range of the unique index; LIKE would read them all."""
    return prefix + chr(0x10FFFF)


def _named(actor: Actor, wanted: CaseFilters) -> Q | None:
    """The cases by number or name, one query more, where these are few; None where they are not what narrows.

    By name finds only who may read forms, where the name stands anyway; to others it finds nothing.
    """
    if wanted.applicant and not any(actor.holds(rule.role) for rule in rules().get("case.read_form", ())):
        return Q(pk__in=[-1])
    if not (wanted.number or wanted.applicant):
        return None
    found = Case.objects.all()
    if wanted.number:
        found = found.filter(number__gte=wanted.number, number__lt=_after(wanted.number))
    if wanted.applicant:
        found = found.filter(applicant__in=Account.objects.filter(name=wanted.applicant).values("pseudonym"))
    keys = list(found.values_list("pk", flat=True)[: COUNT_TO + 1])
    return Q(pk__in=keys or [-1]) if len(keys) <= COUNT_TO else None


def _of_step(wanted: CaseFilters) -> Q:
    named = {"department": wanted.department, "key": wanted.service, "state": wanted.step_state}
    steps = Q(**{name: value for name, value in named.items() if value})
    if wanted.due_from_us is not None:
        steps &= Q(due_us__gte=wanted.due_from_us)
    if wanted.due_until_us is not None:
        steps &= Q(due_us__lt=wanted.due_until_us)
    return steps
