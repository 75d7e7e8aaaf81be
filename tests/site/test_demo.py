# SPDX-License-Identifier: Apache-2.0
"""The demo's simulated activity: through the real actions only, marked as demo, dated in the past, told by a seed."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from zhengtong import ledger
from zhengtong.acts import serving
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.models import OutboxMessage, PerformedAct
from zhengtong.acts.perform import now_us, perform
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event, RecordedRow
from zhengtong.organization.demo import make_demo_accounts
from zhengtong.services.actions.publish_life_event import PublishLifeEvent
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.models import Case, Notice, Step
from zhengtong.services.queries import life_event
from zhengtong.site import demo
from zhengtong.site.demo import STORIES, Simulated, Story, _Simulation, simulate
from zhengtong.site.serving import prepare

pytestmark = pytest.mark.django_db
NOW_US = 1_793_000_000_000_000  # 2026-10-26, before the clock of whoever runs this


@pytest.fixture(autouse=True)
def city_served(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    perform(PublishLifeEvent("newborn"), SYSTEM, "publish")
    monkeypatch.setattr(demo, "now_us", lambda: NOW_US)


@pytest.fixture
def played() -> Simulated:
    make_demo_accounts()
    return simulate(24, story=3)


def clean() -> bool:
    log = ledger.log()
    log.seal(now_us=now_us())
    found = audit(log)
    assert found.findings == []
    return found.waiting == 0


def test_everything_is_done_by_acts_and_stands_in_the_record(played: Simulated) -> None:
    """No table is written otherwise: each recorded row has its event, each act its key, and the audit finds nothing."""
    assert played.cases == 24 == Case.objects.count()
    assert played.acts > 8 * 24
    for model in RecordedRow.audited():
        for row in model._default_manager.all():
            event = Event.objects.get(id=row.event_id)
            assert (row.object_type, row.object_id) in {
                (o.object_type, o.object_id) for o in event.objects_touched.all()
            }
    acts = set(Event.objects.values_list("act", flat=True))
    assert acts <= set(PerformedAct.objects.values_list("act", flat=True))
    assert clean()


def test_it_is_marked_as_demo_wherever_a_reader_looks(played: Simulated) -> None:
    from zhengtong.services.documents import content

    assert set(Case.objects.values_list("demo", flat=True)) == {True}
    for notice in Notice.objects.all()[:20]:
        assert content(notice).demo
    assert not OutboxMessage.objects.filter(topic="services.sign_notice").exists(), "thousands of files nobody opens"


def test_it_happened_in_the_past_and_was_written_now(played: Simulated) -> None:
    first = min(Event.objects.exclude(type="version_published").values_list("time_us", flat=True))
    simulated = Event.objects.filter(type__in=["case_submitted", "step_granted", "case_closed", "notice_issued"])
    assert simulated.count() > 100
    for event in simulated:
        assert event.time_us <= NOW_US
        assert event.recorded_us >= NOW_US, "the record says when it was really written"
    assert calendar().date_of(first) >= calendar().date_of(NOW_US) - timedelta(days=240)


def test_each_case_can_be_assessed_and_follows_its_own_times(played: Simulated) -> None:
    for number in Case.objects.values_list("number", flat=True):
        work = open_case(number, lock=False)
        for key, step in work.steps.items():
            if not step.facts:
                continue
            assert work.limits(key, NOW_US).breaches == (), (number, key)
            times = [fact["at_us"] for fact in step.facts]
            assert times == sorted(times)
            assert times[0] >= work.case.submitted_us
    assert Case.objects.exclude(phase="open").count() > 12, "most of a year's cases are closed by its end"


def test_officers_decide_on_working_days_in_office_hours(played: Simulated) -> None:
    days = calendar()
    events = Event.objects.filter(type__in=["step_accepted", "step_granted", "step_refused"]).exclude(actor="system")
    outside = 0
    for event in events:
        day = days.date_of(event.time_us)
        hour = (event.time_us - days.start_of_day(day)) / 3_600_000_000
        assert days.is_working_day(day), f"{event.type} on {day}"
        outside += not 8.5 <= hour <= 18
    assert outside == 0


def activity(since: int) -> list[tuple[Any, ...]]:
    """What happened, without what differs between runs: ids, salts and numbers of cases."""
    order: dict[str, int] = {}
    told = []
    for event in Event.objects.filter(id__gt=_after(since)).order_by("time_us", "id"):
        about = {k: v for k, v in event.attributes.items() if k not in {"version", "digest", "serial"}}
        case = next((o.object_id for o in event.objects_touched.all() if o.object_type == "case"), "")
        actor = "system" if event.actor == "system" else "person"
        place = order.setdefault(case, len(order))
        told.append((event.type, event.time_us, actor, event.department, place, sorted(about.items())))
    return told


def _after(since: int) -> str:
    return list(Event.objects.order_by("id").values_list("id", flat=True))[since - 1]


def test_the_same_seed_plays_the_same_and_another_seed_another_year() -> None:
    def play(seed: int) -> list[tuple[Any, ...]]:
        since = Event.objects.count()
        simulate(12, story=seed)
        return activity(since)

    first = play(5)
    assert len(first) > 150
    assert play(5) == first
    assert play(6) != first


def test_playing_on_adds_cases_and_repeats_none() -> None:
    simulate(5, story=1)
    simulate(5, story=1)
    assert Case.objects.count() == 10
    assert clean()


# --- the cause ----------------------------------------------------------------------------------------------------


def seeds(kind: str) -> Iterator[tuple[int, Story]]:
    for seed in range(400):
        story = _Simulation(0, seed, 240, None).story
        assert story is not None
        if story.kind == kind:
            yield seed, story


def test_a_story_strikes_one_department_at_some_time_and_there_are_all_kinds() -> None:
    told = [(_Simulation(0, seed, 240, None).story) for seed in range(60)]
    assert {story.kind for story in told if story} == set(STORIES)
    deciding = {service.department for service in life_event("newborn").services.values() if not service.external}
    assert {story.department for story in told if story} == deciding
    assert len({story.start for story in told if story}) > 20
    assert _Simulation(0, None, 240, None).story is None


def durations(start: date) -> dict[tuple[str, bool], list[float]]:
    """Days from acceptance to decision, by department and whether it was accepted after the cause began."""
    found: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for step in Step.objects.exclude(external__gt="").filter(state__in=["granted", "refused"]):
        at = {fact["kind"]: fact["at_us"] for fact in step.facts}
        if "accepted" in at:
            after = calendar().date_of(at["accepted"]) >= start
            found[step.department, after].append((at["decided"] - at["accepted"]) / 86_400_000_000)
    return found


def test_a_slow_department_is_slower_after_the_cause_and_the_others_are_not() -> None:
    seed, story = next(seeds("slow_department"))
    simulate(110, story=seed)
    found = durations(story.start)
    for department in sorted({key for key, _ in found}):
        ratio = median(found[department, True]) / median(found[department, False])
        if department == story.department:
            assert ratio > 2, f"{department} was struck, and is only {ratio:.2f} times as slow"
        else:
            assert ratio < 1.7, f"{department} was not struck, and is {ratio:.2f} times as slow"


def test_many_corrections_come_from_the_struck_department_only() -> None:
    seed, story = next(seeds("many_corrections"))
    simulate(70, story=seed)
    asked: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for step in Step.objects.filter(external="").exclude(facts=[]):
        after = calendar().date_of(step.facts[0]["at_us"]) >= story.start
        asked[step.department, after].append(any(fact["kind"] == "correction_asked" for fact in step.facts))
    struck = asked[story.department, True]
    assert sum(struck) / len(struck) > 0.4
    usual = [one for (department, after), ones in asked.items() if department != story.department for one in ones]
    assert sum(usual) / len(usual) < 0.25


# --- what comes before --------------------------------------------------------------------------------------------


def test_starting_publishes_what_the_files_say_now_even_what_was_published_before(
    tmp_path: Path,
    settings,
) -> None:
    """Files go back and forth between restarts; new cases begin with what stands in them."""
    settings.ZHENGTONG_CITY = folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))
    file = folder / "services/birth-registration.yaml"
    text = file.read_text("utf-8")
    seen = []
    for days in (5, 4, 5, 4):
        file.write_text(text.replace("promised: {days: 5,", f"promised: {{days: {days},"), "utf-8")
        serving._loaded.cache_clear()
        prepare()
        assert life_event("newborn").services["birth-registration"].promised.days == days
        seen.append(life_event("newborn").hash)
    assert seen[:2] == seen[2:]
