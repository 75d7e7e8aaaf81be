# SPDX-License-Identifier: Apache-2.0
"""Any record as the tables of OCEL 2.0: a source of this format, a source of another, and the city's own record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from zhengtong.errors import BadInput, Contradicted
from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.engine import ocel
from zhengtong.evaluation.engine.duck import connect, path_literal, sql
from zhengtong.evaluation.engine.ocel_flat import flatten
from zhengtong.evaluation.engine.ocel_sqlite import quoted
from zhengtong.evaluation.engine.ocel_staging import TABLES
from zhengtong.evaluation.engine.sources import CASES, EVENTS, Source
from zhengtong.evaluation.engine.times import literal
from zhengtong.ledger.engine.segments import Segments

CASE = "case"
"""What the object of a log that knows only cases is called; the city's own cases are called so too."""

_RECORD = """
CREATE SCHEMA whole;
CREATE TABLE whole.found AS SELECT e.type, j.key AS attribute, CASE
        WHEN bool_and(j.type IN ('BIGINT', 'UBIGINT', 'INTEGER')) THEN 'integer'
        WHEN bool_and(j.type = 'BOOLEAN') THEN 'boolean' ELSE 'string' END AS kind
    FROM main.events e, json_each(e.attributes) j GROUP BY ALL;
CREATE TABLE whole.types AS
    SELECT 'event' AS scope, type, CAST(NULL AS VARCHAR) AS attribute, CAST(NULL AS VARCHAR) AS kind
        FROM (SELECT DISTINCT type FROM main.events)
    UNION ALL SELECT 'event', type, o.attribute, o.kind FROM (SELECT DISTINCT type FROM main.events),
        (VALUES ('_act', 'string'), ('_actor', 'string'), ('_department', 'string'), ('_leaf', 'integer'),
        ('_recorded', 'time')) o(attribute, kind)
    UNION ALL SELECT 'event', type, attribute, kind FROM whole.found
    UNION ALL SELECT 'object', object_type, NULL, NULL FROM (SELECT DISTINCT object_type FROM main.event_objects);
CREATE VIEW whole.values AS SELECT e.leaf_index, j.key, CAST(to_json(j.key) AS VARCHAR) || ':' || CASE
        WHEN f.kind = 'string' THEN CAST(to_json(json_extract_string(j.value, '$$')) AS VARCHAR)
        ELSE CAST(j.value AS VARCHAR) END AS pair
    FROM main.events e, json_each(e.attributes) j JOIN whole.found f ON f.type = e.type AND f.attribute = j.key;
CREATE VIEW whole.events AS SELECT e.leaf_index AS position, e.event_id, e.type, e.time_us,
    '{"_act":' || CAST(to_json(e.act) AS VARCHAR) || ',"_actor":' || CAST(to_json(e.actor) AS VARCHAR)
    || CASE WHEN e.department = '' THEN '' ELSE ',"_department":' || CAST(to_json(e.department) AS VARCHAR) END
    || ',"_leaf":' || e.leaf_index || ',"_recorded":"'
    || strftime(make_timestamp(e.recorded_us), '%Y-%m-%dT%H:%M:%S.%fZ') || '"' || coalesce(',' || v.pairs, '') || '}'
    AS attributes FROM main.events e LEFT JOIN (SELECT leaf_index, string_agg(pair, ',' ORDER BY key) AS pairs
    FROM whole.values GROUP BY leaf_index) v USING (leaf_index);
CREATE VIEW whole.objects AS SELECT DISTINCT object_type || ':' || object_id AS object_id, object_type AS type
    FROM main.event_objects;
CREATE VIEW whole.event_objects AS SELECT event_id, object_type || ':' || object_id AS object_id, qualifier
    FROM main.event_objects;
CREATE VIEW whole.object_objects AS SELECT '' AS source_id, '' AS target_id, '' AS qualifier WHERE false;
CREATE VIEW whole.changes AS SELECT '' AS object_id, '' AS name, 0::BIGINT AS time_us, '' AS value WHERE false;
SET schema = 'whole'"""
"""Names of an event's own attributes begin with a letter or digit, so those with a dash below never meet one."""


