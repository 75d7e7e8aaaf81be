# SPDX-License-Identifier: Apache-2.0
"""Causes hidden in the demo's year: placed by a seed, told by `--reveal`, and found in the figures of the cockpit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.evaluation import queries
from zhengtong.evaluation.engine import lifelines, tallies
from zhengtong.evaluation.engine.lifelines import Wanted
from zhengtong.evaluation.engine.snapshot import Snapshot
from zhengtong.evaluation.engine.tallies import Chosen
from zhengtong.services.actions.publish_life_event import PublishLifeEvent
from zhengtong.services.casework import calendar
from zhengtong.services.models import Case
from zhengtong.services.published import LifeEvent
from zhengtong.services.queries import life_events
from zhengtong.site.demo import play, remembered_story, simulate
from zhengtong.site.demo.seasons import Year
from zhengtong.site.demo.stories import CAUSES, KINDS, Cause, Story, told_by
from zhengtong.site.worker import seal

pytestmark = pytest.mark.django_db
NOW_US = 1_793_000_000_000_000  # 2026-10-26
DAYS, CASES = 300, 180
EVENTS = ("newborn", "restaurant", "hiring")
DAY = 86_400_000_000


@pytest.fixture(autouse=True)
def a_few_life_events(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few of them, so that each is busy enough in a small year."""
    for key in EVENTS:
        perform(PublishLifeEvent(key), SYSTEM, f"publish/{key}")
    monkeypatch.setattr(play, "now_us", lambda: NOW_US)


def year() -> Year:
    today = calendar().date_of(NOW_US)
    return Year(calendar(), today - timedelta(days=DAYS), today)


def test_a_seed_places_three_causes_of_different_kinds_apart_from_each_other() -> None:
    events = life_events()
    stories = [told_by(seed, events, year()) for seed in range(60)]
    assert {cause.kind for story in stories for cause in story.causes} == set(KINDS)
    for story in stories:
        assert len(story.causes) == CAUSES
        assert len({cause.kind for cause in story.causes}) == CAUSES
        departments = [cause.department for cause in story.causes if cause.department]
        assert len(set(departments)) == len(departments), "two causes in one place could not be told apart"
        for cause in story.causes:
            assert year().first < cause.first <= cause.last <= year().last
    assert len({story.causes for story in stories}) > 50
    assert told_by(7, events, year()) == told_by(7, life_events(), year())
    assert told_by(None, events, year()) == Story()


def test_every_kind_is_told_in_both_languages_with_its_place() -> None:
    for seed in range(20):
        for cause in told_by(seed, life_events(), year()).causes:
            told = cause.told()
            assert str(cause.first) in told.zh
            assert str(cause.first) in told.en
            for name in (cause.service, cause.item, cause.system):
                assert name in told.en
                assert name in told.zh


def test_the_truth_told_later_is_that_of_the_year_that_was_played(monkeypatch: pytest.MonkeyPatch) -> None:
    played = simulate(3, story=11, days=DAYS).story
    monkeypatch.setattr(play, "now_us", lambda: NOW_US + 90 * DAY)
    assert remembered_story(11) == played
    assert remembered_story(12) != played


def test_a_cause_strikes_where_and_when_it_is_placed_and_nowhere_else() -> None:
    first, last = date(2026, 5, 4), date(2026, 5, 29)
    story = Story(1, (Cause("officer_away", first, last, "police", "newborn", "birth-registration"),))
    assert story.strike("officer_away", first, service="birth-registration")
    assert story.strike("officer_away", last, service="birth-registration")
    assert not story.strike("officer_away", last + timedelta(days=1), service="birth-registration")
    assert not story.strike("officer_away", first, service="food-licence")
    assert not story.strike("slow_system", first)


# --- found in the cockpit -----------------------------------------------------------------------------------------


