# SPDX-License-Identifier: Apache-2.0
"""The list of cases: who sees which, page by page without a gap, and from the indexes alone."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from people import OTHER, PARENT, account, do, grant, key, officer, publish, submission, submit
from zhengtong.acts.actor import NOBODY, Actor, Role, Standing
from zhengtong.acts.authority import may
from zhengtong.acts.perform import bulk
from zhengtong.errors import BadInput
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.case_list import CaseFilters, CasePage, case_list
from zhengtong.services.casework import open_case
from zhengtong.services.models import Case, Step
from zhengtong.services.queries import visible_to

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


def plans(actor: Actor, filters: CaseFilters) -> list[str]:
    """How SQLite carries out the count, and the page, as lines."""
    if connection.vendor != "sqlite":
        pytest.skip("on small tables PostgreSQL rightly reads them whole")
    with CaptureQueriesContext(connection) as told:
        case_list(actor, filters)
    found = []
    for asked in (one["sql"] for one in told if "part0" in one["sql"]):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {asked}")
            found.append(" | ".join(row[3] for row in cursor.fetchall()))
    assert len(found) == 2
    return found


LEADER = Actor("9" * 32, frozenset({Role("leader")}))


@pytest.mark.parametrize(
    ("actor", "filters", "walked"),
    [
        (POLICE, CaseFilters(), "services_step USING COVERING INDEX cases_of_department (department=?)"),
        (
            POLICE,
            CaseFilters(phase="open", submitted_from_us=1),
            "services_step USING COVERING INDEX cases_of_department",
        ),
        (POLICE, CaseFilters(department="cdc"), "services_step USING COVERING INDEX cases_of_department"),
        (
            POLICE,
            CaseFilters(department="police", step_state="accepted"),
            "INDEX cases_by_step_state (department=? AND",
        ),
        (POLICE, CaseFilters(number="M26-000001"), "services_case USING INTEGER PRIMARY KEY (rowid=?)"),
        (PARENT, CaseFilters(channel="portal"), "services_case USING INDEX services_case_applicant"),
        (LEADER, CaseFilters(), "SCAN services_case"),
        (LEADER, CaseFilters(life_event="newborn"), "INDEX cases_of_life_event"),
    ],
)
def test_every_list_walks_an_index_backwards_and_sorts_no_table(
    actor: Actor, filters: CaseFilters, walked: str
) -> None:
    file(1)
    for plan in plans(actor, filters):
        assert walked in plan
        assert "SCAN services_step" not in plan
        inner = plan.split("SCAN part0")[0]  # what comes after merges a page of keys
        assert "TEMP B-TREE" not in inner, plan


def test_what_may_be_read_is_what_the_list_shows() -> None:
    """One rule in two forms: `case.read` for one case in memory, and told to the database for all of them."""
    cases = file(1) + file(1, OTHER)
    resident = frozenset({Role("resident")})
    agents = [
        Actor("7" * 32, resident, frozenset({Standing(PARENT.id, "m1")})),
        Actor("7" * 32, resident, frozenset({Standing(PARENT.id, "m1", matters=frozenset({"x"}))})),
        Actor("7" * 32, resident, frozenset({Standing(OTHER.id, "m2", matters=frozenset({"newborn"}))})),
        Actor("7" * 32, frozenset(), frozenset({Standing(PARENT.id, "m1")})),
        Actor("7" * 32, frozenset({Role("head", "cdc"), Role("officer", "fire")})),
        Actor("7" * 32, frozenset({Role("officer", "cdc"), Role("officer", "police")})),
        Actor("", frozenset({Role("resident"), Role("officer")})),
        Actor("7" * 32, frozenset({Role("auditor")})),
        PARENT, OTHER, POLICE, LEADER, NOBODY,
    ]  # fmt: skip
    seen_by_some = set()
    for actor in agents:
        may_read = {case for case in cases if may(actor, "case.read", open_case(case, lock=False).subject)}
        assert set(numbers(case_list(actor))) == may_read, actor
        assert set(Case.objects.filter(visible_to(actor)).values_list("number", flat=True)) == may_read
        with_steps = Step.objects.filter(visible_to(actor, "case__")).values_list("case__number", flat=True)
        assert set(with_steps) == may_read
        by_department = case_list(actor, CaseFilters(department="hr"))
        assert set(numbers(by_department)) == may_read
        seen_by_some.add(frozenset(may_read))
    assert len(seen_by_some) == 4  # none, the one, the other, both


def test_a_number_or_name_that_many_share_is_looked_at_case_by_case(monkeypatch) -> None:
    found = file(5)[::-1]
    monkeypatch.setattr("zhengtong.services.case_list.COUNT_TO", 3)
    page = case_list(POLICE, CaseFilters(number=found[0][:4]), size=2)
    assert numbers(page) == found[:2]
    assert (page.count, page.exact) == (3, False)
    assert numbers(case_list(POLICE, CaseFilters(number=found[0][:4]), page.next, size=2)) == found[2:4]
    assert numbers(case_list(officer("fire"), CaseFilters(number=found[0][:4]))) == []


def test_a_case_of_two_of_ones_departments_shows_its_case_once() -> None:
    (case,) = file(1)
    both = Actor("7" * 32, frozenset({Role("officer", "cdc"), Role("officer", "police")}))
    page = case_list(both)
    assert (numbers(page), page.count) == ([case], 1)
