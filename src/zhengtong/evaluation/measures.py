# SPDX-License-Identifier: Apache-2.0
"""The figures that are compared between periods and carried by supervised tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _lazy

from zhengtong.evaluation.engine.tallies import Line
from zhengtong.evaluation.rules.contributions import Counted
from zhengtong.ui.forms import Words


@dataclass(frozen=True)
class Measure:
    """A figure that can be compared. `kind` is the list of steps opened from it, `good` whether more is better."""

    name: Words
    count: Callable[[Line], Counted]
    kind: str
    good: bool
    unit: str = "share"


MEASURES: dict[str, Measure] = {
    "on-time": Measure(_lazy("On time, by the promised day"), lambda o: (o.on_time, o.decided), "late", True),
    "statutory": Measure(
        _lazy("Within the statutory limit"), lambda o: (o.statutory - o.late_statutory, o.statutory), "late-statutory",
        True,
    ),
    "days": Measure(_lazy("Working days a step takes (mean)"), lambda o: (o.days, o.counted), "decided", False, "days"),
    "corrections": Measure(
        _lazy("Steps that need a correction"), lambda o: (o.corrected, o.decided), "corrected", False
    ),
    "refusals": Measure(_lazy("Refused steps"), lambda o: (o.refused, o.decided), "refused", False),
    "bad-ratings": Measure(_lazy("Bad ratings"), lambda o: (0, 0), "", False),
}  # fmt: skip
