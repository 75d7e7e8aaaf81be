# SPDX-License-Identifier: Apache-2.0
"""The sealed record as four plain tables, as of any leaf: what every figure of the cockpit is counted from.

    record ──flatten──► flat       one row an event that figures ask about, its attributes as columns
    flat   ──fold─────► cases      one row a case
                        steps      one row a step, with how long it lay where
                        ratings    one row a rating, with its loop
                        moments    what happened to cases and steps, in order: the process as it was

`Record` keeps `flat` in memory and reads only new segments; a `Snapshot` is folded from it per number of leaves. All
times are integer microseconds; nothing approximate is used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from zhengtong.errors import Contradicted
from zhengtong.evaluation.engine.duck import connect
from zhengtong.ledger.engine.segments import Segments

ATTRIBUTES = (
    "life_event", "service", "reason", "outcome", "channel", "concerns", "upheld", "satisfied", "level",
    "fields_typed", "materials_uploaded", "visits", "promised_due_us", "statutory_due_us", "used_days",
)  # fmt: skip
TEXTS = 8
"""So many of `ATTRIBUTES` are texts, the rest integers."""

_FLAT = """
SELECT e.leaf_index, e.event_id, e.type, e.time_us, e.department, c.number, c.rating, {columns}
FROM (SELECT *, json_extract_string(attributes, [{paths}]) AS told FROM events
      WHERE (type LIKE 'step\\_%' ESCAPE '\\' OR type LIKE 'case\\_%' ESCAPE '\\' OR type LIKE 'rating\\_%' ESCAPE '\\'
             OR type IN ('correction_asked', 'correction_supplied', 'form_corrected')) AND leaf_index >= ?) e
JOIN (SELECT leaf_index, min(object_id) FILTER (object_type = 'case') AS number,
             min(object_id) FILTER (object_type = 'rating') AS rating
      FROM event_objects WHERE object_type IN ('case', 'rating') AND leaf_index >= ? GROUP BY leaf_index) c
  USING (leaf_index)
WHERE c.number IS NOT NULL
ORDER BY e.leaf_index
"""


@dataclass(frozen=True)
class Known:
    """What the city's published definitions say of a step: whose it is and under which regime."""

    life_event: str
    service: str
    department: str
    regime: str


def _columns() -> str:
    """`told` is one parse of the attributes for all of them; its places count from 1."""
    texts = [f"coalesce(e.told[{n}], '') AS {name}" for n, name in enumerate(ATTRIBUTES[:TEXTS], 1)]
    numbers = [f"TRY_CAST(e.told[{n}] AS BIGINT) AS {name}" for n, name in enumerate(ATTRIBUTES[TEXTS:], TEXTS + 1)]
    return ", ".join(texts + numbers)


class Record:
    """One log's segments, flattened once a process. Thread-safe."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.segments = Segments(folder, origin)
        self._lock = threading.Lock()
        self._flat: pa.Table | None = None
        self._size = 0

    def size(self) -> int:
        return self.segments.manifest().size

    def flat(self, leaves: int) -> pa.Table:
        """The first `leaves` leaves, flattened. Raises `Contradicted` where a segment is not what was written."""
        with self._lock:
            if self._flat is None or self._size < leaves:
                self._flat, self._size = self._read(leaves)
            return self._flat

    def _read(self, leaves: int) -> tuple[pa.Table, int]:
        unchanged(self.segments)
        connection, size = self.segments.connect(leaves)
        with connection:
            paths = ", ".join(f"'$.{name}'" for name in ATTRIBUTES)
            query = _FLAT.format(columns=_columns(), paths=paths)
            more = connection.sql(query, params=[self._size, self._size]).to_arrow_table()
        return more if self._flat is None else pa.concat_tables([self._flat, more]), size

    def at(self, leaves: int, known: Iterable[Known] = ()) -> Snapshot:
        """The tables as of so many leaves."""
        return Snapshot(self.flat(leaves), leaves, known)


def unchanged(segments: Segments) -> None:
    """Raises `Contradicted` where a segment's file is not what was written."""
    changed = segments.verify()
    if changed:
        raise Contradicted(
            "存证分段文件已被改动，无法据此计数",
            "segments of the record were changed; nothing can be counted from them",
            found=", ".join(changed),
        )


