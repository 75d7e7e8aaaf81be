# SPDX-License-Identifier: Apache-2.0
"""Which time limits govern a matter, as values: everything here comes from the city's files, with its source.

Deemed acceptance, 20 + 10 and 45 + 15 working days belong to administrative licences only (行政许可法 arts.
32, 42); most matters of a newborn are not licences. So a regime holds what its file states and nothing by
default: no limit where none is stated, no deemed acceptance unless the file says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

from zhengtong.errors import BadInput
from zhengtong.services.rules.clock import Unit, checked_amount

LimitKind = Literal["accept", "correct", "decide", "deliver"]
KINDS: Final[tuple[LimitKind, ...]] = get_args(LimitKind)


@dataclass(frozen=True)
class Source:
    """Where a figure comes from. `verified` only when it was checked against the official text."""

    citation: str
    verified: bool = False


@dataclass(frozen=True)
class Extension:
    """`days` more units in all, in the unit of the limit, approved by the role `approver` ("" = not
    stated), at most `times` times (None = not stated)."""

    days: int
    approver: str = ""
    source: Source | None = None
    times: int | None = None


@dataclass(frozen=True)
class Allowance:
    """A length of time. `near`: it is near its end when so many units or fewer remain (None = never shown
    as near)."""

    amount: int
    unit: Unit = "working_days"
    source: Source | None = None
    extension: Extension | None = None
    near: int | None = None

    def __post_init__(self) -> None:
        checked_amount(self.amount, self.unit, "amount")
        if self.extension is not None:
            checked_amount(self.extension.days, self.unit, "extension.days")
        if self.near is not None:
            checked_amount(self.near, self.unit, "near")


@dataclass(frozen=True)
class Regime:
    """The time limits of one kind of matter.

    `accept`: to accept, refuse to accept, or ask for corrections, from receipt. `deemed`: past it without
    any of the three, the matter counts as accepted **from the day of receipt** (行政许可法 art. 32 (4));
    after corrections, from the day they came in [I]. `corrections`: how often they may be asked, each time
    for all there is (once for a licence). `correct`: the applicant's own time to correct. `decide` from
    acceptance; `joint` replaces it where several departments handle together (art. 42 ¶2); `deliver` from a
    decision that grants (art. 44).
    """

    key: str
    zh: str
    en: str
    source: Source
    accept: Allowance | None = None
    deemed: bool = False
    corrections: int = 1
    correct: Allowance | None = None
    decide: Allowance | None = None
    joint: Allowance | None = None
    deliver: Allowance | None = None

    def __post_init__(self) -> None:
        if self.deemed and self.accept is None:
            raise BadInput(
                "没有受理时限，就不能视为受理",
                "nothing can be deemed accepted where there is no time limit for accepting",
                where=self.key,
                expected="accept",
            )


@dataclass(frozen=True)
class Terms:
    """What one matter's clocks run on: its regime, whether it is handled jointly, its own figures.

    `own` replaces the regime's statutory length where another law sets it (art. 42
    “法律、法规另有规定的，依照其规定”). `promised` is what the department undertook; it may be counted in
    another unit, and is never longer than the statute where the units agree. Raises BadInput otherwise.
    """

    regime: Regime
    joint: bool = False
    own: Mapping[LimitKind, Allowance] = field(default_factory=lambda: MappingProxyType({}))
    promised: Mapping[LimitKind, Allowance] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.joint and self.regime.joint is None and "decide" not in self.own:
            raise BadInput(
                "这个时限制度没有规定联合办理的时限",
                "this regime sets no time limit for joint handling",
                where=self.regime.key,
                expected="joint",
            )
        for kind, promise in self.promised.items():
            statute = self.statutory(kind)
            if statute and statute.unit == promise.unit and promise.amount > statute.amount:
                raise BadInput(
                    "承诺时限长于法定时限",
                    "the promised time limit is longer than the statutory one",
                    where=f"{self.regime.key}.{kind}",
                    found=promise.amount,
                    expected=f"≤ {statute.amount} {statute.unit}",
                )

    def statutory(self, kind: LimitKind) -> Allowance | None:
        """The length that law sets for this matter, or None where it sets none."""
        if kind in self.own:
            return self.own[kind]
        table = {
            "accept": self.regime.accept,
            "correct": self.regime.correct,
            "decide": self.regime.joint if self.joint else self.regime.decide,
            "deliver": self.regime.deliver,
        }
        return table[kind]