@dataclass
class Found:
    """The cockpit's figures, read as somebody would who looks for the cause: struck against not struck."""

    snapshot: Snapshot
    cause: Cause

    @property
    def since_us(self) -> int:
        return calendar().start_of_day(self.cause.first)

    @property
    def until_us(self) -> int:
        return calendar().end_of_day(self.cause.last) + 1

    def share(self, kind: str, chosen: Chosen, *, after: bool) -> float:
        """Of the decided steps, decided before or after the cause began."""
        chosen = chosen.during(self.since_us if after else None, None if after else self.since_us)
        decided = tallies.count(self.snapshot, "decided", chosen)
        assert decided > 3, f"{self.cause}: too few to compare"
        return tallies.count(self.snapshot, kind, chosen) / decided

    def days(self, what: str, where: str, name: str, *, inside: bool) -> float:
        """Mean days of steps received while the cause struck, or not."""
        row = self.snapshot.one(
            f"SELECT avg({what}) / {DAY}, count(*) FROM steps WHERE ended_us IS NOT NULL AND {where} = ?"
            " AND (received_us >= ? AND received_us < ?) = ?",
            [name, self.since_us, self.until_us, inside],
        )
        assert row[1] > 0, f"{self.cause}: nothing {'struck' if inside else 'beside it'}"
        return float(row[0])


def officer_away(found: Found) -> None:
    service = found.cause.service
    struck = found.days("waiting_us + working_us", "service", service, inside=True)
    usual = found.days("waiting_us + working_us", "service", service, inside=False)
    assert struck > 2 * usual, (struck, usual)


def wrong_corrections(found: Found) -> None:
    chosen = Chosen(service=found.cause.service)
    assert found.share("corrected", chosen, after=True) > 0.45
    assert found.share("corrected", chosen, after=False) < 0.35


def slow_system(found: Found) -> None:
    struck = found.days("working_us", "service", found.cause.service, inside=True)
    assert struck > 3 * found.days("working_us", "service", found.cause.service, inside=False)


def changed_form(found: Found) -> None:
    chosen = Chosen(service=found.cause.service, life_event=found.cause.life_event)
    assert found.share("refused", chosen, after=True) > 0.12
    assert found.share("refused", chosen, after=False) < 0.1
    versions = Case.objects.filter(life_event=found.cause.life_event).values_list("definition", "submitted_us")
    assert {us >= found.since_us for _, us in versions} == {True, False}
    later = {version for version, us in versions if us >= found.since_us}
    assert len(later) == 1
    assert later.isdisjoint({version for version, us in versions if us < found.since_us})


def no_scanner(found: Found) -> None:
    counter = found.share("corrected", Chosen(channel="counter"), after=True)
    assert counter > 2 * found.share("corrected", Chosen(channel="portal"), after=True)
    assert counter > 2 * found.share("corrected", Chosen(channel="counter"), after=False)


def holiday_backlog(found: Found) -> None:
    struck = found.days("waiting_us + working_us", "department", found.cause.department, inside=True)
    usual = found.days("waiting_us + working_us", "department", found.cause.department, inside=False)
    assert struck > 1.4 * usual, (struck, usual)


def back_and_forth(found: Found) -> None:
    """The process map shows the step changing hands again and again: rework that there was none of before."""
    event, service = found.cause.life_event, found.cause.service

    def again(since_us: int | None, until_us: int | None) -> int:
        told = lifelines.process(found.snapshot, Wanted(event, since_us=since_us, until_us=until_us))
        return sum(r.repeats for r in told.rework if (r.service, r.type) == (service, "step_transferred"))

    assert again(found.since_us, None) >= 6
    assert again(None, found.since_us) == 0


FINDING: dict[str, Callable[[Found], None]] = {
    "officer_away": officer_away,
    "wrong_corrections": wrong_corrections,
    "slow_system": slow_system,
    "changed_form": changed_form,
    "no_scanner": no_scanner,
    "holiday_backlog": holiday_backlog,
    "back_and_forth": back_and_forth,
}


def three() -> tuple[int, int, int]:
    """The first seeds whose stories together hide every kind."""
    events: list[LifeEvent] = life_events()
    kinds = {seed: frozenset(cause.kind for cause in told_by(seed, events, year()).causes) for seed in range(40)}
    return next(seeds for seeds in combinations(kinds, 3) if frozenset.union(*map(kinds.get, seeds)) == set(KINDS))  # type: ignore[arg-type]  # each is there


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_cockpits_figures_show_what_was_hidden(which: int) -> None:
    assert set(FINDING) == set(KINDS)
    story = simulate(CASES, story=three()[which], days=DAYS).story
    assert len(story.causes) == CAUSES
    seal()
    snapshot = queries.snapshot(queries.record_size())
    for cause in story.causes:
        FINDING[cause.kind](Found(snapshot, cause))
