# SPDX-License-Identifier: Apache-2.0
"""What a benchmark answers, as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Side


@dataclass(frozen=True)
class Report:
    """`sides[0]` is the product's own; ratios are taken over `floor`. `facts` are figures beside the times."""

    name: str
    title: str
    sides: Sequence[Side]
    floor: str
    facts: Mapping[str, float | int | str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        floor = next(side for side in self.sides if side.name == self.floor)
        return {
            "name": self.name,
            "title": self.title,
            "floor": self.floor,
            "facts": dict(self.facts),
            "sides": [
                {
                    "name": side.name,
                    "unit": side.unit,
                    "rounds": len(side.rounds),
                    "cpu_us": round(side.cpu_us, 2),
                    "wall_us": round(side.wall_us, 2),
                    "spread": round(side.spread, 3),
                    "cpu_ratio": [round(number, 3) for number in side.ratio(floor)],
                }
                for side in self.sides
            ],
        }


def machine() -> dict[str, str | int]:
    """What the figures depend on, without anything that names the machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {"cores": usable, "python": platform.python_version(), "system": platform.system()}


def show(reports: Sequence[Report]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=130)  # in a file nothing folds
    console.print(" · ".join(f"{key} {value}" for key, value in machine().items()))
    for report in reports:
        floor = next(side for side in report.sides if side.name == report.floor)
        table = Table(title=report.title, title_justify="left", box=None, pad_edge=False)
        table.add_column("side", overflow="fold")
        for head in ("unit", "CPU µs", "wall µs", "per CPU s", "noise", "CPU ÷ the floor's (min–max)"):
            table.add_column(head, justify="right")
        for side in report.sides:
            middle, least, most = side.ratio(floor)
            table.add_row(
                f"{side.name} (floor)" if side is floor else side.name,
                side.unit,
                f"{side.cpu_us:,.1f}",
                f"{side.wall_us:,.1f}",
                f"{1e6 / side.cpu_us:,.0f}",
                f"±{side.spread / 2:.0%}",
                f"{middle:.2f} ({least:.2f}–{most:.2f})",
            )
        console.print()
        console.print(table)
        for key, value in report.facts.items():
            console.print(f"  {key}: {value:,}" if isinstance(value, int) else f"  {key}: {value}", highlight=False)
