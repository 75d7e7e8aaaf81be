# SPDX-License-Identifier: Apache-2.0
"""对账: the other system's own list of applications held against ours, and what is waited for between the two.

Two books are never read at the same instant: whatever moved within the `settling` time before the list was drawn up
may still be on its way and is compared the next day. Everything else that is not the same in both books is a
difference, named by what it is, never corrected by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Standing = Literal["pending", "granted", "refused"]


class Kind(StrEnum):
    MISSING_THERE = "missing_there"  # we handed it over, they do not have it
    MISSING_HERE = "missing_here"  # they have it, we never handed it over
    STATE = "state"  # both have it and say different things of it
    NUMBER = "number"  # both say granted, with different numbers of the result


class Way(StrEnum):
    """How an officer settles a difference."""

    PUSH_AGAIN = "push_again"  # hand the application over once more
    TAKE_OVER = "take_over"  # their decision becomes ours
    EXPLAIN = "explain"  # both books stay as they are, and why


def ways(kind: Kind, ours: str, theirs: str) -> tuple[Way, ...]:
    """What may be done about a difference. A decision made here is never undone by a list: where both houses have
    decided, differently, a person has to talk to the other house, and only then explain."""
    if kind is Kind.MISSING_THERE and ours == "pending":
        return (Way.PUSH_AGAIN, Way.EXPLAIN)
    if kind is Kind.STATE and ours == "pending" and theirs != "pending":
        return (Way.TAKE_OVER, Way.EXPLAIN)
    return (Way.EXPLAIN,)


@dataclass(frozen=True)
class Ours:
    """One application as our book has it; `moved_us` is when it last changed here. `withdrawn`: we gave it up, what
    they say of it changes nothing."""

    reference: str
    standing: Standing
    moved_us: int
    output: str = ""
    withdrawn: bool = False


@dataclass(frozen=True)
class Theirs:
    """One application as their list has it. `output` only where granted, `reason` (a code) only where refused."""

    reference: str
    standing: Standing
    received_us: int
    decided_us: int | None = None
    output: str = ""
    reason: str = ""

    @property
    def moved_us(self) -> int:
        return self.received_us if self.decided_us is None else self.decided_us


@dataclass(frozen=True, order=True)
class Found:
    """One difference. `ours` and `theirs` say what each book holds, "" where it holds nothing."""

    reference: str
    kind: Kind
    ours: str = ""
    theirs: str = ""


@dataclass(frozen=True)
class Comparison:
    """`agreed` the same in both; `moving` too young to be compared."""

    agreed: int
    moving: int
    found: tuple[Found, ...]


def compare(ours: Iterable[Ours], theirs: Iterable[Theirs], *, listed_us: int, settling_us: int) -> Comparison:
    """Hold two books against each other as of `listed_us`, the differences in order of reference."""
    here: Mapping[str, Ours] = {one.reference: one for one in ours}
    there: Mapping[str, Theirs] = {one.reference: one for one in theirs}
    still_us = listed_us - settling_us
    agreed = moving = 0
    found: list[Found] = []
    for reference in sorted(here.keys() | there.keys()):
        mine, its = here.get(reference), there.get(reference)
        difference = _difference(mine, its)
        if difference is None:
            agreed += 1
        elif max(one.moved_us for one in (mine, its) if one) > still_us:
            moving += 1
        else:
            found.append(difference)
    return Comparison(agreed, moving, tuple(found))


def _difference(mine: Ours | None, its: Theirs | None) -> Found | None:
    if mine is None:
        assert its is not None  # noqa: S101  # the reference stands in one of the two
        return Found(its.reference, Kind.MISSING_HERE, "", its.standing)
    if mine.withdrawn:
        return None
    if its is None:
        return Found(mine.reference, Kind.MISSING_THERE, mine.standing, "")
    if mine.standing != its.standing:
        return Found(mine.reference, Kind.STATE, mine.standing, its.standing)
    if mine.output != its.output:
        return Found(mine.reference, Kind.NUMBER, mine.output, its.output)
    return None


@dataclass(frozen=True)
class Passage:
    """One application's way through another system, in µs: ready to be handed over here, confirmed received,
    decided there (by their clock), known here. None: not yet, or for `decided_us` not told."""

    ready_us: int
    received_us: int | None = None
    decided_us: int | None = None
    reported_us: int | None = None


@dataclass(frozen=True)
class Spread:
    """How long one leg takes: median and the time within which nine of ten are done (nearest rank), in µs."""

    count: int
    median_us: int
    p90_us: int


LEGS = ("handing_over", "deciding", "reporting", "whole")


def lags(passages: Sequence[Passage]) -> Mapping[str, Spread | None]:
    """The spread of each leg over those that finished it. Clocks of two houses differ: a leg that would be negative by
    it counts as zero."""
    legs: dict[str, list[int]] = {leg: [] for leg in LEGS}
    for one in passages:
        for leg, start, end in (
            ("handing_over", one.ready_us, one.received_us),
            ("deciding", one.received_us, one.decided_us),
            ("reporting", one.decided_us, one.reported_us),
            ("whole", one.ready_us, one.reported_us),
        ):
            if start is not None and end is not None:
                legs[leg].append(max(0, end - start))
    return {leg: spread(values) for leg, values in legs.items()}


def spread(values: Sequence[int]) -> Spread | None:
    """None where there is nothing to measure."""
    if not values:
        return None
    ordered = sorted(values)
    return Spread(len(ordered), _rank(ordered, 50), _rank(ordered, 90))


def _rank(ordered: Sequence[int], percent: int) -> int:
    return ordered[max(0, math.ceil(percent * len(ordered) / 100) - 1)]
