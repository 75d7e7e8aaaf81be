# SPDX-License-Identifier: Apache-2.0
"""四减 measured: what a reform saved, shown only where item set, scope and method are the same before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MEASURES = ("steps", "days", "materials", "visits", "fields", "departments")


@dataclass(frozen=True)
class Before:
    """Published figures from before a reform, and what they covered. A measure that was not published is absent."""

    services: frozenset[str]
    comparable: bool
    figures: Mapping[str, int]


@dataclass(frozen=True)
class Reduction:
    """One measure. `share` saved (negative when it grew) only where `why_not` is empty.

    `why_not` is a code: "other_services", "other_method", "not_published", "not_measured".
    """

    measure: str
    before: int | None
    measured: float | None
    share: float | None
    why_not: str = ""


def reduction(measure: str, before: Before, services: frozenset[str], measured: float | None) -> Reduction:
    """Compare one measure, or say why it cannot be compared."""
    figure = before.figures.get(measure)
    if before.services != services:
        why = "other_services"
    elif not before.comparable:
        why = "other_method"
    elif figure is None or figure == 0:
        why = "not_published"
    elif measured is None:
        why = "not_measured"
    else:
        return Reduction(measure, figure, measured, (figure - measured) / figure)
    return Reduction(measure, figure, measured, None, why)


def reductions(before: Before, services: frozenset[str], measured: Mapping[str, float | None]) -> Sequence[Reduction]:
    """All six measures in the order 环节 时间 材料 跑动, then fields and departments."""
    return [reduction(measure, before, services, measured.get(measure)) for measure in MEASURES]