def of_record(segments: Segments, as_of: int | None) -> tuple[duckdb.DuckDBPyConnection, int]:
    """The sealed record as of so many leaves, and their number. An object is `type:id`: two types may share an id.

    Raises `Contradicted` where a segment is not what sealing wrote.
    """
    if changed := segments.verify():
        raise Contradicted(
            "分段文件已不是封存时的样子；请运行 zhengtong ledger audit",
            "segments are not what sealing wrote; run zhengtong ledger audit",
            found=", ".join(changed),
        )
    connection, leaves = segments.connect(as_of)
    connection.execute(sql(_RECORD))
    return connection, leaves


def of_source(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """The tables of an imported log. Raises `Contradicted` where its files are not what the import wrote."""
    if changed := source.changed():
        raise Contradicted(
            "来源文件已不是导入时的样子",
            "the source's files are not what the import wrote",
            where=source.name,
            found=", ".join(changed),
        )
    if "case_type" in source.about:
        for table, file in ocel.PARTS.items():
            files = path_literal(source.folder / file)
            connection.execute(
                sql("CREATE VIEW $table AS SELECT * FROM read_parquet($files)", table=table, files=files)
            )
        return
    _of_cases(connection, source)


_CASES = """
CREATE TEMP MACRO tagged_kind(tag) AS CASE tag WHEN 'date' THEN 'time' WHEN 'int' THEN 'integer'
    WHEN 'float' THEN 'float' WHEN 'boolean' THEN 'boolean' ELSE 'string' END;
CREATE TEMP MACRO one_kind(kind) AS CASE WHEN count(DISTINCT kind) > 1 THEN 'string' ELSE any_value(kind) END;
CREATE TABLE raw_events AS SELECT * FROM read_parquet($events);
CREATE TABLE raw_cases AS SELECT * FROM read_parquet($cases);
CREATE TABLE s_event_values AS SELECT position, position AS line, 'e' || position AS owner, j.key AS name,
        j.value->>1 AS value, 'text' AS given, tagged_kind(j.value->>0) AS claimed, activity AS of_type
    FROM raw_events, json_each(attributes) j
    WHERE NOT (j.key = 'org:resource' AND resource IS NOT NULL OR j.key = 'org:group' AND department IS NOT NULL
        OR j.key = 'lifecycle:transition' AND lifecycle IS NOT NULL
        OR j.key = 'start_timestamp' AND start_us IS NOT NULL)
    UNION ALL SELECT position, position, 'e' || position, n.name, n.value, 'text', n.kind, activity FROM (
        SELECT position, activity, unnest([{'name': 'org:resource', 'value': resource, 'kind': 'string'},
        {'name': 'org:group', 'value': department, 'kind': 'string'},
        {'name': 'lifecycle:transition', 'value': lifecycle, 'kind': 'string'},
        {'name': 'start_timestamp', 'value': strftime(make_timestamp(start_us), '%Y-%m-%dT%H:%M:%S.%fZ'),
        'kind': 'time'}]) AS n FROM raw_events) WHERE n.value IS NOT NULL;
CREATE TABLE s_object_values AS SELECT case_no AS position, case_no AS line, case_id AS owner, j.key AS name,
        '1970-01-01T00:00:00Z' AS time, j.value->>1 AS value, 'text' AS given, tagged_kind(j.value->>0) AS claimed,
        $case AS of_type FROM raw_cases, json_each(attributes) j WHERE j.key NOT IN ($names) $declared;
CREATE TABLE s_events AS SELECT position, position AS line, 'e' || position AS id, activity AS type,
    strftime(make_timestamp(time_us), '%Y-%m-%dT%H:%M:%S.%fZ') AS time FROM raw_events;
CREATE TABLE s_objects AS SELECT case_no AS position, case_no AS line, case_id AS id, $case AS type FROM raw_cases;
CREATE TABLE s_event_objects AS SELECT position, position AS line, 'e' || position AS owner, case_id AS object,
    '' AS qualifier FROM raw_events;
CREATE TABLE s_object_objects AS SELECT * FROM s_event_objects WHERE false"""
_KINDS = """
CREATE OR REPLACE TABLE s_types AS SELECT 0 AS line, scope, type, attribute, kind FROM (
    SELECT 'event' AS scope, type, NULL AS attribute, NULL AS kind FROM s_events GROUP BY type
    UNION ALL SELECT 'object', $case, NULL, NULL
    UNION ALL SELECT 'event', of_type, name, one_kind(claimed) FROM s_event_values GROUP BY of_type, name
    UNION ALL SELECT 'object', of_type, name, one_kind(claimed) FROM s_object_values GROUP BY of_type, name)"""


def _of_cases(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """A log that knows only cases: each is an object of the type `case`, each event is of its activity's type.

    An attribute one of whose values is not of the type it claims is text throughout.
    """
    case = literal(CASE)
    declared, names = _declared(connection, source.cases, case)
    connection.execute(
        sql(
            _CASES,
            events=path_literal(source.events),
            cases=path_literal(source.cases),
            case=case,
            declared=declared,
            names=names,
        )
    )
    connection.execute(sql(_KINDS, case=case))
    zone: Any = source.about["mapping"].get("zone")
    ocel.read_values(connection, zone)
    for scope in ("event", "object"):
        connection.execute(
            sql(
                """UPDATE s_${scope}_values SET claimed = 'string' WHERE (of_type, name) IN
                (SELECT (type, name) FROM j_${scope}_values WHERE json IS NULL)""",
                scope=scope,
            )
        )
    for table in ("declared", "j_events", "j_objects", "j_event_values", "j_object_values"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute(sql(_KINDS, case=case))
    ocel.read_values(connection, zone)
    ocel.whole(connection)
    for table in (*(f"s_{table}" for table in TABLES), "raw_events", "raw_cases"):
        connection.execute(f"DROP TABLE {table}")


def _declared(connection: duckdb.DuckDBPyConnection, cases: Path, case: str) -> tuple[str, str]:
    """The attributes of cases that a mapping set apart as columns `attr_…`: more rows of values, and their names."""
    described = connection.execute(sql("DESCRIBE SELECT * FROM read_parquet($f)", f=path_literal(cases))).fetchall()
    kinds = {row[0].removeprefix("attr_"): row[1] for row in described if row[0].startswith("attr_")}
    parts, names = [], ["''"]
    for name, kind in kinds.items():
        plain = name.removesuffix("_us")
        instant = kind == "BIGINT" and f"{plain}_day" in kinds
        if kind == "INTEGER" and f"{name.removesuffix('_day')}_us" in kinds:
            continue  # the local day of an instant
        column = quoted(f"attr_{name}")
        value = f"strftime(make_timestamp({column}), '%Y-%m-%dT%H:%M:%S.%fZ')" if instant else column
        claimed = "time" if instant else "integer" if kind == "BIGINT" else "float" if "DECIMAL" in kind else "string"
        names.append(literal(plain if instant else name))
        parts.append(
            sql(
                "UNION ALL SELECT case_no, case_no, case_id, $name, '1970-01-01T00:00:00Z', CAST($value AS VARCHAR),"
                " 'text', '$claimed', $case FROM raw_cases WHERE $column IS NOT NULL",
                name=names[-1],
                value=value,
                claimed=claimed,
                case=case,
                column=column,
            )
        )
    return " ".join(parts), ", ".join(names)


@contextmanager
def seen_by(source: Source, case_type: str | None) -> Iterator[tuple[Path, Path]]:
    """The events and cases of a source, as another type of object sees them where one is named.

    Raises `BadInput` for a source without types of objects and for a type it has not.
    """
    if case_type is None or case_type == source.about.get("case_type"):
        yield source.events, source.cases
        return
    known = source.about.get("case_types", {})
    if case_type not in known:
        raise BadInput(
            "来源中没有这个对象类型",
            "the source has no objects of this type",
            where=source.name,
            found=case_type,
            expected=", ".join(known) or "-",
        )
    with tempfile.TemporaryDirectory(prefix="zhengtong-flat-") as work:
        folder = Path(work)
        with connect(spill=folder / "spill") as connection:
            of_source(connection, source)
            mapping = LogMapping(zone=source.about["mapping"].get("zone"))
            flatten(connection, folder, case_type, mapping, source.name)
        yield folder / EVENTS, folder / CASES
