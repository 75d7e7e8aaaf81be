# SPDX-License-Identifier: Apache-2.0
"""Counts over a snapshot, by department, step, regime, channel, reason or month; and the steps and cases behind them.

One `Chosen` says which steps are meant. The count and the list opened from it use the same words, so that they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from zhengtong.evaluation.engine.duck import sql
from zhengtong.evaluation.engine.snapshot import Snapshot

_DECIDED = "ended IN ('granted', 'refused')"
KINDS = {
    "decided": _DECIDED,
    "late": f"{_DECIDED} AND ended_us > promised_due_us",
    "on-time": f"{_DECIDED} AND (ended_us > promised_due_us) IS NOT TRUE",
    "statutory": f"{_DECIDED} AND statutory_due_us IS NOT NULL",
    "late-statutory": f"{_DECIDED} AND ended_us > statutory_due_us",
    "corrected": f"{_DECIDED} AND corrections > 0",
    "refused": "ended = 'refused'",
    "not-accepted": "ended = 'not_accepted'",
    "open": "received_us IS NOT NULL AND ended = ''",
}
"""Which steps a figure counts. A step without a limit is never late; the last instant of a limit is in time."""

GROUPS = {
    "department": "department",
    "service": "service",
    "regime": "regime",
    "life-event": "life_event",
    "channel": "channel",
    "reason": "reason",
}
EQUAL = {"life_event", "service", "department", "regime", "channel", "reason", "number"}


@dataclass(frozen=True)
class Chosen:
    """Which steps: empty texts choose all; the period is that of the decision, [since, until) in µs.

    `numbers` names the cases where something outside the record chose them (a situation).
    """

    life_event: str = ""
    service: str = ""
    department: str = ""
    regime: str = ""
    channel: str = ""
    reason: str = ""
    number: str = ""
    since_us: int | None = None
    until_us: int | None = None
    numbers: frozenset[str] | None = None

    def during(self, since_us: int | None, until_us: int | None) -> Chosen:
        return replace(self, since_us=since_us, until_us=until_us)

    def where(self, *, period: bool = True) -> tuple[str, list[Any]]:
        """A condition on `steps`, with its parameters."""
        clauses, parameters = ["true"], list[Any]()
        for name in sorted(EQUAL):
            if value := getattr(self, name):
                clauses.append(f"{name} = ?")
                parameters.append(value)
        if self.numbers is not None:
            clauses.append("number IN (SELECT unnest(CAST(? AS VARCHAR[])))")
            parameters.append(sorted(self.numbers))
        if period and self.since_us is not None:
            clauses.append("ended_us >= ?")
            parameters.append(self.since_us)
        if period and self.until_us is not None:
            clauses.append("ended_us < ?")
            parameters.append(self.until_us)
        return " AND ".join(clauses), parameters


@dataclass(frozen=True)
class Line:
    """What the steps of one group did. Times are means over decided steps in µs; `days` are counted working days."""

    group: str
    decided: int = 0
    late: int = 0
    statutory: int = 0
    late_statutory: int = 0
    corrected: int = 0
    refused: int = 0
    not_accepted: int = 0
    counted: int = 0
    days: int = 0
    median_days: float | None = None
    p90_days: int | None = None
    waiting_us: int = 0
    working_us: int = 0
    applicant_us: int = 0
    paused_us: int = 0

    @property
    def on_time(self) -> int:
        return self.decided - self.late

    @property
    def share_on_time(self) -> float | None:
        return self.on_time / self.decided if self.decided else None

    @property
    def share_statutory(self) -> float | None:
        return 1 - self.late_statutory / self.statutory if self.statutory else None

    @property
    def share_corrected(self) -> float | None:
        return self.corrected / self.decided if self.decided else None

    @property
    def share_refused(self) -> float | None:
        return self.refused / self.decided if self.decided else None


_MEAN = "coalesce(CAST(floor(avg({0}_us) FILTER (" + _DECIDED + ")) AS BIGINT), 0)"
_LINE = f"""
    count(*) FILTER ({_DECIDED}), count(*) FILTER ({KINDS["late"]}), count(*) FILTER ({KINDS["statutory"]}),
    count(*) FILTER ({KINDS["late-statutory"]}), count(*) FILTER ({KINDS["corrected"]}),
    count(*) FILTER ({KINDS["refused"]}), count(*) FILTER ({KINDS["not-accepted"]}),
    count(used_days) FILTER ({_DECIDED}), CAST(coalesce(sum(used_days) FILTER ({_DECIDED}), 0) AS BIGINT),
    quantile_cont(used_days, 0.5) FILTER ({_DECIDED}), quantile_disc(used_days, 0.9) FILTER ({_DECIDED}),
    {", ".join(_MEAN.format(name) for name in ("waiting", "working", "applicant", "paused"))}
