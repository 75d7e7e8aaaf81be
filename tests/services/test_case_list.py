# SPDX-License-Identifier: Apache-2.0
"""The list of cases: who sees which, page by page without a gap, and from the indexes alone."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from people import OTHER, PARENT, account, do, grant, key, officer, publish, submission, submit
from zhengtong.acts.actor import NOBODY, Actor
from zhengtong.acts.perform import bulk
from zhengtong.errors import BadInput
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.case_list import CaseFilters, CasePage, case_list
from zhengtong.services.models import Case, Step

pytestmark = [pytest.mark.django_db, pytest.mark.database]
POLICE = officer("police")


def file(count: int, actor: Actor = PARENT) -> list[str]:
    version = publish()
    with bulk() as batch:
        return [batch.perform(submission(version), actor, key()).result["case"] for _ in range(count)]


def numbers(page: CasePage) -> list[str]:
    return [case.number for case in page.cases]


def test_each_sees_what_he_may_read_and_nobody_else_anything() -> None:
    mine, theirs = file(2), file(1, OTHER)
    assert numbers(case_list(PARENT)) == mine[::-1]
    assert numbers(case_list(OTHER)) == theirs
    assert numbers(case_list(POLICE)) == [*theirs, *mine[::-1]]
    assert numbers(case_list(officer("fire"))) == numbers(case_list(NOBODY)) == []


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(size=st.integers(1, 9))
def test_pages_hold_every_case_once_in_order_of_entry(size: int) -> None:
    if not Case.objects.exists():
        file(7)
    seen: list[str] = []
    page = case_list(POLICE, size=size)
    while page.next:
        seen += numbers(page)
        page = case_list(POLICE, cursor=page.next, size=size)
    seen += numbers(page)
    assert seen == list(Case.objects.order_by("-pk").values_list("number", flat=True))


def test_what_comes_in_meanwhile_moves_no_page() -> None:
    first = file(4)
    page = case_list(POLICE, size=2)
    file(3)
    assert numbers(case_list(POLICE, cursor=page.next, size=2)) == first[1::-1]


@pytest.mark.parametrize("cursor", ["x", "-1", "１", "9" * 19, "1 OR 1=1"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(BadInput, match="place in the list"):
        case_list(POLICE, cursor=cursor)


def test_filters_find_just_the_cases_they_describe() -> None:
    version = publish()
    plain, begun, granted = (submit(version) for _ in range(3))
    do(AcceptStep(begun, "birth-registration"), POLICE)
    grant(granted, "birth-registration")
    taken = Case.objects.get(number=begun).submitted_us
    due = Step.objects.get(case__number=begun, key="birth-registration").due_us
    for filters, expected in [
        (CaseFilters(life_event="newborn"), [granted, begun, plain]),
        (CaseFilters(life_event="restaurant"), []),
        (CaseFilters(phase="open"), [granted, begun, plain]),
        (CaseFilters(channel="counter"), []),
        (CaseFilters(number=plain), [plain]),
        (CaseFilters(number=plain[:4]), [granted, begun, plain]),
        (CaseFilters(number="%"), []),
        (CaseFilters(submitted_from_us=taken), [granted, begun]),
        (CaseFilters(submitted_until_us=taken), [plain]),
        (CaseFilters(department="police", step_state="accepted"), [begun]),
        (CaseFilters(service="birth-registration", step_state="granted"), [granted]),
        (CaseFilters(service="vaccination-record", step_state="granted"), []),
        (CaseFilters(step_state="accepted", due_from_us=due), [begun]),
        (CaseFilters(step_state="accepted", due_until_us=due), []),
    ]:
        assert numbers(case_list(POLICE, filters)) == expected, filters


def test_a_name_is_searched_by_those_alone_who_may_read_forms() -> None:
    person = account("lin")
    who = Actor(person.pseudonym, PARENT.roles)
    (case,) = file(1, who)
    file(1)
    by_name = CaseFilters(applicant="lin")
    assert numbers(case_list(POLICE, by_name)) == [case]
    assert numbers(case_list(officer("fire"), by_name)) == []
    assert numbers(case_list(POLICE, CaseFilters(applicant="li"))) == []


def test_a_count_stops_where_nobody_counts_on(monkeypatch) -> None:
    file(4)
    assert (case_list(POLICE, size=2).count, case_list(POLICE, size=2).exact) == (4, True)
    monkeypatch.setattr("zhengtong.services.case_list.COUNT_TO", 3)
    assert (case_list(POLICE, size=2).count, case_list(POLICE, size=2).exact) == (3, False)


@pytest.mark.parametrize("actor", [PARENT, POLICE])
def test_however_many_cases_there_are_it_takes_three_queries(actor: Actor) -> None:
    for already in (2, 30):
        file(already)
        with CaptureQueriesContext(connection) as told:
            page = case_list(actor, CaseFilters(life_event="newborn", department="police"))
            assert all(len(case.steps.all()) == 4 for case in page.cases)
        assert len(told) == 3


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (CaseFilters(), "cases_of_department"),
        (CaseFilters(department="police"), "cases_of_department"),
        (CaseFilters(department="police", step_state="accepted"), "my_steps"),
        (CaseFilters(number="M26-000001"), "number"),
    ],
)
def test_plans_use_the_indexes(filters: CaseFilters, index: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("on small tables PostgreSQL rightly reads them whole")
    file(1)
    with CaptureQueriesContext(connection) as told:
        case_list(POLICE, filters)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {told[1]['sql']}")
        plan = " | ".join(row[3] for row in cursor.fetchall())
    assert index in plan
    assert "SCAN services_step" not in plan
