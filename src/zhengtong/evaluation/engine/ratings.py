# SPDX-License-Identifier: Apache-2.0
"""Counts of ratings (好差评) over a snapshot: levels, bad ones by department, and where their loops stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zhengtong.evaluation.engine.duck import sql
from zhengtong.evaluation.engine.snapshot import Snapshot

GROUPS = {"department": "department", "life-event": "life_event", "channel": "channel", "all": "''"}
LOOP = {
    "to_check": "checked_us IS NULL",
    "not_upheld": "upheld = 'false'",
    "to_repair": "upheld = 'true' AND repaired_us IS NULL",
    "to_call_back": "repaired_us IS NOT NULL AND called_us IS NULL",
    "satisfied": "called_us IS NOT NULL AND satisfied = 'true'",
    "not_satisfied": "called_us IS NOT NULL AND satisfied = 'false'",
}
"""Where the loop of a bad rating stands, as its last act says. Each bad rating is in exactly one of these."""


@dataclass(frozen=True)
class Rated:
    """`bad` of `rated` were at most the level that counts as bad."""

    group: str
    rated: int
    bad: int

    @property
    def good(self) -> int:
        return self.rated - self.bad

    @property
    def share_bad(self) -> float | None:
        return self.bad / self.rated if self.rated else None


@dataclass(frozen=True)
class RatingRow:
    number: str
    life_event: str
    department: str
    level: int
    rated_us: int
    event_id: str
    loop: str


_FROM = """
FROM ratings r JOIN (SELECT number, channel FROM cases) USING (number)
WHERE (? = '' OR life_event = ?) AND (? = '' OR department = ?)
    AND rated_us >= coalesce(?, rated_us) AND rated_us < coalesce(?, rated_us + 1)
"""


@dataclass(frozen=True)
class Which:
    life_event: str = ""
    department: str = ""
    since_us: int | None = None
    until_us: int | None = None

    @property
    def parameters(self) -> list[object]:
        return [self.life_event, self.life_event, self.department, self.department, self.since_us, self.until_us]


def rated(snapshot: Snapshot, by: str, bad_up_to: int, which: Which) -> list[Rated]:
    """One line a group of `GROUPS`, by its name."""
    query = sql(
        "SELECT $by, count(*), count(*) FILTER (level <= ?) $rows GROUP BY ALL ORDER BY 1", by=GROUPS[by], rows=_FROM
    )
    return [Rated(*row) for row in snapshot.all(query, [bad_up_to, *which.parameters])]


def levels(snapshot: Snapshot, which: Which) -> dict[int, int]:
    """How many ratings gave each level."""
    query = sql("SELECT level, count(*) $rows GROUP BY level ORDER BY level", rows=_FROM)
    return {int(level): int(count) for level, count in snapshot.all(query, which.parameters)}


def by_period(snapshot: Snapshot, starts_us: Sequence[int], bad_up_to: int, which: Which) -> list[Rated]:
    """One line a period; `starts_us` as for `tallies.by_period`."""
    query = sql(
        "SELECT len(list_filter(?, lambda b: b <= rated_us)) AS place, count(*), count(*) FILTER (level <= ?) $rows"
        " GROUP BY place",
        rows=_FROM,
    )
    rows = snapshot.all(query, [list(starts_us), bad_up_to, *which.parameters])
    found = {int(place): Rated(str(place), n, bad) for place, n, bad in rows}
    return [found.get(n, Rated(str(n), 0, 0)) for n in range(1, len(starts_us))]


def loops(snapshot: Snapshot, bad_up_to: int, which: Which) -> dict[str, int]:
    """How many bad ratings stand where in their loop; every state of `LOOP`, in order."""
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in LOOP.values())
    query = sql("SELECT $counts $rows AND level <= ?", counts=counts, rows=_FROM)
    return dict(zip(LOOP, snapshot.one(query, [*which.parameters, bad_up_to]), strict=True))


def bad(
    snapshot: Snapshot, bad_up_to: int, which: Which, *, start: int = 0, most: int | None = None
) -> list[RatingRow]:
    """The bad ratings, newest first."""
    loop = "CASE " + " ".join(f"WHEN {condition} THEN '{state}'" for state, condition in LOOP.items()) + " END"
    query = sql(
        "SELECT number, life_event, department, level, rated_us, event_id, $loop $rows AND level <= ?"
        " ORDER BY rated_us DESC, number $limit",
        loop=loop,
        rows=_FROM,
        limit="" if most is None else f"LIMIT {int(most)} OFFSET {int(start)}",
    )
    return [RatingRow(*row) for row in snapshot.all(query, [*which.parameters, bad_up_to])]
