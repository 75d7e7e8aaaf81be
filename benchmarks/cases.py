# SPDX-License-Identifier: Apache-2.0
"""Lists over many cases, with authorisation: the slowest twentieth of pages of a list, and its queries.

The first cases are filed through `bulk()`, with how long that took; the rest are copies of their rows, of the last
year in order, of many applicants, written straight to the tables: a benchmark of reading, which no audit would pass.
Every page is asked for with its steps.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

from benchmarks import place
from benchmarks.measure import Round, Side
from benchmarks.report import Report

FILED = 200
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
        ("by the beginning of many numbers", lambda cursor: case_list(police, CaseFilters(number="copy-0"), cursor)),
        ("by the beginning of few", lambda cursor: case_list(police, CaseFilters(number="copy-00310"), cursor)),
        ("everything (leader)", lambda cursor: case_list(_leader(), cursor=cursor)),
        ("the applicant's own", lambda cursor: case_list(activity.PARENT, cursor=cursor)),
    ]  # fmt: skip
    gc.collect()
    gc.freeze()  # as the served application does once it is loaded
    sides = []
    facts = {
        "cases": size,
        f"seconds to file {FILED} of them through bulk()": round(filed_s, 1),
        "seconds to copy the rest": round(copied_s, 1),
    }
    for name, ask in kinds:
        taken, queries = _asked(ask, 20 * rounds)
        sides.append(Side(name, "page", tuple(taken)))
        facts |= {
            f"p50 / p95 CPU, {name}": _slowest([one.cpu_s for one in taken]),
            f"p50 / p95 wall, {name}": _slowest([one.wall_s for one in taken]),
            f"queries, {name}": " ".join(map(str, sorted(queries))),
        }
    return [Report("cases", f"Case lists of {size:,} cases, 100 a page", sides, sides[0].name, facts)]


def _slowest(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.0f} / {quantiles(seconds, n=20)[-1] * 1000:.0f} ms"


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
    last, last_step = Case.objects.latest("pk").pk, Step.objects.latest("pk").pk
    rest = ", ".join(f.column for f in Case._meta.concrete_fields if f.name not in {"id", "number", "applicant"})
    kept = {"id", "case", "reference", "department"}
    rest_of_step = ", ".join(f.column for f in Step._meta.concrete_fields if f.name not in kept)
    case = f"INSERT INTO services_case (id, number, applicant, {rest}) SELECT id + %s, printf('copy-%%06d', id + %s), \
        printf('%%032x', (id + %s) * 7919 %% {APPLICANTS}), {rest} FROM services_case WHERE id <= %s"
    step = f"INSERT INTO services_step (id, case_id, reference, department, {rest_of_step}) \
        SELECT id + %s, case_id + %s, printf('copy-%%08d', id + %s), \
        CASE WHEN key = 'birth-registration' AND (case_id + %s) %% {SMALL} = 1 THEN 'few' ELSE department END, \
        {rest_of_step} FROM services_step WHERE case_id <= %s"
    with transaction.atomic(), connection.cursor() as cursor:
        for turn in range(1, (size - 1) // FILED + 1):
            most = min(last, size - turn * last)
            on, on_step = turn * last, turn * last_step
            cursor.execute(case, [on, on, on, most])
            cursor.execute(step, [on_step, on, on_step, on, most])
    return time.perf_counter() - began


def _asked(ask: Callable[[str], Any], times: int) -> tuple[list[Round], set[int]]:
    """The time of each page, the list begun again at its end; and the numbers of queries seen."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    taken, queries, cursor = [], set(), ""
    for turn in range(times + 1):
        with CaptureQueriesContext(connection) as told:
            began, before = time.perf_counter(), time.process_time()
            page = ask(cursor)
            for case in page.cases:
                list(case.steps.all())
            took = Round(time.process_time() - before, time.perf_counter() - began)
        if turn:
            taken.append(took)
            queries.add(len(told))
        cursor = page.next
    return taken, queries
