# SPDX-License-Identifier: Apache-2.0
"""Supervised tasks: who may do what when, and how colours rise by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from zhengtong.city.calendar import WorkingCalendar, YearTable
from zhengtong.errors import BadInput, Conflict, Refused, ZhengtongError
from zhengtong.organization.rules.escalation import Escalation, colour, escalations
from zhengtong.organization.rules.supervised_task import (
    Assign,
    By,
    Close,
    Decline,
    Feedback,
    IssueSheet,
    ObjectTo,
    Open,
    Propose,
    Review,
    SendBack,
    Task,
    TaskAct,
    TaskState,
)
from zhengtong.organization.rules.supervision import apply, objection_ends_us, review_ends_us
from zhengtong.organization.rules.supervision_rules import Colour, SupervisionRules, Term, Trigger

HOUR = 3_600_000_000
DAY = 24 * HOUR
HOLIDAY = frozenset(date(2025, 10, day) for day in range(1, 9))
CALENDAR = WorkingCalendar(
    ZoneInfo("Asia/Shanghai"), (YearTable(2025, HOLIDAY, frozenset({date(2025, 9, 28), date(2025, 10, 11)})),)
)
OFFICE, LEADER = frozenset({"government_office"}), frozenset({"leader"})
TERMS = {"urgent": Term(5), "normal": Term(15), "hard": Term(30), "meeting": Term(20, "calendar_days")}

# 三色督查单 (Sanming): a slow or poor matter gets blue, an unanswered blue turns orange, an unanswered orange red.
SANMING = SupervisionRules(
    "sanming", "三明市三色督查单", OFFICE, TERMS, proposers=LEADER, urgent_start=True,
    colours=(
        Colour("blue", "蓝色", "blue", (Trigger("judged"),), answer=Term(5)),
        Colour("orange", "橙色", "orange", (Trigger("unanswered"),), answer=Term(3)),
        Colour("red", "红色", "red", (Trigger("unanswered"),)),
    ),
)  # fmt: skip
# Suqian: blue near the deadline, yellow behind schedule or poor, red overdue.
SUQIAN = SupervisionRules(
    "suqian", "宿迁市督办规则", OFFICE, TERMS, plan_required=True,
    colours=(
        Colour("blue", "蓝色", "blue", (Trigger("near", Term(3)),)),
        Colour("yellow", "黄色", "yellow", (Trigger("judged"),)),
        Colour("red", "红色", "red", (Trigger("overdue"),)),
    ),
)  # fmt: skip

DESK = By("desk", OFFICE, "office")
BOSS = By("boss", LEADER, "")
HEALTH = By("nurse", frozenset({"officer"}), "health")
POLICE = By("sergeant", frozenset({"officer"}), "police")


def at(day: str, hour: int = 10) -> int:
    return CALENDAR.start_of_day(date.fromisoformat(day)) + hour * HOUR


def end(day: str) -> int:
    return CALENDAR.end_of_day(date.fromisoformat(day))


def run(*acts: TaskAct, rules: SupervisionRules = SANMING, task: Task | None = None) -> Task:
    for act in acts:
        task = apply(rules, task, act, CALENDAR)
    assert task is not None
    return task


PROPOSED = Propose(BOSS, at("2025-09-22"), "newborn-days")
OPENED = Open(DESK, at("2025-09-23"), plan="plan-1")
ASSIGNED = Assign(DESK, at("2025-09-24"), "health", "urgent", frozenset({"police"}))
REPORTED = Feedback(HEALTH, at("2025-09-29"))
CLOSED = Close(DESK, at("2025-09-30"), frozenset({"deputy"}))
BEGUN = (PROPOSED, OPENED, ASSIGNED)


def test_a_task_goes_from_proposal_to_close() -> None:
    task = run(*BEGUN, Feedback(HEALTH, at("2025-09-26"), done=False), REPORTED, CLOSED)
    assert task.state is TaskState.CLOSED and task.closed_us == CLOSED.at_us
    assert (task.opened_us, task.assigned_us) == (OPENED.at_us, ASSIGNED.at_us)
    assert task.reports == (at("2025-09-26"), at("2025-09-29"))
    assert task.concluded_by == {"desk", "deputy"}


def test_the_due_date_follows_from_the_term_on_the_working_calendar() -> None:
    # 25, 26, 28 (make-up), 29, 30 September
    assert run(*BEGUN).due_us == end("2025-09-30")
    assert run(PROPOSED, OPENED, replace(ASSIGNED, term="normal")).due_us == end("2025-10-21")
    assert run(PROPOSED, OPENED, replace(ASSIGNED, term="meeting")).due_us == end("2025-10-14")
    # twenty calendar days from 14 September end on 4 October, in the holiday
    early = [replace(PROPOSED, at_us=0), replace(OPENED, at_us=0)]
    assert run(*early, replace(ASSIGNED, term="meeting", at_us=at("2025-09-14"))).due_us == end("2025-10-09")


@pytest.mark.parametrize(
    ("before", "act"),
    [
        ([PROPOSED], replace(OPENED, by=HEALTH)),
        ([PROPOSED], replace(OPENED, by=BOSS)),
        ([PROPOSED], Decline(HEALTH, at("2025-09-23"), "no")),
        ([PROPOSED, OPENED], replace(ASSIGNED, by=HEALTH)),
        (BEGUN, IssueSheet(HEALTH, at("2025-09-25"), "blue")),
        ([*BEGUN, REPORTED], replace(CLOSED, by=HEALTH)),
        ([*BEGUN, REPORTED], SendBack(BOSS, at("2025-09-30"), "no")),
    ],
)
def test_only_the_government_office_opens_and_steers_a_task(before: list[TaskAct], act: TaskAct) -> None:
    with pytest.raises(Refused) as caught:
        run(*before, act)
    assert "第七条" in caught.value.zh and caught.value.expected == "government_office"


def test_a_proposal_opens_nothing_and_is_not_for_everyone() -> None:
    assert run(PROPOSED).state is TaskState.PROPOSED
    with pytest.raises(Refused, match="may not propose"):
        run(replace(PROPOSED, by=HEALTH))
    with pytest.raises(BadInput, match="must name its matter"):
        run(replace(PROPOSED, matter=""))
    with pytest.raises(Conflict, match="proposed already"):
        run(PROPOSED, PROPOSED)
    with pytest.raises(Conflict, match="no such supervised task"):
        run(OPENED)


def test_one_matter_is_supervised_once_and_on_a_plan_where_the_rules_ask_for_one() -> None:
    with pytest.raises(Conflict, match="one matter, one task; found newborn-days"):
        run(PROPOSED, replace(OPENED, matters_open=frozenset({"newborn-days"})))
    run(PROPOSED, replace(OPENED, matters_open=frozenset({"restaurants"}), plan=""))
    with pytest.raises(Conflict, match="opened on a plan"):
        run(replace(PROPOSED, by=DESK), replace(OPENED, plan=""), rules=SUQIAN)


def test_declining_and_sending_back_need_a_reason() -> None:
    assert run(PROPOSED, Decline(DESK, at("2025-09-23"), "covered")).state is TaskState.DECLINED
    with pytest.raises(BadInput, match="reason"):
        run(PROPOSED, Decline(DESK, at("2025-09-23"), ""))
    with pytest.raises(BadInput, match="reason"):
        run(*BEGUN, REPORTED, SendBack(DESK, at("2025-09-30"), ""))


@pytest.mark.parametrize(("lead", "support"), [("", frozenset()), ("health", frozenset({"health"}))])
def test_there_is_one_lead_department(lead: str, support: frozenset[str]) -> None:
    with pytest.raises(BadInput, match="one lead department"):
        run(PROPOSED, OPENED, replace(ASSIGNED, lead=lead, support=support))


def test_an_unknown_term_names_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"found soon; expected hard \| meeting \| normal \| urgent"):
        run(PROPOSED, OPENED, replace(ASSIGNED, term="soon"))


def test_the_lead_department_reports_for_all() -> None:
    with pytest.raises(Refused, match="found police; expected health"):
        run(*BEGUN, replace(REPORTED, by=POLICE))


def test_a_task_closes_only_on_a_report_that_was_not_sent_back() -> None:
    back = SendBack(DESK, at("2025-09-30"), "figures missing")
    for acts in ([*BEGUN], [*BEGUN, replace(REPORTED, done=False)], [*BEGUN, REPORTED, back]):
        with pytest.raises(Conflict, match="cannot be closed in its present state"):
            run(*acts, CLOSED)
    again = Feedback(HEALTH, at("2025-09-30", 12))
    assert run(*BEGUN, REPORTED, back, again, replace(CLOSED, at_us=at("2025-10-09"))).state is TaskState.CLOSED


def test_nothing_is_added_before_the_last_act() -> None:
    with pytest.raises(BadInput, match="before the last act"):
        run(PROPOSED, replace(OPENED, at_us=PROPOSED.at_us - 1))


def test_a_supervised_department_objects_within_thirty_days_of_the_conclusion() -> None:
    closed = run(*BEGUN, REPORTED, CLOSED)
    assert objection_ends_us(SANMING, closed, CALENDAR) == end("2025-10-30")
    for by in (HEALTH, POLICE):
        assert run(ObjectTo(by, end("2025-10-30")), task=closed).state is TaskState.OBJECTED
    with pytest.raises(Conflict, match="time to object has passed"):
        run(ObjectTo(HEALTH, end("2025-10-30") + 1), task=closed)
    with pytest.raises(Refused, match="only a supervised department"):
        run(ObjectTo(By("x", frozenset({"officer"}), "fire"), at("2025-10-09")), task=closed)


def test_the_review_recuses_who_concluded_and_either_upholds_or_reopens() -> None:
    objected = run(*BEGUN, REPORTED, CLOSED, ObjectTo(HEALTH, at("2025-10-09")))
    assert review_ends_us(SANMING, objected, CALENDAR) == end("2025-11-10")  # 8 November is a Saturday
    for person in ("desk", "deputy"):
        with pytest.raises(Refused, match="stays out of its review"):
            run(Review(By(person, OFFICE, "office"), at("2025-10-10"), True), task=objected)
    other = By("other", OFFICE, "office")
    upheld = run(Review(other, at("2025-10-10"), True), task=objected)
    assert upheld.state is TaskState.CLOSED and objection_ends_us(SANMING, upheld, CALENDAR) is None
    with pytest.raises(Conflict, match="reviewed already"):
        run(ObjectTo(HEALTH, at("2025-10-13")), task=upheld)
    overturned = run(Review(other, at("2025-10-10"), False), task=objected)
    assert overturned.state is TaskState.ASSIGNED and overturned.closed_us is None
    assert overturned.due_us == objected.due_us
    closed_again = [Feedback(HEALTH, at("2025-10-13")), Close(other, at("2025-10-14"))]
    assert objection_ends_us(SANMING, run(*closed_again, task=overturned), CALENDAR) is not None


def test_an_unanswered_blue_sheet_turns_orange_then_red_at_the_exact_instants() -> None:
    task = run(*BEGUN, IssueSheet(DESK, at("2025-09-25"), "blue"))
    # five working days: 26, 28, 29, 30 September and 9 October; then three: 10, 11 (make-up), 13
    assert escalations(SANMING, task, CALENDAR, end("2025-10-09")) == (
        Escalation("blue", at("2025-09-25"), "judged", end("2025-10-09")),
    )
    assert escalations(SANMING, task, CALENDAR, at("2025-12-01"))[1:] == (
        Escalation("orange", end("2025-10-09") + 1, "unanswered", end("2025-10-14")),
        Escalation("red", end("2025-10-14") + 1, "unanswered", None),
    )


def test_feedback_in_time_stops_the_rise_and_too_late_does_not_take_it_back() -> None:
    sheet = IssueSheet(DESK, at("2025-09-25"), "blue")
    for done in (True, False):
        answered = run(*BEGUN, sheet, Feedback(HEALTH, end("2025-10-09"), done))
        assert [e.colour for e in escalations(SANMING, answered, CALENDAR, at("2025-12-01"))] == ["blue"]
    late = run(*BEGUN, sheet, Feedback(HEALTH, end("2025-10-09") + 1, done=False))
    assert [e.colour for e in escalations(SANMING, late, CALENDAR, at("2025-12-01"))] == ["blue", "orange"]
    before = run(*BEGUN, Feedback(HEALTH, at("2025-09-24", 12), done=False), sheet)
    assert len(escalations(SANMING, before, CALENDAR, at("2025-12-01"))) == 3


def test_an_urgent_matter_may_start_at_any_colour_where_the_rules_say_so() -> None:
    urgent = IssueSheet(DESK, at("2025-09-25"), "orange", urgent=True)
    seen = escalations(SANMING, run(*BEGUN, urgent), CALENDAR, at("2025-12-01"))
    assert [e.colour for e in seen] == ["orange", "red"]
    with pytest.raises(Conflict, match=r"not issued by judgement; found orange; expected blue"):
        run(*BEGUN, replace(urgent, urgent=False))
    suqian = [replace(PROPOSED, by=DESK), OPENED, ASSIGNED]
    with pytest.raises(Conflict, match="not issued by judgement; found red; expected yellow"):
        run(*suqian, replace(urgent, colour="red"), rules=SUQIAN)


def test_no_sheet_repeats_or_undercuts_the_colour_a_task_has() -> None:
    blue = IssueSheet(DESK, at("2025-09-25"), "blue")
    for again in (replace(blue, at_us=at("2025-09-26")), replace(blue, at_us=at("2025-10-10"))):
        with pytest.raises(Conflict, match="has this colour or a graver one already"):
            run(*BEGUN, blue, again)
    with pytest.raises(Conflict, match=r"found reported; expected assigned \| returned"):
        run(*BEGUN, REPORTED, replace(blue, at_us=at("2025-09-30")))
    with pytest.raises(BadInput, match=r"no such colour; found pink; expected blue \| orange \| red"):
        run(*BEGUN, replace(blue, colour="pink"))


def test_near_judged_and_overdue_follow_the_due_date() -> None:
    begun = [replace(PROPOSED, by=DESK), OPENED, ASSIGNED]
    task = run(*begun, rules=SUQIAN)
    # due 30 September: three working days before it is 26 September
    assert colour(SUQIAN, task, CALENDAR, end("2025-09-25")) is None
    assert colour(SUQIAN, task, CALENDAR, at("2025-09-26", 0)) == Escalation("blue", at("2025-09-26", 0), "near", None)
    poor = run(IssueSheet(DESK, at("2025-09-26"), "yellow"), task=task, rules=SUQIAN)
    assert [e.colour for e in escalations(SUQIAN, poor, CALENDAR, end("2025-09-30"))] == ["blue", "yellow"]
    red = colour(SUQIAN, task, CALENDAR, end("2025-09-30") + 1)
    assert red is not None and (red.colour, red.at_us) == ("red", end("2025-09-30") + 1)


def test_who_reported_in_time_is_not_overdue_until_the_report_is_sent_back() -> None:
    begun = [replace(PROPOSED, by=DESK), OPENED, ASSIGNED]
    reported = run(*begun, REPORTED, rules=SUQIAN)
    assert colour(SUQIAN, reported, CALENDAR, at("2025-12-01")) == Escalation("blue", at("2025-09-26", 0), "near", None)
    early = run(*begun, replace(REPORTED, at_us=end("2025-09-25")), rules=SUQIAN)
    assert colour(SUQIAN, early, CALENDAR, at("2025-12-01")) is None
    back = run(SendBack(DESK, at("2025-10-10"), "figures missing"), task=reported, rules=SUQIAN)
    red = colour(SUQIAN, back, CALENDAR, at("2025-12-01"))
    assert red is not None and (red.colour, red.at_us) == ("red", at("2025-10-10"))
    on_the_way = run(*begun, replace(REPORTED, done=False), rules=SUQIAN)
    red = colour(SUQIAN, on_the_way, CALENDAR, at("2025-12-01"))
    assert red is not None and red.at_us == end("2025-09-30") + 1


def test_a_task_assigned_inside_the_near_term_is_near_at_once_and_overdue_may_wait() -> None:
    rules = replace(SUQIAN, colours=(
        Colour("blue", "蓝", "blue", (Trigger("near", Term(30, "calendar_days")),)),
        Colour("red", "红", "red", (Trigger("overdue", Term(2)),)),
    ))  # fmt: skip
    task = run(replace(PROPOSED, by=DESK), OPENED, ASSIGNED, rules=rules)
    assert escalations(rules, task, CALENDAR, at("2025-12-01")) == (
        Escalation("blue", ASSIGNED.at_us, "near", None),
        Escalation("red", end("2025-10-10") + 1, "overdue", None),
    )


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: replace(SANMING, openers=frozenset()), "nobody may open"),
        (lambda: replace(SANMING, colours=SANMING.colours[:1] * 2), "a colour stands twice"),
        (lambda: replace(SANMING, colours=SANMING.colours[1:]), "needs a time to answer on the colour below"),
        (lambda: replace(SANMING, colours=(SUQIAN.colours[0], SANMING.colours[2])), "needs a time to answer"),
        (lambda: Term(-1), "length of a term is wrong"),
        (lambda: Term(1, "hours"), "unknown unit of a term"),
    ],
)  # type: ignore[misc]
def test_rules_that_cannot_work_are_refused(build: object, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        build()  # type: ignore[operator]


BYS = st.sampled_from([DESK, BOSS, HEALTH, POLICE, By("other", OFFICE, "office")])
ACTS = st.one_of(
    st.builds(Propose, BYS, st.just(0), st.just("m")),
    st.builds(Open, BYS, st.just(0), st.just("plan")),
    st.builds(Assign, st.just(DESK), st.just(0), st.just("health"), st.sampled_from(sorted(TERMS))),
    st.builds(Feedback, BYS, st.just(0), st.booleans()),
    st.builds(SendBack, BYS, st.just(0), st.just("why")),
    st.builds(IssueSheet, BYS, st.just(0), st.sampled_from(["blue", "orange", "yellow", "red"]), st.booleans()),
    st.builds(Close, BYS, st.just(0)),
    st.builds(ObjectTo, BYS, st.just(0)),
    st.builds(Review, BYS, st.just(0), st.booleans()),
)
STORIES = st.lists(st.tuples(ACTS, st.integers(0, 12 * DAY)), max_size=25)


@settings(deadline=None, max_examples=300)
@given(rules=st.sampled_from([SANMING, SUQIAN]), story=STORIES, wait=st.integers(0, 60 * DAY))
def test_whatever_is_tried_no_colour_is_taken_back_and_each_comes_at_its_instant(
    rules: SupervisionRules, story: list[tuple[TaskAct, int]], wait: int
) -> None:
    now = at("2025-08-01")
    task = run(Propose(DESK, now, "m"), Open(DESK, now, "plan"), Assign(DESK, now, "health", "normal"), rules=rules)
    for act, gap in story:
        now += gap
        before = escalations(rules, task, CALENDAR, now)
        try:
            task = apply(rules, task, replace(act, at_us=now), CALENDAR)
        except ZhengtongError as error:
            assert isinstance(error, Conflict | Refused | BadInput) and error.zh != error.en
            continue
        assert set(before) <= set(escalations(rules, task, CALENDAR, now))
        assert task.acted_us == now
        assert (task.closed_us is not None) == (task.state in {TaskState.CLOSED, TaskState.OBJECTED})
        owes = task.owing[-1][1]
        assert owes == (task.state in {TaskState.ASSIGNED, TaskState.RETURNED})
    for reached in escalations(rules, task, CALENDAR, now + wait):
        assert reached in escalations(rules, task, CALENDAR, reached.at_us)
        earlier = escalations(rules, task, CALENDAR, reached.at_us - 1)
        assert all(e.colour != reached.colour for e in earlier)


OTHER = By("other", OFFICE, "office")
NOON = at("2025-10-09", 12)
REACHED: dict[TaskState, list[TaskAct]] = {
    TaskState.PROPOSED: [PROPOSED],
    TaskState.DECLINED: [PROPOSED, Decline(DESK, at("2025-09-23"), "covered")],
    TaskState.OPENED: [PROPOSED, OPENED],
    TaskState.ASSIGNED: [*BEGUN],
    TaskState.REPORTED: [*BEGUN, REPORTED],
    TaskState.RETURNED: [*BEGUN, REPORTED, SendBack(DESK, at("2025-09-30"), "why")],
    TaskState.CLOSED: [*BEGUN, REPORTED, CLOSED],
    TaskState.OBJECTED: [*BEGUN, REPORTED, CLOSED, ObjectTo(HEALTH, at("2025-10-09"))],
}
LEADS_TO: dict[TaskState, dict[TaskAct, TaskState]] = {
    TaskState.PROPOSED: {
        Open(OTHER, NOON, "plan"): TaskState.OPENED,
        Decline(OTHER, NOON, "why"): TaskState.DECLINED,
    },
    TaskState.DECLINED: {},
    TaskState.OPENED: {Assign(OTHER, NOON, "health", "normal"): TaskState.ASSIGNED},
    TaskState.ASSIGNED: {
        Feedback(HEALTH, NOON): TaskState.REPORTED,
        Feedback(HEALTH, NOON, done=False): TaskState.ASSIGNED,
        IssueSheet(OTHER, NOON, "blue"): TaskState.ASSIGNED,
    },
    TaskState.REPORTED: {
        Feedback(HEALTH, NOON): TaskState.REPORTED,
        Feedback(HEALTH, NOON, done=False): TaskState.REPORTED,
        SendBack(OTHER, NOON, "why"): TaskState.RETURNED,
        Close(OTHER, NOON): TaskState.CLOSED,
    },
    TaskState.RETURNED: {
        Feedback(HEALTH, NOON): TaskState.REPORTED,
        Feedback(HEALTH, NOON, done=False): TaskState.RETURNED,
        IssueSheet(OTHER, NOON, "blue"): TaskState.RETURNED,
    },
    TaskState.CLOSED: {ObjectTo(HEALTH, NOON): TaskState.OBJECTED},
    TaskState.OBJECTED: {
        Review(OTHER, NOON, True): TaskState.CLOSED,
        Review(OTHER, NOON, False): TaskState.ASSIGNED,
    },
}
EVERY_ACT = {act for acts in LEADS_TO.values() for act in acts}


@pytest.mark.parametrize("state", list(TaskState))
def test_in_every_state_exactly_the_drawn_acts_are_possible(state: TaskState) -> None:
    task = run(*REACHED[state])
    assert task.state is state
    for act in EVERY_ACT:
        if act in LEADS_TO[state]:
            assert run(act, task=task).state is LEADS_TO[state][act]
        else:
            with pytest.raises(Conflict) as caught:
                run(act, task=task)
            assert caught.value.found == state.value and state.value not in str(caught.value.expected).split(" | ")


@pytest.mark.parametrize("act", sorted(EVERY_ACT, key=repr), ids=lambda act: type(act).__name__)
def test_the_same_acts_are_refused_to_whoever_they_are_not_for(act: TaskAct) -> None:
    state = next(state for state, acts in LEADS_TO.items() if act in acts)
    task = run(*REACHED[state])
    stranger = By("stranger", frozenset({"officer", "leader"}), "fire")
    with pytest.raises(Refused):
        run(replace(act, by=stranger), task=task)