@lru_cache(maxsize=16)
def record(folder: Path, origin: str) -> Record:
    return Record(folder, origin)


class Snapshot:
    """The tables as of `leaves`. `all` may be called from any thread."""

    def __init__(self, flat: pa.Table, leaves: int, known: Iterable[Known] = ()) -> None:
        self.leaves = leaves
        self._connection = connect()
        self._connection.register("flattened", flat)
        self._connection.execute("CREATE TABLE flat AS SELECT * FROM flattened WHERE leaf_index < ?", [leaves])
        self._connection.unregister("flattened")
        self._connection.execute("CREATE TABLE known (life_event TEXT, service TEXT, department TEXT, regime TEXT)")
        rows = [(one.life_event, one.service, one.department, one.regime) for one in known]
        if rows:
            self._connection.executemany("INSERT INTO known VALUES (?, ?, ?, ?)", rows)
        for statement in (_CASES, _MOMENTS, _STEPS, _RATINGS):
            self._connection.execute(statement)
        self._connection.execute("DROP TABLE flat")

    def all(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            return cursor.execute(query, list(parameters)).fetchall()

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """For questions that need tables of their own in between (TEMP): nobody else sees them."""
        with self._connection.cursor() as cursor:
            yield cursor

    def one(self, query: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
        return self.all(query, parameters)[0]

    def arrow(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        with self._connection.cursor() as cursor:
            return cursor.sql(query, params=list(parameters)).to_arrow_table()


_CASES = """
CREATE TABLE cases AS
SELECT number, any_value(life_event) FILTER (type = 'case_submitted') AS life_event,
    coalesce(any_value(channel) FILTER (type = 'case_submitted'), '') AS channel,
    min(time_us) FILTER (type = 'case_submitted') AS submitted_us,
    max(time_us) FILTER (type = 'case_closed') AS closed_us,
    coalesce(arg_max(outcome, leaf_index) FILTER (type = 'case_closed'), '') AS outcome,
    coalesce(max(fields_typed) FILTER (type = 'case_submitted'), 0) AS fields_typed,
    CAST(coalesce(sum(materials_uploaded) FILTER (type IN ('case_submitted', 'form_corrected')), 0) AS BIGINT)
        AS materials_uploaded,
    coalesce(max(visits) FILTER (type = 'case_submitted'), 0) AS visits
FROM flat GROUP BY number HAVING count(*) FILTER (type = 'case_submitted') > 0
"""

# Where a step lies after each event of its own. A type not named here changes nothing about that (NULL carries on).
_MOMENTS = """
CREATE TABLE moments AS
SELECT *, last_value(lies IGNORE NULLS) OVER (step ROWS UNBOUNDED PRECEDING) AS state,
    lead(time_us) OVER step AS next_us
FROM (
    SELECT leaf_index, event_id, type, time_us, department, number, life_event, service, reason,
        promised_due_us, statutory_due_us, used_days,
        CASE type
            WHEN 'step_planned' THEN 'queued'
            WHEN 'step_received' THEN 'waiting'
            WHEN 'correction_supplied' THEN 'waiting'
            WHEN 'correction_asked' THEN 'applicant'
            WHEN 'step_accepted' THEN 'working'
            WHEN 'step_resumed' THEN 'working'
            WHEN 'step_paused' THEN 'paused'
            WHEN 'step_granted' THEN 'granted'
            WHEN 'step_refused' THEN 'refused'
            WHEN 'step_not_accepted' THEN 'not_accepted'
            WHEN 'step_dropped' THEN 'dropped'
            WHEN 'step_withdrawn' THEN 'withdrawn'
        END AS lies
    FROM flat
    WHERE (service <> '' AND (type LIKE 'step\\_%' ESCAPE '\\' OR type IN ('correction_asked', 'correction_supplied')))
        OR type IN ('case_submitted', 'case_closed')
)
WINDOW step AS (PARTITION BY number, service ORDER BY time_us, leaf_index)
ORDER BY number, time_us, leaf_index
"""

# The department of a step is that of whoever last acted on it; who has not yet acted is known from the definitions.
_STEPS = """
CREATE TABLE steps AS
SELECT s.*, coalesce(nullif(s.acted_by, ''), k.department, '') AS department, coalesce(k.regime, '') AS regime,
    c.channel, c.submitted_us
FROM (
    SELECT number, service, any_value(life_event) AS life_event,
        coalesce(arg_max(department, leaf_index) FILTER (department <> '' AND type NOT IN
            ('step_received', 'step_planned', 'step_dropped', 'step_withdrawn', 'correction_supplied')), '')
            AS acted_by,
        min(time_us) FILTER (type = 'step_received') AS received_us,
        min(time_us) FILTER (type = 'step_accepted') AS accepted_us,
        max(time_us) FILTER (lies IN ('granted', 'refused', 'not_accepted', 'dropped', 'withdrawn')) AS ended_us,
        coalesce(arg_max(lies, leaf_index)
            FILTER (lies IN ('granted', 'refused', 'not_accepted', 'dropped', 'withdrawn')), '') AS ended,
        coalesce(arg_max(reason, leaf_index) FILTER (type IN ('step_refused', 'step_not_accepted')), '') AS reason,
        arg_max(event_id, leaf_index)
            FILTER (lies IN ('granted', 'refused', 'not_accepted', 'dropped', 'withdrawn')) AS ended_event,
        max(promised_due_us) AS promised_due_us, max(statutory_due_us) AS statutory_due_us,
        max(used_days) AS used_days,
        count(*) FILTER (type = 'correction_asked') AS corrections,
        CAST(coalesce(sum(next_us - time_us) FILTER (state = 'queued'), 0) AS BIGINT) AS queued_us,
        CAST(coalesce(sum(next_us - time_us) FILTER (state = 'waiting'), 0) AS BIGINT) AS waiting_us,
        CAST(coalesce(sum(next_us - time_us) FILTER (state = 'applicant'), 0) AS BIGINT) AS applicant_us,
        CAST(coalesce(sum(next_us - time_us) FILTER (state = 'paused'), 0) AS BIGINT) AS paused_us,
        CAST(coalesce(sum(next_us - time_us) FILTER (state = 'working'), 0) AS BIGINT) AS working_us,
        arg_max(lies, leaf_index) FILTER (lies IS NOT NULL) AS lies
    FROM moments WHERE service <> '' GROUP BY number, service
) s JOIN cases c USING (number)
LEFT JOIN (SELECT life_event, service, any_value(department) AS department, any_value(regime) AS regime
           FROM known GROUP BY ALL) k
    ON k.life_event = s.life_event AND k.service = s.service
"""

_RATINGS = """
CREATE TABLE ratings AS
SELECT rating, any_value(number) AS number, any_value(life_event) FILTER (type = 'case_rated') AS life_event,
    coalesce(any_value(concerns) FILTER (type = 'case_rated'), '') AS department,
    any_value(level) FILTER (type = 'case_rated') AS level,
    min(time_us) FILTER (type = 'case_rated') AS rated_us,
    any_value(event_id) FILTER (type = 'case_rated') AS event_id,
    max(time_us) FILTER (type = 'rating_checked') AS checked_us,
    coalesce(arg_max(upheld, leaf_index) FILTER (type = 'rating_checked'), '') AS upheld,
    max(time_us) FILTER (type = 'rating_repaired') AS repaired_us,
    max(time_us) FILTER (type = 'rating_called_back') AS called_us,
    coalesce(arg_max(satisfied, leaf_index) FILTER (type = 'rating_called_back'), '') AS satisfied
FROM flat WHERE rating IS NOT NULL GROUP BY rating HAVING count(*) FILTER (type = 'case_rated') > 0
"""
