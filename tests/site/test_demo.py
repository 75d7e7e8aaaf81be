# SPDX-License-Identifier: Apache-2.0
"""The demo's simulated activity: through the real actions only, marked as demo, dated in the past, told by a seed."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from zhengtong import ledger
from zhengtong.acts import serving
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.models import OutboxMessage, PerformedAct
from zhengtong.acts.perform import Done, now_us, perform
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event, RecordedRow
from zhengtong.organization.demo import make_demo_accounts
from zhengtong.organization.models import Account
from zhengtong.services.actions.publish_life_event import PublishLifeEvent
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.models import Case, Material, Notice
from zhengtong.services.queries import life_event
from zhengtong.site.demo import DAYS, Simulated, play, simulate
from zhengtong.site.serving import prepare

pytestmark = pytest.mark.django_db
NOW_US = 1_793_000_000_000_000  # 2026-10-26, before the clock of whoever runs this
EVENTS = ("newborn", "restaurant", "business-closing", "school-enrolment")


@pytest.fixture(autouse=True)
def city_served(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in EVENTS:
        perform(PublishLifeEvent(key), SYSTEM, f"publish/{key}")
    monkeypatch.setattr(play, "now_us", lambda: NOW_US)


@pytest.fixture
def played() -> Simulated:
    make_demo_accounts()
    return simulate(44, story=3)


def clean() -> bool:
    log = ledger.log()
    log.seal(now_us=now_us())
    found = audit(log)
    assert found.findings == []
    return found.waiting == 0


def test_everything_is_done_by_acts_and_stands_in_the_record(played: Simulated) -> None:
    """No table is written otherwise: each recorded row has its event, each act its key, and the audit finds nothing."""
    assert played.cases == 44 == Case.objects.count()
    assert played.acts > 5 * 44
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
    simulated = Event.objects.filter(type__in=["case_submitted", "step_granted", "case_closed", "notice_issued"])
    assert simulated.count() > 100
    for event in simulated:
        assert event.time_us <= NOW_US
        assert event.recorded_us >= NOW_US, "the record says when it was really written"
    first = min(simulated.values_list("time_us", flat=True))
    assert calendar().date_of(first) >= calendar().date_of(NOW_US) - timedelta(days=DAYS)


def test_each_case_can_be_assessed_follows_its_own_times_and_comes_to_an_end(played: Simulated) -> None:
    for number in Case.objects.values_list("number", flat=True):
        work = open_case(number, lock=False)
        for key, step in work.steps.items():
            if not step.facts:
                continue
            assert work.limits(key, NOW_US).breaches == (), (number, key)
            times = [fact["at_us"] for fact in step.facts]
            assert times == sorted(times)
            assert times[0] >= work.case.submitted_us
    assert Case.objects.exclude(phase="open").count() > 30, "most of a year's cases are closed by its end"


def test_officers_act_on_working_days_in_office_hours(played: Simulated) -> None:
    days = calendar()
    events = Event.objects.filter(type__in=["step_accepted", "step_granted", "step_refused", "correction_asked"])
    seen = 0
    for event in events.exclude(actor="system"):
        day = days.date_of(event.time_us)
        assert days.is_working_day(day), f"{event.type} on {day}"
        assert 9 <= (event.time_us - days.start_of_day(day)) / 3_600_000_000 <= 17.5
        seen += 1
    assert seen > 100


def test_a_year_has_its_variety(played: Simulated) -> None:
    """Both channels, corrections, pauses, ratings, several life events, and school in summer."""
    assert set(Case.objects.values_list("channel", flat=True)) == {"portal", "counter"}
    assert set(Case.objects.values_list("life_event", flat=True)) == set(EVENTS)
    types = Counter(Event.objects.values_list("type", flat=True))
    assert {"correction_supplied", "step_paused", "step_resumed", "case_rated"} <= set(types)
    months = Counter(
        calendar().date_of(at).month
        for at in Case.objects.filter(life_event="school-enrolment").values_list("submitted_us", flat=True)
    )
    assert sum(months[month] for month in (6, 7, 8)) > sum(months.values()) / 2


def test_a_closing_business_gives_notice_for_twenty_days(played: Simulated) -> None:
    paused = [
        {fact["kind"]: fact["at_us"] for fact in step.facts}
        for case in Case.objects.filter(life_event="business-closing")
        for step in case.steps.filter(key="simple-publicity")
    ]
    lengths = [(at["resumed"] - at["paused"]) / 86_400_000_000 for at in paused if "resumed" in at]
    assert lengths
    assert min(lengths) >= 20


def test_the_applicants_are_people_of_the_registers(played: Simulated, state: Path) -> None:
    """Nobody is invented twice: who applies stands in the register of persons under the same name."""
    with sqlite3.connect(state / "registers/registers.sqlite3") as connection:
        people = dict(connection.execute("SELECT id_number, name FROM person"))
        companies = dict(connection.execute("SELECT credit_code, name FROM company"))
    connection.close()
    own = Account.objects.filter(pseudonym__in=Case.objects.values("applicant")).exclude(username="parent")
    applicants = own.exclude(username="neighbour")
    assert applicants.count() > 20
    for account in applicants:
        assert people[account.identity_number] == account.name
    for case in Case.objects.filter(life_event="restaurant"):
        values = open_case(case.number, lock=False).form.values
        assert companies[values["credit_code"]] == values["business_name"]


def script(seed: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is about to be done, by whom and when, with nothing done in between."""
    acts: list[tuple[Any, ...]] = []

    class Pretended:
        def perform(self, action: Any, actor: Any, key: str, *, at_us: int) -> Done:
            acts.append((key, at_us, action.verb, getattr(action, "raw", None), actor.roles))
            number = len(acts)
            return Done("", {"case": f"M{number}", "state": "shown", "rating": f"R{number}", "ticket": f"T{number}"})

    @contextmanager
    def nothing() -> Iterator[Pretended]:
        yield Pretended()

    with monkeypatch.context() as pretending:
        pretending.setattr(play, "bulk", nothing)
        simulate(60, story=seed)
    return acts


