# SPDX-License-Identifier: Apache-2.0
"""A log of many objects seen by one type of them: every event once for each object of the type it concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from zhengtong.errors import BadInput
from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.engine import normalise
from zhengtong.evaluation.engine.duck import path_literal, sql
from zhengtong.evaluation.engine.plan import Plan
from zhengtong.evaluation.engine.times import literal

TRACES = "raw_traces.parquet"
_TAGGED = """CAST(to_json($name) AS VARCHAR) || ':["' || k.tag || '",'
    || CAST(to_json(json_extract_string($value, '$$')) AS VARCHAR) || ']'"""
"""`"key":["XES type","value as text"]`, as the importer of XES keeps attributes."""
_FLATTEN = """
CREATE TEMP TABLE of_type AS SELECT object_id, row_number() OVER (ORDER BY object_id) - 1 AS trace
    FROM objects WHERE type = $type;
CREATE TEMP TABLE kinds AS SELECT scope, type, attribute,
    CASE kind WHEN 'time' THEN 'date' WHEN 'integer' THEN 'int' ELSE kind END AS tag
    FROM types WHERE attribute IS NOT NULL;
CREATE TEMP TABLE tagged AS SELECT e.event_id, '{' || string_agg($event_value, ',' ORDER BY j.key) || '}' AS attributes
    FROM events e, json_each(e.attributes) j
    JOIN kinds k ON k.scope = 'event' AND k.type = e.type AND k.attribute = j.key GROUP BY e.event_id;
CREATE TEMP TABLE parsed AS SELECT e.position, CAST(NULL AS BIGINT) AS line, c.trace, g.attributes,
    c.object_id AS case_id, CAST(NULL AS VARCHAR) AS lifecycle, CAST(NULL AS VARCHAR) AS resource,
    CAST(NULL AS VARCHAR) AS department, $activity AS activity, e.time_us, $day AS day,
    CAST(NULL AS BIGINT) AS wall, CAST(NULL AS BIGINT) AS start_us, CAST(NULL AS INTEGER) AS fault
    FROM (SELECT DISTINCT event_id, object_id FROM event_objects) r JOIN of_type c USING (object_id)
    JOIN events e USING (event_id) LEFT JOIN tagged g USING (event_id);
CREATE TEMP TABLE last_values AS SELECT object_id, name, arg_max(value, time_us) AS value FROM changes GROUP BY ALL;
COPY (SELECT c.trace, '{' || string_agg($object_value, ',' ORDER BY v.name) || '}' AS attributes
    FROM of_type c JOIN last_values v USING (object_id)
    JOIN kinds k ON k.scope = 'object' AND k.type = $type AND k.attribute = v.name
    GROUP BY c.trace) TO $traces (FORMAT parquet)"""


def flatten(
    connection: duckdb.DuckDBPyConnection, folder: Path, case_type: str, mapping: LogMapping, name: str
) -> dict[str, Any]:
    """Write `events.parquet` and `cases.parquet` from the tables of `ocel.COLUMNS` on the connection.

    A case's attributes are the last values of its object. Returns what source.json says of it; raises `BadInput`
    where no event concerns the type.
    """
    day = "CAST(floor(e.time_us / 86400000000) AS INTEGER)"
    if mapping.zone:
        local = f"timezone({literal(mapping.zone)}, make_timestamptz(e.time_us))"
        day = f"CAST(CAST({local} AS DATE) - DATE '1970-01-01' AS INTEGER)"
    renamed = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in mapping.rename.items())
    connection.execute(
        sql(
            _FLATTEN,
            type=literal(case_type),
            event_value=sql(_TAGGED, name="j.key", value="j.value"),
            object_value=sql(_TAGGED, name="v.name", value="v.value"),
            activity=f"CASE e.type {renamed} ELSE e.type END" if renamed else "e.type",
            day=day,
            traces=literal(str(folder / TRACES)),
        )
    )
    row = connection.execute(
        "SELECT count(*), count(DISTINCT case_id), count(DISTINCT activity), min(time_us), max(time_us) FROM parsed"
    ).fetchone()
    if not row or not row[0]:
        raise BadInput(
            "没有事件涉及这个对象类型", "no event concerns an object of this type", where=name, found=case_type
        )
    plan, shape = Plan({}, {}, {}, None, (), ()), normalise.Shape()
    normalise.write_output(connection, folder, mapping, plan, shape, traces=path_literal(folder / TRACES))
    return {
        **dict(zip(("events", "cases", "activities", "first_us", "last_us"), row, strict=True)),
        "end": list(mapping.finished_activities) or None,
        "due": [],
        "notes": normalise.notes(connection, mapping, shape, None, None),
        "case_type": case_type,
    }
