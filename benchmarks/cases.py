# SPDX-License-Identifier: Apache-2.0
"""Lists over many cases, with authorisation: the slowest twentieth of pages of a list, and its queries.

The first cases are filed through `bulk()`, with how long that took; the rest are copies of their rows, of the last
year in order, of many applicants, written straight to the tables: a benchmark of reading, which no audit would pass.
Every page is asked for with its steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

from benchmarks import place
from benchmarks.measure import Round, Side
from benchmarks.report import Report

FILED = 400
"""Cases that are filed; a tenth of them goes on to the end."""
APPLICANTS = 3_000
SMALL = 500
"""One case in this many has a step of the department that has few."""


def run(rounds: int, size: int) -> list[Report]:
    """`size` cases; each kind of list is asked for 20 times a round."""
    place.state()
    from benchmarks import activity
    from zhengtong.services.case_list import CaseFilters, CasePage, case_list

    filed_s, copied_s = _file(activity.version()), _copy(size)
    police, insurance, few = (_officer(department) for department in ("police", "insurance", "few"))
    kinds: list[tuple[str, Callable[[str], CasePage]]] = [
        ("an officer's cases, following pages", lambda cursor: case_list(police, cursor=cursor)),
        ("a department of few cases", lambda cursor: case_list(few, cursor=cursor)),
        ("steps in a state, of one's department", lambda cursor: case_list(
            insurance, CaseFilters(department="insurance", step_state="waiting"), cursor)),
        ("steps in a state, of another's", lambda cursor: case_list(
            few, CaseFilters(department="insurance", step_state="waiting"), cursor)),
        ("due in a window", lambda cursor: case_list(
            police, CaseFilters(department="police", due_from_us=1, due_until_us=1 << 60), cursor)),
        ("one life event, channel and period", lambda cursor: case_list(
            police, CaseFilters(life_event="newborn", channel="portal", submitted_from_us=1), cursor)),
        ("what no case is", lambda cursor: case_list(police, CaseFilters(phase="none"), cursor)),
        ("by the beginning of many numbers", lambda cursor: case_list(police, CaseFilters(number="M2"), cursor)),
        ("by the beginning of few", lambda cursor: case_list(police, CaseFilters(number="copy-00310"), cursor)),
        ("everything (leader)", lambda cursor: case_list(_leader(), cursor=cursor)),
        ("the applicant's own", lambda cursor: case_list(activity.PARENT, cursor=cursor)),
    ]  # fmt: skip
    sides = []
    facts = {
        "cases": size,
        f"seconds to file {FILED} of them through bulk()": round(filed_s, 1),
        "seconds to copy the rest": round(copied_s, 1),
    }
    for name, ask in kinds:
        walls, queries = _asked(ask, 20 * rounds)
        sides.append(Side(name, "page", tuple(Round(wall, wall) for wall in walls)))
        facts |= {
            f"p50 / p95, {name}": f"{median(walls) * 1000:.0f} / {quantiles(walls, n=20)[-1] * 1000:.0f} ms",
            f"queries, {name}": " ".join(map(str, sorted(queries))),
        }
    return [Report("cases", f"Case lists of {size:,} cases, 100 a page (wall time)", sides, sides[0].name, facts)]


def _officer(department: str) -> Any:
    from zhengtong.acts.actor import Actor, Role

    return Actor(department, frozenset({Role("officer", department)}))


def _leader() -> Any:
    from zhengtong.acts.actor import Actor, Role

    return Actor("leader", frozenset({Role("leader")}))


def _file(published: str) -> float:
    from benchmarks import activity
    from zhengtong.acts.perform import bulk

    began = time.perf_counter()
    with bulk() as batch:
        for number in range(FILED):
            acts = list(activity.acts_of_cases(1, published, f"list/{number}"))
            for act in acts if number % 10 == 0 else acts[:1]:
                act(batch.perform)
    return time.perf_counter() - began


def _copy(size: int) -> float:
    """Copies of the filed cases until there are `size`, each with its steps; on SQLite, as the place is."""
    from django.db import connection, transaction

    from zhengtong.services.models import Case, Step

    began = time.perf_counter()
    new_cases: list[Case] = []
    new_steps: list[Step] = []
    cases, steps = list(Case.objects.order_by("pk").values()), list(Step.objects.order_by("pk").values())
    last, of_case = cases[-1]["id"], {case["id"]: [] for case in cases}
    for step in steps:
        of_case[step["case_id"]].append(step)
    with transaction.atomic(), connection.constraint_checks_disabled():
        for at in range(size - len(cases)):
            model, key = cases[at % len(cases)], last + 1 + at
            fields = {"id": key, "number": f"copy-{at:06}", "applicant": f"{at * 7919 % APPLICANTS:032x}"}
            made = [Step(**{**step, "id": None, "case_id": key, "reference": f"copy-{at:06}-{step['key']}"})
                    for step in of_case[model["id"]]]  # fmt: skip
            if at % SMALL == 0:
                made[0].department = "few"
            new_cases.append(Case(**{**model, **fields}))
            new_steps += made
        Case.objects.bulk_create(new_cases, batch_size=1_000)
        Step.objects.bulk_create(new_steps, batch_size=1_000)
    return time.perf_counter() - began


def _asked(ask: Callable[[str], Any], times: int) -> tuple[list[float], set[int]]:
    """Wall seconds of each page, the list begun again at its end; and the numbers of queries seen."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    walls, queries, cursor = [], set(), ""
    for turn in range(times + 1):
        with CaptureQueriesContext(connection) as told:
            began = time.perf_counter()
            page = ask(cursor)
            for case in page.cases:
                list(case.steps.all())
            took = time.perf_counter() - began
        if turn:
            walls.append(took)
            queries.add(len(told))
        cursor = page.next
    return walls, queries
