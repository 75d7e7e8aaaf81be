# SPDX-License-Identifier: Apache-2.0
"""The external loop of 好差评: repeated bad ratings and complaints propose a change of the definition, and its
effect is measured.

What counts as repeated (how many, in how many days) is a rule of the city; here is only how it is applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Final

DAY_US: Final = 86_400_000_000


@dataclass(frozen=True)
class Threshold:
    """`at_least` bad ratings and complaints within `days` calendar days of each other."""

    at_least: int
    days: int


@dataclass(frozen=True)
class Bad:
    """A bad rating or complaint: of which life event, which department, for which aspects (none: the whole, "")."""

    reference: str
    at_us: int
    life_event: str
    department: str
    aspects: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Concern:
    """What ratings and tickets complain about together."""

    life_event: str
    department: str
    aspect: str


@dataclass(frozen=True)
class Repeated:
    """Enough of them: references of what stands behind it, oldest first."""

    concern: Concern
    behind: tuple[str, ...]


def repeated(ratings: Iterable[Bad], threshold: Threshold, now_us: int) -> list[Repeated]:
    """Concerns with enough of them within the days before `now_us`, each with all of them."""
    since = now_us - threshold.days * DAY_US
    found: dict[Concern, list[Bad]] = {}
    for one in sorted(ratings, key=lambda bad: (bad.at_us, bad.reference)):
        if since < one.at_us <= now_us:
            for aspect in one.aspects or ("",):
                found.setdefault(Concern(one.life_event, one.department, aspect), []).append(one)
    return [
        Repeated(concern, tuple(one.reference for one in behind))
        for concern, behind in sorted(found.items())
        if len(behind) >= threshold.at_least
    ]


@dataclass(frozen=True)
class Share:
    """Bad ratings among all, with the 95 % interval of Wilson (1927), which holds for small numbers too."""

    bad: int
    all: int
    low: float
    high: float

    @property
    def rate(self) -> float | None:
        return self.bad / self.all if self.all else None


Z95: Final = 1.959963984540054


def share(bad: int, all: int) -> Share:
    """Raises ValueError where there are more bad ratings than ratings. Without any rating nothing is known: 0 to 1."""
    if not 0 <= bad <= all:
        raise ValueError(f"{bad} of {all}")
    if all == 0:
        return Share(0, 0, 0.0, 1.0)
    rate, z2 = bad / all, Z95 * Z95
    middle, spread = rate + z2 / (2 * all), Z95 * sqrt(rate * (1 - rate) / all + z2 / (4 * all * all))
    scale = 1 + z2 / all
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return Share(bad, all, low if bad else 0.0, high if bad < all else 1.0)


def apart(before: Share, after: Share) -> bool:
    """Whether the intervals do not overlap: a careful sign that the change made a difference."""
    return before.low > after.high or after.low > before.high