"""  # put together from this file's own words
_ENDED = f"({_DECIDED} OR ended = 'not_accepted')"


def total(snapshot: Snapshot, chosen: Chosen) -> Line:
    """All chosen steps as one line."""
    where, parameters = chosen.where()
    query = sql("SELECT '', $line FROM steps WHERE $ended AND $where", line=_LINE, ended=_ENDED, where=where)
    return Line(*snapshot.one(query, parameters))


def lines(snapshot: Snapshot, by: str, chosen: Chosen) -> list[Line]:
    """One line a group that decided anything, by its name. `by` is one of `GROUPS`."""
    where, parameters = chosen.where()
    query = sql(
        "SELECT $by, $line FROM steps WHERE $ended AND $where GROUP BY $by ORDER BY $by",
        by=GROUPS[by],
        line=_LINE,
        ended=_ENDED,
        where=where,
    )
    return [Line(*row) for row in snapshot.all(query, parameters)]


def by_period(snapshot: Snapshot, starts_us: Sequence[int], chosen: Chosen) -> list[Line]:
    """One line a period; `starts_us` are the instants at which each begins, ascending, the last one's end last."""
    where, parameters = chosen.during(starts_us[0], starts_us[-1]).where()
    query = sql(
        "SELECT len(list_filter(?, lambda b: b <= ended_us)) AS place, $line"
        " FROM steps WHERE $ended AND $where GROUP BY place",
        line=_LINE,
        ended=_ENDED,
        where=where,
    )
    found = {
        int(place): Line(str(place), *rest) for place, *rest in snapshot.all(query, [list(starts_us), *parameters])
    }
    return [replace(found.get(n, Line("")), group=str(n)) for n in range(1, len(starts_us))]


def crossed(snapshot: Snapshot, cases: Sequence[tuple[str, str]], chosen: Chosen) -> list[Line]:
    """Like `lines`, by a grouping of cases from outside the record: pairs of case number and group."""
    where, parameters = chosen.where()
    query = sql(
        "SELECT coalesce(g.label, ''), $line FROM steps LEFT JOIN"
        " (SELECT unnest(?) AS number, unnest(?) AS label) g USING (number)"
        " WHERE $ended AND $where GROUP BY 1 ORDER BY 1",
        line=_LINE,
        ended=_ENDED,
        where=where,
    )
    numbers, labels = [number for number, _ in cases], [label for _, label in cases]
    return [Line(*row) for row in snapshot.all(query, [numbers, labels, *parameters])]


@dataclass(frozen=True)
class Refusals:
    """How often one reason ended a step. `ended` is refused or not_accepted."""

    ended: str
    reason: str
    count: int


def refusals(snapshot: Snapshot, chosen: Chosen) -> list[Refusals]:
    """Every reason given, the most frequent first."""
    where, parameters = chosen.where()
    query = sql(
        "SELECT ended, reason, count(*) AS n FROM steps WHERE ended IN ('refused', 'not_accepted') AND $where"
        " GROUP BY ALL ORDER BY n DESC, ended, reason",
        where=where,
    )
    return [Refusals(*row) for row in snapshot.all(query, parameters)]


@dataclass(frozen=True)
class Waiting:
    """Open steps of a department, by where they lie: with it, with the applicant, or paused."""

    department: str
    open: int
    with_department: int
    with_applicant: int
    paused: int
    oldest_us: int


def backlog(snapshot: Snapshot, chosen: Chosen) -> list[Waiting]:
    """What departments have received and not ended, as of the snapshot; the longest list first."""
    where, parameters = chosen.where(period=False)
    query = sql(
        "SELECT department, count(*) AS n, count(*) FILTER (lies IN ('waiting', 'working')),"
        " count(*) FILTER (lies = 'applicant'), count(*) FILTER (lies = 'paused'), min(received_us)"
        " FROM steps WHERE $open AND $where GROUP BY department ORDER BY n DESC, department",
        open=KINDS["open"],
        where=where,
    )
    return [Waiting(*row) for row in snapshot.all(query, parameters)]


@dataclass(frozen=True)
class StepRow:
    number: str
    life_event: str
    service: str
    department: str
    received_us: int
    ended_us: int | None
    ended: str
    ended_event: str | None
    reason: str
    promised_due_us: int | None
    statutory_due_us: int | None
    used_days: int | None
    corrections: int
    lies: str

    @property
    def late(self) -> bool:
        return None not in (self.ended_us, self.promised_due_us) and self.ended_us > self.promised_due_us  # type: ignore[operator]  # mypy does not follow `in`


def count(snapshot: Snapshot, kind: str, chosen: Chosen) -> int:
    where, parameters = chosen.where(period=kind != "open")
    query = sql("SELECT count(*) FROM steps WHERE $kind AND $where", kind=KINDS[kind], where=where)
    return int(snapshot.one(query, parameters)[0])


def steps(snapshot: Snapshot, kind: str, chosen: Chosen, *, start: int = 0, most: int | None = None) -> list[StepRow]:
    """The steps a figure counts: latest decision first, of open ones the oldest first."""
    where, parameters = chosen.where(period=kind != "open")
    query = sql(
        "SELECT $columns FROM steps WHERE $kind AND $where ORDER BY $order, number, service $limit",
        columns=", ".join(StepRow.__dataclass_fields__),
        kind=KINDS[kind],
        where=where,
        order="received_us" if kind == "open" else "ended_us DESC",
        limit="" if most is None else f"LIMIT {int(most)} OFFSET {int(start)}",
    )
    return [StepRow(*row) for row in snapshot.all(query, parameters)]


@dataclass(frozen=True)
class ChannelLine:
    channel: str
    cases: int


def channels(snapshot: Snapshot, life_event: str, since_us: int | None, until_us: int | None) -> list[ChannelLine]:
    """Cases received, by the channel they came through, the busiest first."""
    rows = snapshot.all(
        "SELECT channel, count(*) AS n FROM cases WHERE (? = '' OR life_event = ?)"
        " AND submitted_us >= coalesce(?, submitted_us) AND submitted_us < coalesce(?, submitted_us + 1)"
        " GROUP BY channel ORDER BY n DESC, channel",
        [life_event, life_event, since_us, until_us],
    )
    return [ChannelLine(*row) for row in rows]
