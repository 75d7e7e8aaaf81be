# SPDX-License-Identifier: Apache-2.0
"""What time alone causes is recorded once, at the instant it fell due, whoever sweeps and whoever acts meanwhile."""

from __future__ import annotations

import pytest

from holds.together import assert_case_agrees, at_once, sealed_and_clean
from holds.variants import publish_with, registration_is_a_licence
from people import PARENT, do, grant, officer, submit
from zhengtong.acts.perform import now_us
from zhengtong.errors import Conflict
from zhengtong.ledger.models import Event
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.models import Step
from zhengtong.services.sweep import sweep

pytestmark = pytest.mark.database
MONDAY_US = 1_768_180_000_000_000  # 2026-01-12, morning in Shanghai
DAY_US = 86_400_000_000
LATE_US = MONDAY_US + 60 * DAY_US


@pytest.fixture
def licence(version: str) -> str:
    return publish_with(registration_is_a_licence)


Lapses = list[tuple[str, str, str, int]]


def recorded(case: str) -> Lapses:
    """(step, limit, rule, instant) of everything the sweep recorded, as the events say."""
    found: Lapses = []
    department = dict(Step.objects.filter(case__number=case).values_list("key", "department"))
    for event in Event.objects.filter(objects_touched__object_id=case, objects_touched__object_type="case").distinct():
        said = event.attributes
        if event.type == "limit_missed":
            assert said["due_us"] == event.time_us, "recorded at another instant than it fell due"
            assert (event.actor, event.department) == ("system", department[said["service"]])
            found.append((said["service"], said["limit"], said["measure"], event.time_us))
        elif event.type == "step_accepted" and said.get("reason") == "deemed":
            found.append((said["service"], "accept", "deemed", event.time_us))
    return sorted(found)


def fallen_due(case: str, now: int) -> Lapses:
    """The same from the pure rules."""
    work = open_case(case, lock=False)
    found = [(key, one.kind, one.rule, one.at_us) for key in work.steps for one in work.limits(key, now).lapses]
    return sorted(found)


def test_silence_accepts_a_licence_at_the_instant_it_fell_due(licence: str) -> None:
    case = submit(licence, at_us=MONDAY_US)
    deemed = open_case(case, lock=False).limits("birth-registration", LATE_US).deemed_us
    assert deemed is not None
    assert calendar().date_of(deemed - 1).isoformat() == "2026-01-19", "five working days after the day of receipt"
    sweep(deemed - 1)
    assert Step.objects.get(key="birth-registration").state == "pending"
    sweep(LATE_US)
    assert Step.objects.get(key="birth-registration").state == "accepted"
    (event,) = Event.objects.filter(type="step_accepted")
    assert (event.time_us, event.attributes["reason"], event.actor) == (deemed, "deemed", "system")
    assert event.recorded_us > event.time_us
    assert_case_agrees(case)


def test_every_lapse_is_recorded_once_and_just_as_the_rules_say(licence: str) -> None:
    case = submit(licence, at_us=MONDAY_US)
    while sweep(LATE_US):
        pass
    assert [(limit, rule) for _, limit, rule, _ in recorded(case)] == [
        ("accept", "deemed"), ("decide", "promised"), ("decide", "statutory"),
    ]  # fmt: skip
    assert recorded(case) == fallen_due(case, LATE_US)
    assert sweep(LATE_US) == 0
    sealed_and_clean()


def test_sweeping_day_by_day_or_once_at_the_end_records_the_same(licence: str) -> None:
    daily = submit(licence, at_us=MONDAY_US)
    for day in range(61):
        sweep(MONDAY_US + day * DAY_US)
    before = recorded(daily)
    late = submit(licence, at_us=MONDAY_US)
    while sweep(LATE_US):
        pass
    assert recorded(late) == before == recorded(daily)


def test_many_sweeps_at_once_record_each_lapse_once(licence: str) -> None:
    cases = [submit(licence, at_us=MONDAY_US + place) for place in range(5)]

    def sweeper(_: int) -> int:
        done = 0
        while found := sweep(LATE_US):
            done += found
        return done

    performed = sum(at_once(4, sweeper))
    sweep(LATE_US)
    assert performed == sum(len(recorded(case)) for case in cases)
    for case in cases:
        assert recorded(case) == fallen_due(case, LATE_US)
        assert_case_agrees(case)
    sealed_and_clean()


def test_an_officer_and_silence_at_once_accept_a_step_once(licence: str) -> None:
    cases = [submit(licence, at_us=MONDAY_US) for _ in range(6)]

    def one(place: int) -> str:
        if place == 0:
            return str(sweep(now_us()))
        try:
            do(AcceptStep(cases[place - 1], "birth-registration"), officer("police"))
        except Conflict:
            return "silence was first"
        return "accepted"

    _, *officers = at_once(1 + len(cases), one)
    for case, outcome in zip(cases, officers, strict=True):
        accepted = Event.objects.filter(
            type="step_accepted", objects_touched__object_type="case", objects_touched__object_id=case
        )
        assert accepted.count() == 1
        assert (accepted[0].attributes.get("reason") == "deemed") == (outcome == "silence was first")
        assert_case_agrees(case)
    sealed_and_clean()


def test_a_limit_missed_before_a_late_decision_is_recorded_and_the_step_then_left_alone(version: str) -> None:
    case = submit(version, at_us=MONDAY_US)
    grant(case, "vaccination-record", at_us=MONDAY_US + 1)
    do(AcceptStep(case, "birth-registration"), officer("police"), at_us=MONDAY_US + 1)
    sweep(MONDAY_US + 9 * DAY_US)
    before = recorded(case)
    assert [one[:3] for one in before] == [("birth-registration", "decide", "promised")]
    do(DecideStep(case, "birth-registration", granted=True), officer("police"), at_us=MONDAY_US + 10 * DAY_US)
    assert [one for one in fallen_due(case, LATE_US) if one[0] == "birth-registration"] == before
    sweep(LATE_US)
    assert [one for one in recorded(case) if one[0] == "birth-registration"] == before
    assert Step.objects.get(key="birth-registration").lapse_us is None
    assert sweep(LATE_US) == 0


def test_nobody_is_late_once_everything_is_decided_or_withdrawn(version: str) -> None:
    case = submit(version, at_us=MONDAY_US)
    grant(case, "vaccination-record", at_us=MONDAY_US + 1)
    do(WithdrawCase(case), PARENT, at_us=MONDAY_US + 2)
    assert sweep(LATE_US) == 0
    assert recorded(case) == []
