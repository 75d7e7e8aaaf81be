# SPDX-License-Identifier: Apache-2.0
"""What the cockpit asks: figures of the sealed record as of its last leaf, against the same counted from the tables."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, median

import pytest

from people import CLERK, FORM, PARENT, do, grant, officer, publish, submit
from zhengtong.acts.actor import SYSTEM
from zhengtong.evaluation import queries
from zhengtong.evaluation.engine.figures import Outcome, StepOutcome, on_time
from zhengtong.evaluation.queries import compared, measured, mined_sources, picture
from zhengtong.organization.persons import Person
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import calendar
from zhengtong.services.models import Case, Step
from zhengtong.services.queries import life_event
from zhengtong.site.worker import seal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("state"), pytest.mark.database]
MONDAY_US, DAY_US = 1_768_183_200_000_000, 86_400_000_000
HER = Person("林晓梅", "999900199003121009", "13800001000")


def finish(number: str, after_days: int) -> None:
    """Grant every step of a case so many days after Monday."""
    at_us = MONDAY_US + after_days * DAY_US
    for step in ("vaccination-record", "birth-registration", "resident-insurance"):
        grant(number, step, at_us=at_us)
    do(RecordExternalAcceptance(number, "social-security-card"), SYSTEM, at_us=at_us)
    do(RecordExternalDecision(number, "social-security-card", True, "C-1"), SYSTEM, at_us=at_us)


@pytest.fixture
def year() -> list[str]:
    """Two finished cases, one late, one withdrawn, one open; sealed and exported."""
    version = publish()
    cases = [submit(version, at_us=MONDAY_US) for _ in range(4)]
    counter = do_at_the_counter(version)
    finish(cases[0], 2)
    finish(counter, 4)
    late = cases[1]
    do(AcceptStep(late, "birth-registration"), officer("police"), at_us=MONDAY_US + DAY_US)
    refusal = DecideStep(late, "birth-registration", False, "conditions-not-met")
    do(refusal, officer("police"), at_us=MONDAY_US + 20 * DAY_US)
    grant(late, "vaccination-record", at_us=MONDAY_US + 21 * DAY_US)
    do(WithdrawCase(cases[2]), PARENT, at_us=MONDAY_US + DAY_US)
    seal()
    return [cases[0], counter, late]


def do_at_the_counter(version: str) -> str:
    return submit(version, CLERK, at_us=MONDAY_US, on_behalf_of=HER, origins=dict.fromkeys(list(FORM)[:5], "account"))


def test_closed_cases_are_told_with_what_they_cost_and_whether_they_were_late(year: list[str]) -> None:
    found = {outcome.number: outcome for outcome in picture("newborn").cases}
    assert list(found) == year
    for number, outcome in found.items():
        case = Case.objects.get(number=number)
        assert (outcome.submitted_us, outcome.closed_us) == (case.submitted_us, case.closed_us)
        assert outcome.channel == case.channel
        assert outcome.materials_uploaded == case.materials.count()
        assert outcome.fields_typed == sum(origin == "typed" for origin in case.form.origins.values())
        decided = Step.objects.filter(case=case, state__in=["granted", "refused"]).values_list("key", "department")
        assert {(s.service, s.department) for s in outcome.steps} == set(decided)
    assert [outcome.late for outcome in found.values()] == [False, False, True]
    assert on_time(found.values()).on_time == 2
    assert [outcome.visits for outcome in found.values()] == [0, 1, 0]
    assert picture("opening-a-shop").cases == ()


def test_what_is_not_sealed_is_not_seen_and_the_leaf_is_named(year: list[str]) -> None:
    before = picture("newborn")
    finish(submit(publish(), at_us=MONDAY_US), 3)
    assert picture("newborn") == before
    seal()
    after = picture("newborn")
    assert after.leaves > before.leaves
    assert len(after.cases) == len(before.cases) + 1
    assert before == picture_as_of(before.leaves)


def picture_as_of(leaves: int) -> queries.Picture:
    from zhengtong.ledger import log
    from zhengtong.ledger.segments import segments

    held = segments(log())
    queries._picture.cache_clear()
    return queries._picture(held.folder, held.origin, leaves, "newborn")


def test_the_six_measures_are_medians_and_means_of_the_cases(year: list[str]) -> None:
    cases = picture("newborn").cases
    days = calendar()
    assert measured(cases) == {
        "steps": median(len(case.steps) for case in cases),
        "days": median(
            days.working_days_between(days.date_of(case.submitted_us), days.date_of(case.closed_us)) for case in cases
        ),
        "materials": 2.0,
        "visits": pytest.approx(1 / 3),
        "fields": pytest.approx(fmean([len(FORM), len(FORM) - 5, len(FORM)])),
        "departments": 4,
    }
    assert measured(()) == {}


def outcome(day: int, steps: int) -> Outcome:
    made = tuple(StepOutcome(f"s{n}", f"d{n % 2}", MONDAY_US, False, 1) for n in range(steps))
    return Outcome("M", MONDAY_US, MONDAY_US + day * DAY_US, "portal", 0, 0, 0, made)


def test_days_are_working_days_and_departments_are_counted_once() -> None:
    found = measured([outcome(7, 3)])  # Monday to Monday
    assert (found["days"], found["steps"], found["departments"]) == (5, 3, 2)


def test_a_reduction_is_shown_against_this_citys_own_figures_and_not_against_anothers(year: list[str]) -> None:
    event, cases = life_event("newborn"), picture("newborn").cases
    own, other = event.event.before
    shown = {one.measure: one for one in compared(event, own, cases)}
    assert {one.why_not for one in shown.values()} == {""}
    assert shown["visits"].share == pytest.approx(1 - (1 / 3) / 4)
    assert shown["materials"].share == pytest.approx(1 - 2 / 9)
    assert {one.why_not for one in compared(event, other, cases)} == {"other_services"}
    assert {one.why_not for one in compared(event, own, ())} == {"not_measured"}


def test_every_imported_log_is_mined_once(state: Path) -> None:
    from zhengtong.evaluation.engine.importing import import_log

    assert mined_sources() == []
    log = state.parent / "log.csv"
    log.write_text("case_id,activity,timestamp\nc1,a,2026-01-01T00:00:00Z\nc1,b,2026-01-02T00:00:00Z\n", "utf-8")
    import_log(log, "permits", state, now_us=1)
    (first,) = mined_sources()
    assert first.to_json()["arcs"] == 1
    assert mined_sources()[0] is first, "a source never changes, so it is mined once"