def test_the_same_seed_plays_the_same_and_another_seed_another_year(monkeypatch: pytest.MonkeyPatch) -> None:
    first = script(5, monkeypatch)
    assert len(first) > 300
    assert script(5, monkeypatch) == first
    assert script(6, monkeypatch) != first


def test_playing_on_adds_other_cases_and_repeats_none() -> None:
    simulate(5, story=1)
    simulate(5, story=1)
    assert Case.objects.count() == 10
    assert len(set(Case.objects.values_list("submitted_us", flat=True))) == 10
    assert clean()


# --- what comes before --------------------------------------------------------------------------------------------


def test_starting_publishes_what_the_files_say_now_even_what_was_published_before(
    tmp_path: Path,
    settings,
) -> None:
    """Files go back and forth between restarts; new cases begin with what stands in them."""
    settings.ZHENGTONG_CITY = folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))
    for other in folder.glob("life-events/*.yaml"):
        if other.stem not in EVENTS:
            other.unlink()
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


def test_every_document_of_the_demo_is_a_file_that_opens(played: Simulated, state: Path) -> None:
    """One picture a kind of document, of the size and type its row says."""
    from zhengtong.services.engine.uploads import PNG, UploadLimits, read_upload, store_upload

    rows = list(Material.objects.all())
    assert len(rows) > 44
    for sha256 in {row.sha256 for row in rows}:
        content = read_upload(state / "uploads", sha256)
        found = store_upload(io.BytesIO(content), state / "again", UploadLimits())
        assert {(row.media_type, row.size) for row in rows if row.sha256 == sha256} == {(PNG, len(content))}
        assert found.width > 300
    assert len({row.sha256 for row in rows}) == len({row.key for row in rows})
