# SPDX-License-Identifier: Apache-2.0
"""Everything mining says of one source, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.engine.sources import Source
from zhengtong.evaluation.rules import process
from zhengtong.evaluation.rules.lateness import Basis, Lateness


@dataclass(frozen=True)
class Mined:
    """`lateness` holds each limit twice: by local date, then by instant."""

    source: str
    source_id: str
    map: process.ProcessMap
    variants: process.Variants
    durations: process.Durations | None
    rework: process.Rework
    bottlenecks: tuple[process.Arc, ...]
    resources: tuple[process.Share, ...]
    departments: tuple[process.Share, ...]
    lateness: tuple[Lateness, ...]

    def to_json(self) -> dict[str, Any]:
        """`late` repeats, by the limit's name, how many finished cases ended after its date."""
        by_date = {one.due: one for one in self.lateness if one.basis is Basis.DATE}
        return {
            "source": self.source,
            "source_id": self.source_id,
            "events": self.map.events,
            "cases": self.map.cases,
            "finished": next((one.finished for one in self.lateness), None),
            "arcs": len(self.map.arcs),
            "variants": self.variants.total,
            "late": {due: one.late for due, one in by_date.items()},
            "map": self.map.to_json(),
            "top_variants": self.variants.to_json(),
            "durations": self.durations.to_json() if self.durations else None,
            "rework": self.rework.to_json(),
            "bottlenecks": process.listed(self.bottlenecks),
            "resources": process.listed(self.resources),
            "departments": process.listed(self.departments),
            "lateness": [one.to_json() for one in self.lateness],
        }


def mine_source(source: Source, log: EventLog, top: int) -> Mined:
    """`top` bounds variants, bottlenecks, people and the worst late cases; the map is whole."""
    found = log.process_map()
    return Mined(
        source.name,
        source.id,
        found,
        log.variants(top),
        log.durations(),
        log.rework(),
        tuple(found.bottlenecks(top)),
        tuple(log.shares("resource")[:top]),
        tuple(log.shares("department")[:top]),
        tuple(log.lateness(due, basis, top) for due in source.about["due"] for basis in (Basis.DATE, Basis.INSTANT)),
    )
