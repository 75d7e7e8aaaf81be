# SPDX-License-Identifier: Apache-2.0
"""A task's figure: measured when it is proposed, measured again when it is closed, and judged by its target."""

from __future__ import annotations

import pytest

from organization.test_task_actions import DAY_US, LEADER, MONDAY_US, OFFICE, POLICE, proposal, told
from people import do
from zhengtong.acts.serving import city
from zhengtong.organization import indicators
from zhengtong.organization.actions.close_task import CloseTask
from zhengtong.organization.actions.give_feedback import GiveFeedback
from zhengtong.organization.actions.open_task import OpenTask
from zhengtong.organization.indicators import Figure, Indicator, reached, target_share
from zhengtong.organization.measuring import effect
from zhengtong.organization.models import SupervisedTask, TaskMeasurement

pytestmark = [pytest.mark.django_db, pytest.mark.database]


class Counter:
    """An indicator that says what it is told to say, and remembers what it was asked."""

    def __init__(self, *figures: Figure) -> None:
        self.figures, self.asked = list(figures), list[tuple[str, int, int]]()

    def measure(self, scope: str, since_us: int, until_us: int) -> Figure:
        self.asked.append((scope, since_us, until_us))
        return self.figures[len(self.asked) - 1]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter(Figure(81, 100, 500), Figure(97, 100, 900))
    monkeypatch.setattr(indicators, "_indicators", {})
    indicators.register(
        Indicator(
            "speed", True, lambda scope: f"Speed of {scope}", lambda scope: scope == "birth", counter.measure,
            lambda scope, since, until: f"/{scope}/{since}/{until}",
        )
    )  # fmt: skip
    return counter


def run(indicator: str, target: str = "on time 95%") -> SupervisedTask:
    given = proposal(indicator=indicator, target_figure=target)
    number = str(do(given, LEADER, at_us=MONDAY_US).result["task"])
    do(OpenTask(number, "police", "normal"), OFFICE, at_us=MONDAY_US + DAY_US)
    do(GiveFeedback(number, "已办结", done=True), POLICE, at_us=MONDAY_US + 2 * DAY_US)
    closing = do(CloseTask(number), OFFICE, at_us=MONDAY_US + 9 * DAY_US)
    row = SupervisedTask.objects.get(number=number)
    row.closing = closing  # type: ignore[attr-defined]
    return row


def test_the_figure_is_measured_before_and_after_and_its_events_say_so(counted: Counter) -> None:
    row = run("speed.birth")
    days = city().calendar
    (_, since, until), after = counted.asked
    assert until == MONDAY_US and (days.date_of(until) - days.date_of(since)).days == 30
    assert after == ("birth", MONDAY_US + DAY_US, MONDAY_US + 9 * DAY_US), "since it was handed over"
    stored = list(TaskMeasurement.objects.order_by("id").values_list("moment", "hits", "of", "leaves"))
    assert stored == [("proposed", 81, 100, 500), ("closed", 97, 100, 900)]
    events = dict(told(row.closing))
    assert events["task_closed"] == {"state": "closed", "measured_basis_points": 9_700}
    assert events["task_measured"] == {"moment": "closed", "hits_count": 97, "of_count": 100, "leaves": 900}


def test_the_effect_is_shown_with_what_was_counted_and_whether_the_target_is_reached(counted: Counter) -> None:
    found = effect(run("speed.birth"))
    assert found is not None
    assert (found.name, found.reached) == ("Speed of birth", True)
    assert found.before is not None and found.before.share == 0.81
    assert found.after_url == f"/birth/{MONDAY_US + DAY_US}/{MONDAY_US + 9 * DAY_US}"


def test_where_nothing_happened_since_there_is_no_figure_and_no_verdict(counted: Counter) -> None:
    counted.figures[1] = Figure(0, 0, 900)
    row = run("speed.birth")
    found = effect(row)
    assert found is not None and found.after is not None
    assert (found.after.share, found.reached) == (None, None)
    assert dict(told(row.closing))["task_closed"] == {"state": "closed"}


@pytest.mark.parametrize("indicator", ["", "speed.moon", "other.birth"])
def test_what_nobody_measures_is_carried_as_a_name_only(counted: Counter, indicator: str) -> None:
    row = run(indicator)
    assert effect(row) is None and counted.asked == []
    assert not TaskMeasurement.objects.exists()


def test_two_rooms_cannot_measure_one_kind(counted: Counter) -> None:
    (known,) = indicators._indicators.values()
    indicators.register(known)
    with pytest.raises(ValueError, match="speed"):
        indicators.register(Indicator("speed", False, str, bool, counted.measure, lambda *_: ""))


@pytest.mark.parametrize(
    ("words", "share"),
    [
        ("on time 95%", 0.95),
        ("按时率达到 97.5％", 0.975),
        ("95", None),
        ("", None),
        ("五日内", None),
        ("at most 5 %", 0.05),
    ],
)
def test_a_target_is_read_from_its_words(words: str, share: float | None) -> None:
    assert target_share(words) == share


def test_more_is_better_or_less_is() -> None:
    more = Indicator("a", True, str, bool, lambda *_: Figure(0, 0, 0), lambda *_: "")
    less = Indicator("b", False, str, bool, lambda *_: Figure(0, 0, 0), lambda *_: "")
    assert [reached(more, one, 0.95) for one in (0.94, 0.95, None)] == [False, True, None]
    assert [reached(less, one, 0.05) for one in (0.04, 0.05, 0.06)] == [True, True, False]
    assert reached(more, 0.9, None) is None
