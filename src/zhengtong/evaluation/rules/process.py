# SPDX-License-Identifier: Apache-2.0
"""What mining finds, as values. Times are integer microseconds; a mean is floored; a percentile is the nearest
rank.

The median of an even count is the floored middle of its two middle values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

PERCENTILES = (5, 25, 75, 90, 95, 99)


@dataclass(frozen=True)
class _Result:
    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Arc(_Result):
    """`source` directly followed by `target`. Time runs between the two events, waiting from the first's end
    to the second's start (equal where the log writes no starts; nothing where they overlap)."""

    source: str
    target: str
    count: int
    total_us: int
    median_us: int
    waiting_us: int

    @property
    def mean_us(self) -> int:
        return self.total_us // self.count

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "mean_us": self.mean_us}


@dataclass(frozen=True)
class Activity(_Result):
    """How often it happened, and in how many cases it was the first and the last event."""

    name: str
    events: int
    starts: int
    ends: int


@dataclass(frozen=True)
class ProcessMap(_Result):
    activities: tuple[Activity, ...]
    arcs: tuple[Arc, ...]

    @property
    def events(self) -> int:
        return sum(activity.events for activity in self.activities)

    @property
    def cases(self) -> int:
        return sum(activity.starts for activity in self.activities)

    def bottlenecks(self, top: int) -> list[Arc]:
        """Arcs on which cases wait longest in all."""
        return sorted(self.arcs, key=lambda arc: (-arc.waiting_us, arc.source, arc.target))[:top]

    def to_json(self) -> dict[str, Any]:
        return {
            "activities": [activity.to_json() for activity in self.activities],
            "arcs": [arc.to_json() for arc in self.arcs],
        }


def process_map(
    names: Mapping[int, str], rows: Iterable[tuple[int, int | None, int, int | None, int | None, int | None]]
) -> ProcessMap:
    """From (activity, next activity or None at a case's end, count, total, median, waiting).

    Every event leaves its activity once, to a next one or to the end; what no arc brought began a case.
    """
    leaving: dict[int, int] = {}
    arriving: dict[int, int] = {}
    ends: dict[int, int] = {}
    arcs = []
    for source, target, count, total, median, waiting in rows:
        leaving[source] = leaving.get(source, 0) + count
        if target is None:
            ends[source] = count
        else:
            arriving[target] = arriving.get(target, 0) + count
            arcs.append(Arc(names[source], names[target], count, total or 0, median or 0, waiting or 0))
    activities = (
        Activity(names[one], events, events - arriving.get(one, 0), ends.get(one, 0)) for one, events in leaving.items()
    )
    return ProcessMap(
        tuple(sorted(activities, key=lambda activity: (-activity.events, activity.name))),
        tuple(sorted(arcs, key=lambda arc: (-arc.count, arc.source, arc.target))),
    )


@dataclass(frozen=True)
class Variant(_Result):
    sequence: tuple[str, ...]
    cases: int


@dataclass(frozen=True)
class Variants(_Result):
    """`total` different sequences, `single` of them of one case only; `top` the most frequent."""

    total: int
    single: int
    top: tuple[Variant, ...]


@dataclass(frozen=True)
class Durations(_Result):
    """From a case's first to its last event. `percentiles` maps the percent to microseconds."""

    cases: int
    total_us: int
    min_us: int
    median_us: int
    max_us: int
    percentiles: Mapping[int, int]

    @property
    def mean_us(self) -> int:
        return self.total_us // self.cases

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "mean_us": self.mean_us}


@dataclass(frozen=True)
class Repeat(_Result):
    """An activity done again: in how many cases, how many times beyond the first, how many of those at once
    after itself.
    """

    activity: str
    cases: int
    repeats: int
    self_loops: int


@dataclass(frozen=True)
class PingPong(_Result):
    """A case went from `activity` to `other` and straight back."""

    activity: str
    other: str
    count: int


@dataclass(frozen=True)
class Rework(_Result):
    cases: int
    repeats: tuple[Repeat, ...]
    ping_pong: tuple[PingPong, ...]


@dataclass(frozen=True)
class Share(_Result):
    """What one resource or department did; `name` is None where the log names none."""

    name: str | None
    events: int
    cases: int


def listed(values: Sequence[_Result]) -> list[dict[str, Any]]:
    return [value.to_json() for value in values]
