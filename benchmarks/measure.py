# SPDX-License-Identifier: Apache-2.0
"""Timing: sides take turns, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Work = Callable[[], int]
"""Does the work once; returns how many units (acts, events, pages) it did."""


@dataclass(frozen=True)
class Round:
    """One run of one side, a unit: CPU seconds (user and system, all threads) and wall seconds."""

    cpu_s: float
    wall_s: float


@dataclass(frozen=True)
class Side:
    """All rounds of one side. `unit` names what one of them is."""

    name: str
    unit: str
    rounds: tuple[Round, ...]

    @property
    def cpu_us(self) -> float:
        """Median CPU microseconds a unit."""
        return median(one.cpu_s for one in self.rounds) * 1e6

    @property
    def wall_us(self) -> float:
        return median(one.wall_s for one in self.rounds) * 1e6

    @property
    def spread(self) -> float:
        """The noise: (largest − smallest) / median of the CPU time, 0.1 being ten per cent."""
        cpu = [one.cpu_s for one in self.rounds]
        return (max(cpu) - min(cpu)) / median(cpu)

    def ratio(self, floor: Side) -> tuple[float, float, float]:
        """CPU of this side over `floor`'s, round by round: median, smallest, largest."""
        each = [mine.cpu_s / theirs.cpu_s for mine, theirs in zip(self.rounds, floor.rounds, strict=True)]
        return median(each), min(each), max(each)


def timed(work: Work) -> Round:
    """One run, the garbage of earlier ones cleared first. Raises ValueError for work that did nothing."""
    gc.collect()
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    units = work()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    if units < 1:
        raise ValueError("a benchmark measured no unit of work")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Round(cpu / units, wall / units)


def side_by_side(
    sides: Sequence[tuple[str, Work]],
    unit: str,
    rounds: int,
    *,
    before_each: Callable[[], None] = lambda: None,
) -> list[Side]:
    """Run every side once a round, in turn, after one unmeasured round. `before_each` restores the common start."""
    taken: dict[str, list[Round]] = {name: [] for name, _ in sides}
    for number in range(rounds + 1):
        for name, work in sides:
            before_each()
            one = timed(work)
            if number:
                taken[name].append(one)
    return [Side(name, unit, tuple(taken[name])) for name, _ in sides]
