# SPDX-License-Identifier: Apache-2.0
"""Lists over many cases, with authorisation: the slowest twentieth of pages of an officer's list, and its queries.

The cases are filed through `bulk()`; how long that took is told too. Every page is asked for with its steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

from benchmarks import place
from benchmarks.measure import Round, Side
from benchmarks.report import Report

BATCH = 2_000


def run(rounds: int, size: int) -> list[Report]:
    """`size` cases; each kind of list is asked for 20 times a round."""
    place.state()
    from benchmarks import activity
    from zhengtong.services.case_list import CaseFilters, CasePage, case_list

    filed_s = _file(size, activity.version())
    police, insurance = (_officer(department) for department in ("police", "insurance"))
    kinds: list[tuple[str, Callable[[str], CasePage]]] = [
        ("an officer's cases, following pages", lambda cursor: case_list(police, cursor=cursor)),
        ("steps accepted in another department", lambda cursor: case_list(
            insurance, CaseFilters(department="insurance", step_state="waiting"), cursor)),
        ("one life event and period", lambda cursor: case_list(
            police, CaseFilters(life_event="newborn", submitted_from_us=1), cursor)),
        ("by the beginning of a number", lambda cursor: case_list(police, CaseFilters(number="M2"), cursor)),
        ("the applicant's own", lambda cursor: case_list(activity.PARENT, cursor=cursor)),
    ]  # fmt: skip
    sides, facts = [], {"cases": size, "seconds to file them through bulk()": round(filed_s, 1)}
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


def _file(size: int, published: str) -> float:
    from benchmarks import activity
    from zhengtong.acts.perform import bulk

    began = time.perf_counter()
    for start in range(0, size, BATCH):
        with bulk() as batch:
            for number in range(start, min(start + BATCH, size)):
                next(activity.acts_of_cases(1, published, f"list/{number}"))(batch.perform)
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
