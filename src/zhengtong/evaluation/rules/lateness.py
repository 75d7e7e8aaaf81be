# SPDX-License-Identifier: Apache-2.0
"""Ends against limits: when something is late, how often, and how to say a length of time to a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


class Basis(StrEnum):
    """Compared as instants, or by local date: done on the very day of the limit is then in time, whatever the
    hour.
    """

    INSTANT = "instant"
    DATE = "date"


@dataclass(frozen=True)
class Moment:
    """An instant in microseconds UTC and the number of its local day since 1970-01-01."""

    us: int
    day: int


def is_late(end: Moment, due: Moment, basis: Basis) -> bool:
    return end.day > due.day if basis is Basis.DATE else end.us > due.us


@dataclass(frozen=True)
class LateCase:
    """`days` counts calendar days between the local dates (0: late on the day itself)."""

    case_id: str
    end_us: int
    due_us: int
    days: int


@dataclass(frozen=True)
class Lateness:
    """Of `finished` cases `compared` have this limit; `late` of those ended after it. `rule_declared` is false
    where the log does not say what finished means: then every case's last event counts as its end."""

    due: str
    basis: Basis
    finished: int
    compared: int
    late: int
    rule_declared: bool
    worst: tuple[LateCase, ...]

    @property
    def on_time_basis_points(self) -> int | None:
        """In hundredths of a percent, floored; None where nothing could be compared."""
        return (self.compared - self.late) * 10_000 // self.compared if self.compared else None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "basis": self.basis.value, "on_time_basis_points": self.on_time_basis_points}


def count_late(pairs: Iterable[tuple[Moment | None, Moment | None]], basis: Basis) -> tuple[int, int, int]:
    """(finished, compared, late) of (end, due) pairs; a case without an end is not finished."""
    finished = compared = late = 0
    for end, due in pairs:
        if end is None:
            continue
        finished += 1
        if due is not None:
            compared += 1
            late += is_late(end, due, basis)
    return finished, compared, late


_UNITS = ((DAY_US, "天", "d"), (3_600 * SECOND_US, "小时", "h"), (60 * SECOND_US, "分", "min"), (SECOND_US, "秒", "s"))


def readable(us: int) -> tuple[str, str]:
    """A length of time in its largest unit with one decimal, floored, in Chinese and English."""
    sign, us = ("-", -us) if us < 0 else ("", us)
    for size, zh, en in _UNITS:
        if us >= size:
            tenths = us * 10 // size
            number = f"{sign}{tenths // 10}.{tenths % 10}"
            return f"{number} {zh}", f"{number} {en}"
    milliseconds = us // 1000
    return f"{sign}{milliseconds} 毫秒", f"{sign}{milliseconds} ms"
