# SPDX-License-Identifier: Apache-2.0
"""Every act on a supervised task: what it writes, who may do it, and in which states it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from people import CLERK, OTHER, do, key, officer
from zhengtong.acts.actor import NOBODY, SYSTEM, Actor, Role
from zhengtong.acts.perform import Action, Done, perform
from zhengtong.acts.serving import city
from zhengtong.errors import BadInput, Conflict, FormFaults, KeyReused, NotFound, Refused
from zhengtong.ledger.models import Event
from zhengtong.organization.actions.close_task import CloseTask
from zhengtong.organization.actions.decline_task import DeclineTask
from zhengtong.organization.actions.give_feedback import GiveFeedback
from zhengtong.organization.actions.open_task import OpenTask
from zhengtong.organization.actions.propose_task import ProposeTask
from zhengtong.organization.actions.send_back_task import SendBackTask
from zhengtong.organization.models import SupervisedTask, TaskFeedback, TaskMeasurement
from zhengtong.organization.queries import tasks_for
from zhengtong.organization.rules.escalation import colour
from zhengtong.organization.supervising import as_json, as_task, open_task, rules

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MONDAY_US, DAY_US = 1_768_183_200_000_000, 86_400_000_000
OFFICE = Actor("6" * 32, frozenset({Role("resident"), Role("government_office", "office")}))
LEADER = Actor("7" * 32, frozenset({Role("resident"), Role("leader")}))
BUREAU = Actor("8" * 32, frozenset({Role("resident"), Role("data_bureau", "data")}))
AUDITOR = Actor("9" * 32, frozenset({Role("resident"), Role("auditor")}))
POLICE, CDC = officer("police"), officer("cdc")
EVERYBODY = {
    "office": OFFICE, "leader": LEADER, "bureau": BUREAU, "auditor": AUDITOR, "police": POLICE, "cdc": CDC,
    "clerk": CLERK, "resident": OTHER, "system": SYSTEM, "nobody": NOBODY,
}  # fmt: skip


def proposal(matter: str = "on-time.newborn", **changes: Any) -> ProposeTask:
    given = {"title": "出生登记提速", "aim": "五日内办结", "lead": "police", "matter": matter, **changes}
    return ProposeTask(**given)


def propose(matter: str = "on-time.newborn", at_us: int = MONDAY_US) -> str:
    return str(do(proposal(matter), LEADER, at_us=at_us).result["task"])


def opened(matter: str = "on-time.newborn") -> str:
    number = propose(matter)
    do(OpenTask(number, "police", "normal", ("cdc",)), OFFICE, at_us=MONDAY_US)
    return number


def reported(matter: str = "on-time.newborn") -> str:
    number = opened(matter)
    do(GiveFeedback(number, "已办结", done=True), POLICE, at_us=MONDAY_US + DAY_US)
    return number


def closed() -> str:
    number = reported()
    do(CloseTask(number), OFFICE, at_us=MONDAY_US + 2 * DAY_US)
    return number


def declined() -> str:
    number = propose()
    do(DeclineTask(number, "duplicate"), OFFICE, at_us=MONDAY_US)
    return number


def returned() -> str:
    number = reported()
    do(SendBackTask(number, "not_done"), OFFICE, at_us=MONDAY_US + 2 * DAY_US)
    return number


BRING: dict[str, Callable[[], str]] = {
    "proposed": propose, "assigned": opened, "reported": reported, "returned": returned, "closed": closed,
    "declined": declined,
}  # fmt: skip
LATER_US = MONDAY_US + 5 * DAY_US


def told(done: Done) -> list[tuple[str, dict[str, Any]]]:
    rows = Event.objects.filter(act=done.act).order_by("id")
    return [(r.type, {k: v for k, v in r.attributes.items() if k not in {"version", "digest"}}) for r in rows]


def state(number: str) -> str:
    return SupervisedTask.objects.get(number=number).state


# --- what each one writes -----------------------------------------------------------------------------------------


def test_a_proposal_opens_nothing() -> None:
    done = do(proposal(indicator="on-time.newborn", target_figure="95%"), LEADER, at_us=MONDAY_US)
    row = SupervisedTask.objects.get()
    assert told(done) == [("task_proposed", {"origin": "meeting", "matter": "on-time.newborn"})]
    assert (row.number, row.state, row.lead, row.suggested_lead) == ("D26-00001", "proposed", "", "police")
    assert (row.due_us, row.proposer, row.indicator, row.target) == (None, LEADER.id, "on-time.newborn", "95%")
    assert propose("another") == "D26-00002"


def test_opening_names_the_lead_and_counts_working_days_from_the_next_day() -> None:
    number = propose()
    done = do(OpenTask(number, "police", "normal", ("cdc",)), OFFICE, at_us=MONDAY_US)
    assert told(done) == [("task_opened", {"state": "assigned", "lead": "police", "term": "normal"})]
    row = SupervisedTask.objects.get()
    assert row.due_us is not None
    days = city().calendar
    assert days.working_days_between(days.date_of(MONDAY_US), days.date_of(row.due_us)) == 15
    assert row.due_us == days.end_of_day(days.date_of(row.due_us))
    assert open_task(number, lock=False).task.support == {"cdc"}


def test_a_report_is_on_the_way_or_done_and_its_words_stay_out_of_the_record() -> None:
    number = opened()
    under_way = do(GiveFeedback(number, "  已加派人手 "), POLICE, at_us=LATER_US)
    assert told(under_way) == [
        ("task_reported", {"state": "assigned", "done": False}),
        ("task_feedback_worded", {}),
    ]
    assert state(number) == "assigned"
    done = do(GiveFeedback(number, "已办结", done=True), POLICE, at_us=LATER_US + 1)
    assert told(done)[0] == ("task_reported", {"state": "reported", "done": True})
    rows = TaskFeedback.objects.order_by("id")
    assert [(row.text, row.author, row.given_us) for row in rows] == [
        ("已加派人手", POLICE.id, LATER_US),
        ("已办结", POLICE.id, LATER_US + 1),
    ]


def test_closing_a_task_without_a_figure_measures_nothing() -> None:
    done = do(CloseTask(reported()), OFFICE, at_us=LATER_US)
    assert told(done) == [("task_closed", {"state": "closed"})]
    assert not TaskMeasurement.objects.exists()


def test_what_is_sent_back_goes_on_until_it_is_done() -> None:
    number = returned()
    assert state(number) == "returned"
    do(GiveFeedback(number, "这次办好了", done=True), POLICE, at_us=LATER_US)
    do(CloseTask(number), OFFICE, at_us=LATER_US + 1)
    assert state(number) == "closed"


def test_the_row_repeats_what_the_rules_value_says() -> None:
    for bring in (declined, opened):
        task = open_task(bring(), lock=False)
        assert (task.row.state, task.row.lead, task.row.due_us) == (task.task.state, task.task.lead, task.task.due_us)
        assert as_task(as_json(task.task)) == task.task


def test_a_task_turns_its_colour_by_itself_once_it_is_overdue() -> None:
    number = opened()
    task, days = open_task(number, lock=False).task, city().calendar
    assert task.due_us is not None
    assert colour(rules(), task, days, MONDAY_US) is None
    near = colour(rules(), task, days, task.due_us)
    late = colour(rules(), task, days, task.due_us + 1)
    assert near is not None and near.colour == "blue"
    assert late is not None and late.colour == "orange"
    done = open_task(reported("in-time"), lock=False).task
    assert colour(rules(), done, days, task.due_us + 30 * DAY_US) is None, "who reported done in time is not overdue"


# --- who ----------------------------------------------------------------------------------------------------------

MAY: dict[str, tuple[str, Callable[[str], Action[Any]], set[str]]] = {
    "propose": ("", lambda n: proposal(key()), {"office", "leader", "bureau", "auditor"}),
    "open": ("proposed", lambda n: OpenTask(n, "police", "normal"), {"office"}),
    "decline": ("proposed", lambda n: DeclineTask(n, "duplicate"), {"office"}),
    "report": ("assigned", lambda n: GiveFeedback(n, "已办结", done=True), {"police"}),
    "send back": ("reported", lambda n: SendBackTask(n, "not_done"), {"office"}),
    "close": ("reported", CloseTask, {"office"}),
}


@pytest.mark.parametrize("name", MAY)
def test_only_the_right_people_may(name: str) -> None:
    """The supporting department (`cdc`) takes part, but the lead department reports for all."""
    before, build, may = MAY[name]
    number = BRING[before]() if before else ""
    count = Event.objects.count()
    for who in sorted(set(EVERYBODY) - may):
        with pytest.raises(Refused) as error:
            do(build(number), EVERYBODY[who], at_us=LATER_US)
        assert error.value.zh and error.value.en
        assert Event.objects.count() == count, f"{who} left a trace"
    for who in sorted(may)[: 1 if before else None]:
        do(build(number), EVERYBODY[who], at_us=LATER_US)
    assert Event.objects.count() > count


def test_an_officer_of_two_departments_reports_for_the_one_that_leads() -> None:
    both = Actor("b" * 32, frozenset({Role("officer", "police"), Role("officer", "cdc")}))
    done = do(GiveFeedback(opened(), "已办结", done=True), both, at_us=LATER_US)
    assert set(Event.objects.filter(act=done.act).values_list("department", flat=True)) == {"police"}


def test_a_department_sees_what_it_leads_and_the_office_everything() -> None:
    opened()
    assert tasks_for(OFFICE).count() == tasks_for(LEADER).count() == tasks_for(AUDITOR).count() == 1
    assert tasks_for(POLICE).count() == 1
    assert tasks_for(officer("hr")).count() == tasks_for(OTHER).count() == tasks_for(NOBODY).count() == 0


# --- out of turn --------------------------------------------------------------------------------------------------

ACTS: dict[str, tuple[Actor, Callable[[str], Action[Any]]]] = {
    "open": (OFFICE, lambda n: OpenTask(n, "police", "normal")),
    "decline": (OFFICE, lambda n: DeclineTask(n, "duplicate")),
    "report": (POLICE, lambda n: GiveFeedback(n, "已办结", done=True)),
    "send back": (OFFICE, lambda n: SendBackTask(n, "not_done")),
    "close": (OFFICE, CloseTask),
}
POSSIBLE = {
    "proposed": {"open", "decline"},
    "assigned": {"report"},
    "reported": {"report", "send back", "close"},
    "returned": {"report"},
}


@pytest.mark.parametrize("name", BRING)
def test_what_the_state_does_not_allow_is_refused_and_leaves_nothing(name: str) -> None:
    number = BRING[name]()
    count, row = Event.objects.count(), SupervisedTask.objects.values().get()
    for act, (who, build) in ACTS.items():
        if act in POSSIBLE.get(name, set()):
            continue
        with pytest.raises((Conflict, Refused)):
            do(build(number), who, at_us=LATER_US)
        assert Event.objects.count() == count, f"{act} on {name} left a trace"
    assert SupervisedTask.objects.values().get() == row


def test_one_matter_has_one_task_until_it_is_closed() -> None:
    first = reported()
    second = propose()
    with pytest.raises(Conflict) as error:
        do(OpenTask(second, "cdc", "urgent"), OFFICE, at_us=LATER_US)
    assert error.value.found == "on-time.newborn"
    do(CloseTask(first), OFFICE, at_us=LATER_US)
    do(OpenTask(second, "cdc", "urgent"), OFFICE, at_us=LATER_US)
    assert state(second) == "assigned"


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": "  "}, {"title"}),
        ({"title": "长" * 201}, {"title"}),
        ({"lead": "moon"}, {"lead"}),
        ({"title": "", "lead": ""}, {"title", "lead"}),
        ({"target_figure": "9" * 33}, {"target"}),
    ],
)
def test_a_wrong_proposal_names_its_fields_in_both_languages(changes: dict[str, str], fields: set[str]) -> None:
    with pytest.raises(FormFaults) as error:
        do(proposal(**changes), LEADER)
    assert set(error.value.fields) == fields
    for fault in error.value.fields.values():
        assert fault.en.isascii()
        assert not fault.zh.isascii()
    assert not SupervisedTask.objects.exists()


@pytest.mark.parametrize("matter", ["市民王某投诉", "999900199003121009", "13800001000", ""])
def test_a_matter_is_a_code_and_never_a_person(matter: str) -> None:
    with pytest.raises(BadInput):
        do(proposal(matter), LEADER)
    assert not SupervisedTask.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda n: OpenTask(n, "moon", "normal"),
        lambda n: OpenTask(n, "", "normal"),
        lambda n: OpenTask(n, "police", "someday"),
        lambda n: OpenTask(n, "police", "normal", ("police",)),
        lambda n: OpenTask(n, "police", "normal", ("moon",)),
        lambda n: DeclineTask(n, ""),
    ],
)
def test_a_task_is_handed_to_a_department_that_exists_within_a_term_that_does(wrong: Callable[[str], Any]) -> None:
    number = propose()
    with pytest.raises(BadInput):
        do(wrong(number), OFFICE, at_us=LATER_US)
    assert state(number) == "proposed"


def test_a_report_says_something_and_a_task_is_one_that_is_there() -> None:
    number = opened()
    with pytest.raises(FormFaults):
        do(GiveFeedback(number, " \n"), POLICE, at_us=LATER_US)
    with pytest.raises(NotFound):
        do(CloseTask("D26-99999"), OFFICE)


def test_the_same_key_does_it_once() -> None:
    number, once = propose(), key()
    first = perform(OpenTask(number, "police", "normal"), OFFICE, once)
    assert perform(OpenTask(number, "police", "normal"), OFFICE, once).replayed
    with pytest.raises(KeyReused) as error:
        perform(OpenTask(number, "cdc", "normal"), OFFICE, once)
    assert error.value.result == first.result
    assert Event.objects.filter(type="task_opened").count() == 1
