# SPDX-License-Identifier: Apache-2.0
"""Why did a figure change? Its change split over the groups it is made of, so that the parts sum exactly to the whole.

A rate is R = Σ wᵢ rᵢ, with the group's share wᵢ = nᵢ/N of all that is counted and its own rate rᵢ = kᵢ/nᵢ. After
Kitagawa (Journal of the American Statistical Association 50, 1955), with midpoints, group i contributes

    own rate   (rᵢ′ − rᵢ) · (wᵢ′ + wᵢ)/2             it does better or worse than before
    mix        (wᵢ′ − wᵢ) · ((rᵢ′ + rᵢ)/2 − R̄)       there is more or less of it; R̄ = (R′ + R)/2

and nothing is left over. A group missing in one period has there the rate it has in the other: all it adds is mix.
Everything is a `Fraction`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Counted = tuple[int, int]
"""(hits, of so many); for a mean: (sum, of so many)."""


@dataclass(frozen=True)
class Contribution:
    """What one group adds to the change. `before` and `after` are its (hits, of so many)."""

    group: str
    before: Counted
    after: Counted
    rate: Fraction
    mix: Fraction
    excess: Fraction
    """Beyond its share of all that is counted: nought for every group when all changed alike. By this, a half of all
    cases that merely shared in a change is told from the tenth that caused it."""

    @property
    def total(self) -> Fraction:
        return self.rate + self.mix


@dataclass(frozen=True)
class Change:
    """A figure in two periods, and what each group contributed, the largest part in the change's direction first."""

    before: Counted
    after: Counted
    parts: tuple[Contribution, ...]

    @property
    def difference(self) -> Fraction:
        return Fraction(*self.after) - Fraction(*self.before)

    @property
    def before_share(self) -> float:
        return self.before[0] / self.before[1]

    @property
    def after_share(self) -> float:
        return self.after[0] / self.after[1]

    @property
    def biggest(self) -> Contribution | None:
        """The part that goes furthest beyond its share in the change's direction; None where nothing changed."""
        falling = self.difference < 0
        ahead = [part for part in self.parts if (part.total < 0) == falling and part.total != 0]
        if not self.difference or not ahead:
            return None
        return max(ahead, key=lambda part: (abs(part.excess) if (part.excess < 0) == falling else 0, part.group))


def change(before: Mapping[str, Counted], after: Mapping[str, Counted]) -> Change | None:
    """The change of a rate or mean over groups. None where one of the periods counted nothing."""
    first, second = _sum(before.values()), _sum(after.values())
    if not first[1] or not second[1]:
        return None
    middle = (Fraction(*first) + Fraction(*second)) / 2
    difference = Fraction(*second) - Fraction(*first)
    parts = []
    for group in sorted({*before, *after}):
        old, new = before.get(group, (0, 0)), after.get(group, (0, 0))
        if not old[1] and not new[1]:
            continue
        old_rate = Fraction(*old) if old[1] else Fraction(*new)
        new_rate = Fraction(*new) if new[1] else Fraction(*old)
        old_share, new_share = Fraction(old[1], first[1]), Fraction(new[1], second[1])
        rate = (new_rate - old_rate) * (old_share + new_share) / 2
        mix = (new_share - old_share) * ((old_rate + new_rate) / 2 - middle)
        excess = rate + mix - (old_share + new_share) / 2 * difference
        parts.append(Contribution(group, old, new, rate, mix, excess))
    return Change(first, second, _ordered(parts, difference))


def change_of_hits(before: Mapping[str, int], after: Mapping[str, int], of: tuple[int, int]) -> Change | None:
    """The change of a share by kinds of hit (refusals by reason): each kind is its own part of the same whole.

    `of` is what was counted in the two periods. None where one of them counted nothing.
    """
    if not of[0] or not of[1]:
        return None
    first, second = (sum(before.values()), of[0]), (sum(after.values()), of[1])
    parts = []
    for group in sorted({*before, *after}):
        old, new = before.get(group, 0), after.get(group, 0)
        moved = Fraction(new, of[1]) - Fraction(old, of[0])
        parts.append(Contribution(group, (old, of[0]), (new, of[1]), moved, Fraction(0), moved))
    return Change(first, second, _ordered(parts, Fraction(*second) - Fraction(*first)))


def _sum(counts: object) -> Counted:
    pairs: Sequence[Counted] = list(counts)  # type: ignore[call-overload]  # the values of a mapping of pairs
    return sum(hits for hits, _ in pairs), sum(of for _, of in pairs)


def _ordered(parts: Sequence[Contribution], difference: Fraction) -> tuple[Contribution, ...]:
    sign = -1 if difference < 0 else 1
    return tuple(sorted(parts, key=lambda part: (-sign * part.total, part.group)))
