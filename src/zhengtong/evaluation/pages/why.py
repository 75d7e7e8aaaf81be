# SPDX-License-Identifier: Apache-2.0
"""Why did a figure change? This period against the one before, split exactly over what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from zhengtong.errors import BadInput
from zhengtong.evaluation import queries
from zhengtong.evaluation.engine import ratings, tallies
from zhengtong.evaluation.engine.tallies import Line
from zhengtong.evaluation.listing import Cell, Field, Listing
from zhengtong.evaluation.measures import MEASURES
from zhengtong.evaluation.pages.frame import Choice, department_choice, life_event_choice, show
from zhengtong.evaluation.pages.performance import CHANNELS
from zhengtong.evaluation.reading import Period, Reading
from zhengtong.evaluation.rules.contributions import Change, Contribution, Counted, change, change_of_hits
from zhengtong.services.models import Case
from zhengtong.ui.forms import Words
from zhengtong.ui.pages import route

RECENT_DAYS, LARGEST = 30, 12


DIMENSIONS: dict[str, Words] = {
    "service": _lazy("Step"),
    "department": _lazy("Department"),
    "life-event": _lazy("Life event"),
    "regime": _lazy("Regime"),
    "channel": _lazy("Channel"),
    "reason": _lazy("Reason"),
}
"""From the narrowest to the widest: where two name causes of one size, the narrower is said."""


@dataclass(frozen=True)
class Split:
    """The change over one dimension. `situation:KEY` stands for a question the life event asks."""

    key: str
    name: Words
    change: Change
    url: str
    current: bool
    biggest: object = ""


class Comparison:
    """One measure in two periods of equal length, over every dimension that it has."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading = reading.over(RECENT_DAYS)
        self.key = _one_of(reading, "measure", "on-time", MEASURES)
        self.measure = MEASURES[self.key]
        self.now, self.before = reading.period, reading.period.before

    def splits(self) -> list[Split]:
        found = []
        wanted = self.reading.params.get("by", "service")
        for key, name in self._dimensions().items():
            made = self._change(key)
            if made is None:
                continue
            url = self.reading.url("cockpit_why", **{**self.reading.params.dict(), "by": key})
            biggest = self.named(key, made.biggest.group) if made.biggest else ""
            found.append(Split(key, name, made, url, key == wanted, biggest))
        return found

    def _dimensions(self) -> dict[str, Words]:
        if self.key == "bad-ratings":
            return {key: DIMENSIONS[key] for key in ("department", "life-event", "channel")}
        asked = {key: name for key, name in DIMENSIONS.items() if key != "reason" or self.key == "refusals"}
        event = self.reading.events.get(self.reading.params.get("life_event", ""))
        if event is not None:
            asked |= {f"situation:{one.key}": one.question for one in event.event.situations}
        return asked

    def _change(self, key: str) -> Change | None:
        if key == "reason":
            old, new = (self._reasons(period) for period in (self.before, self.now))
            of = (self._whole(self.before).decided, self._whole(self.now).decided)
            return change_of_hits(old, new, of)
        return change(self._counts(key, self.before), self._counts(key, self.now))

    def _counts(self, key: str, period: Period) -> Mapping[str, Counted]:
        reading = self.reading
        if self.key == "bad-ratings":
            event, department = (reading.params.get(name, "") for name in ("life_event", "department"))
            which = ratings.Which(event, department, period.since_us, period.until_us)
            found = ratings.rated(reading.snapshot, key, queries.bad_up_to(), which)
            return {one.group: (one.bad, one.rated) for one in found}
        chosen = reading.chosen.during(period.since_us, period.until_us)
        if key.startswith("situation:"):
            lines = tallies.crossed(reading.snapshot, self._answers(key.partition(":")[2]), chosen)
        else:
            lines = tallies.lines(reading.snapshot, key, chosen)
        return {line.group: self.measure.count(line) for line in lines}

    def _answers(self, question: str) -> list[tuple[str, str]]:
        cases = Case.objects.filter(life_event=self.reading.params.get("life_event", ""))
        return [(number, str(answers.get(question, ""))) for number, answers in cases.values_list("number", "answers")]

    def _reasons(self, period: Period) -> dict[str, int]:
        chosen = self.reading.chosen.during(period.since_us, period.until_us)
        found = tallies.refusals(self.reading.snapshot, chosen)
        return {one.reason: one.count for one in found if one.ended == "refused"}

    def _whole(self, period: Period) -> Line:
        return tallies.total(self.reading.snapshot, self.reading.chosen.during(period.since_us, period.until_us))

    def named(self, dimension: str, group: str) -> object:
        reading = self.reading
        if dimension.startswith("situation:"):
            event = reading.events[reading.params.get("life_event", "")]
            asked = next(one for one in event.event.situations if one.key == dimension.partition(":")[2])
            return next((option.name for option in asked.options if option.key == group), group or "–")
        name: dict[str, Callable[[str], object]] = {
            "service": reading.service, "department": reading.department, "life-event": reading.life_event,
            "regime": reading.regime, "reason": reading.reason, "channel": lambda key: CHANNELS.get(key, key),
        }  # fmt: skip
        return name[dimension](group)

    def opened(self, dimension: str, group: str, period: Period) -> str:
        """Where the steps (or bad ratings) of a group are looked at."""
        field = {"life-event": "life_event"}.get(dimension, dimension)
        if self.key == "bad-ratings":
            if dimension == "channel":
                return ""
            query = {field: group, "since": period.since, "until": period.until}
            return self.reading.url("cockpit_satisfaction", **query)
        if dimension.startswith("situation:"):
            field, group = "situation", f"{dimension.partition(':')[2]}:{group}"
        return self.reading.steps_url(self.measure.kind, period, **{field: group})


def _one_of(reading: Reading, name: str, usual: str, known: Mapping[str, object]) -> str:
    found = reading.params.get(name, usual)
    if found not in known:
        raise BadInput("没有这一项", "there is no such choice", where=name, found=found[:40], expected=", ".join(known))
    return found


def leading(splits: list[Split]) -> Split | None:
    """The dimension whose biggest part goes furthest beyond its share: there lies the cause, if it lies anywhere."""
    with_cause = [one for one in splits if one.change.biggest is not None]
    return max(with_cause, key=lambda one: abs(one.change.biggest.excess) if one.change.biggest else 0, default=None)


def _points(value: object, unit: str) -> str:
    """A change: in percentage points, or in days."""
    number = float(value)  # type: ignore[arg-type]  # a Fraction
    words = f"{number:+.2f}" if unit == "days" else f"{100 * number:+.1f}"
    return words.lstrip("+-") if not float(words) else words.replace("-", "−")


def _level(counted: Counted, unit: str) -> str:
    if not counted[1]:
        return "–"
    value = counted[0] / counted[1]
    return f"{value:.1f}" if unit == "days" else f"{100 * value:.1f}%"


def contributions(reading: Reading, _key: str = "", *, most: int | None = None) -> Listing:
    """What each group of the chosen dimension contributed; beyond the `most` largest, the others as one row."""
    asked = Comparison(reading)
    splits = asked.splits()
    chosen = next((one for one in splits if one.current), splits[0] if splits else None)
    unit = asked.measure.unit
    in_units = _lazy("Adds, in days") if unit == "days" else _lazy("Adds, in percentage points")
    columns = [
        Field("group", chosen.name if chosen else ""),
        Field("before", _lazy("Before"), "count"),
        Field("before_of", _lazy("of so many"), "count"),
        Field("after", _lazy("Now"), "count"),
        Field("after_of", _lazy("of so many"), "count"),
        Field("adds", in_units, "share"),
        Field("by_rate", _lazy("by doing better or worse"), "share"),
        Field("by_mix", _lazy("by there being more or less"), "share"),
    ]
    parts = chosen.change.parts if chosen else ()
    shown = set(sorted(parts, key=lambda part: -abs(part.total))[:most])
    rows = [_row(asked, chosen.key, part, unit) for part in parts if part in shown] if chosen else []
    if rest := [part for part in parts if part not in shown]:
        rows.append(_others(rest, unit))
    return Listing("contributions", _lazy("What adds to the change"), columns, rows, wide=True)


def _others(parts: Sequence[Contribution], unit: str) -> list[object]:
    """Together, so that the rows still sum to the change."""
    before, after = ((sum(p[0] for p in pairs), sum(p[1] for p in pairs)) for pairs in (
        [part.before for part in parts], [part.after for part in parts],
    ))  # fmt: skip
    sums = [sum(getattr(part, name) for part in parts) for name in ("total", "rate", "mix")]
    name = ngettext("%(n)s other", "%(n)s others", len(parts)) % {"n": len(parts)}
    return [
        Cell("", name),
        Cell(before[0], _level(before, unit)),
        before[1],
        Cell(after[0], _level(after, unit)),
        after[1],
        *(Cell(float(value), _points(value, unit)) for value in sums),
    ]


def _row(asked: Comparison, dimension: str, part: Contribution, unit: str) -> list[object]:
    return [
        Cell(part.group, asked.named(dimension, part.group)),
        Cell(part.before[0], _level(part.before, unit)),
        part.before[1],
        Cell(part.after[0], _level(part.after, unit), asked.opened(dimension, part.group, asked.now)),
        part.after[1],
        *(Cell(float(value), _points(value, unit)) for value in (part.total, part.rate, part.mix)),
    ]


@route(permission="cockpit.read")
def why(request: HttpRequest) -> HttpResponse:
    asked = Comparison(Reading(request.GET))
    reading = asked.reading
    splits = asked.splits()
    cause = leading(splits)
    measures = [(key, measure.name) for key, measure in MEASURES.items()]
    context: dict[str, object] = {
        "measure": asked.measure,
        "now": asked.now,
        "before": asked.before,
        "splits": splits,
        "listing": contributions(reading, most=LARGEST),
        "choices": [
            Choice("measure", _("Figure"), asked.key, measures), life_event_choice(reading), department_choice(reading),
        ],
    }  # fmt: skip
    if splits:
        unit, whole = asked.measure.unit, splits[0].change
        better = (whole.difference > 0) == asked.measure.good
        context |= {
            "from": _level(whole.before, unit),
            "to": _level(whole.after, unit),
            "same": whole.difference == 0,
            "better": better,
            "cause": cause_in_words(asked, cause) if cause else None,
        }
    return show(request, "cockpit_why", "evaluation/why.html", context, reading=reading)


def cause_in_words(asked: Comparison, cause: Split) -> dict[str, object]:
    """The biggest contributor in words, and where to see it."""
    part, unit = cause.change.biggest, asked.measure.unit
    if part is None:
        return {}
    by_mix = abs(part.mix) > abs(part.rate)
    return {
        "dimension": cause.name,
        "name": asked.named(cause.key, part.group),
        "from": _level(part.before, unit),
        "to": _level(part.after, unit),
        "adds": _points(part.total, unit),
        "of": _points(cause.change.difference, unit),
        "unit": unit,
        "by_mix": by_mix,
        "before_of": part.before[1],
        "after_of": part.after[1],
        "url": asked.opened(cause.key, part.group, asked.now),
        "split_url": cause.url,
    }
