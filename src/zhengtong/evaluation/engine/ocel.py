# SPDX-License-Identifier: Apache-2.0
"""OCEL 2.0 (ocel-standard.org) in and judged: JSON, XML and SQLite give the same source, byte for byte.

A source of this kind holds, beside `events.parquet` and `cases.parquet` (the log as one type of object sees it, which
is what mining reads), the whole log in `PARTS`. Times are µs since 1970 UTC; attributes are JSON text whose values
are of the types that `ocel_types.parquet` declares.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from zhengtong.errors import BadInput
from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.engine import opening
from zhengtong.evaluation.engine.duck import path_literal, sql
from zhengtong.evaluation.engine.ocel_checks import judge
from zhengtong.evaluation.engine.ocel_flat import flatten
from zhengtong.evaluation.engine.ocel_json import read_json
from zhengtong.evaluation.engine.ocel_sqlite import MAGIC, read_sqlite
from zhengtong.evaluation.engine.ocel_staging import TABLES, Kind, staged
from zhengtong.evaluation.engine.ocel_xml import read_xml
from zhengtong.evaluation.engine.opening import HashingFile, Limits, Progress
from zhengtong.evaluation.engine.times import literal, time_sql

PARTS: Final = {
    "types": "ocel_types.parquet",
    "events": "ocel_events.parquet",
    "objects": "ocel_objects.parquet",
    "event_objects": "ocel_event_objects.parquet",
    "object_objects": "ocel_object_objects.parquet",
    "changes": "ocel_object_changes.parquet",
}
"""File of each table of `COLUMNS` in the folder of a source."""

COLUMNS: Final = {
    "types": ("scope", "type", "attribute", "kind"),
    "events": ("position", "event_id", "type", "time_us", "attributes"),
    "objects": ("object_id", "type"),
    "event_objects": ("event_id", "object_id", "qualifier"),
    "object_objects": ("source_id", "target_id", "qualifier"),
    "changes": ("object_id", "name", "time_us", "value"),
}
"""The log whole. `scope` is event or object; `attribute` and `kind` are null in the row that declares the type itself;
`changes.time_us` 0 is the value from the beginning."""

_MEANT = frozenset({"format", "encoding", "zone", "case_type", "rename", "finished_activities"})
"""Keys of a mapping that mean something for a log that says itself what its columns are."""
_XML = re.compile(rb"<(?:\w+:)?(trace|extension|object-types|event-types|objects|events)[\s/>]")
_NOT_XES = (b"object-types", b"event-types", b"objects", b"events")


def sniff(path: Path, limits: Limits) -> tuple[Kind, bytes] | None:
    """The kind of an OCEL file by its first bytes (names lie), and those bytes, unpacked; None for other files."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            return "ocel-sqlite", b""
    with HashingFile(path) as raw:
        head = next(opening.unpacked(raw, path.name, limits), b"")[: 1 << 16]
    if head.startswith(MAGIC):
        raise BadInput("请先解压这个 SQLite 文件", "unpack this SQLite file first", where=path.name, found="gzip")
    plain = head.replace(b"\x00", b"").lstrip(b"\xff\xfe\xef\xbb\xbf\r\n\t ")
    if plain.startswith(b"{"):
        return "ocel-json", head[:4096]
    if plain.startswith(b"<") and (found := _XML.search(plain)) and found.group(1) in _NOT_XES:
        return "ocel-xml", head[:4096]
    return None


def check_mapping(mapping: LogMapping, name: str) -> None:
    """Raises `BadInput` for keys that would mean nothing."""
    if idle := sorted(mapping.model_fields_set - _MEANT):
        raise BadInput(
            "OCEL 日志用不到这些映射键", "these keys of the mapping mean nothing for an OCEL log",
            where=name, found=", ".join(idle), expected=", ".join(sorted(_MEANT)),
        )  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """The staged tables of a file, and its SHA-256 as it was read."""

    paths: dict[str, Path]
    sha256: str


def read(
    file: Path, kind: Kind, folder: Path, *, encoding: str, limits: Limits, progress: Progress | None = None
) -> Taken:
    """Raises `BadInput` with the line of what is not of the format."""
    with staged(file.name, folder) as staging:
        if kind == "ocel-sqlite":
            read_sqlite(file, staging)
            return Taken(staging.paths, opening.file_sha256(file))
        with HashingFile(file, progress) as stream:
            pieces = opening.utf8(opening.unpacked(stream, file.name, limits), encoding, file.name)
            (read_json if kind == "ocel-json" else read_xml)(pieces, staging, limits)
            return Taken(staging.paths, stream.sha256())


def build(
    connection: duckdb.DuckDBPyConnection, folder: Path, paths: dict[str, Path], mapping: LogMapping, name: str
) -> dict[str, Any]:
    """Judge the staged tables and write the source's files. Returns what source.json says of it.

    Raises `BadInput` with the places of the first faults, or where `case_type` is no type of the log.
    """
    for table in TABLES:
        files = path_literal(paths[table])
        connection.execute(sql("CREATE VIEW s_$table AS SELECT * FROM read_parquet($files)", table=table, files=files))
    read_values(connection, mapping.zone)
    judge(connection, name)
    notes = whole(connection)
    for part, file in PARTS.items():
        connection.execute(f"COPY {part} TO {literal(str(folder / file))} (FORMAT parquet, COMPRESSION zstd)")
    case_type, types = _case_type(connection, mapping.case_type, name)
    flat = flatten(connection, folder, case_type, mapping, name)
    return {**flat, "notes": {**notes, **flat["notes"]}, "case_types": types}


_VALUE = """CASE kind
    WHEN 'string' THEN CASE WHEN given = 'text' THEN CAST(to_json(value) AS VARCHAR) END
    WHEN 'integer' THEN CASE WHEN given <> 'boolean' AND regexp_full_match(trim(value), '[+-]?[0-9]+([.]0+)?')
        THEN CAST(TRY_CAST(regexp_replace(trim(value), '[.]0+$', '') AS BIGINT) AS VARCHAR) END
    WHEN 'float' THEN CASE WHEN given <> 'boolean'
        AND regexp_full_match(trim(value), '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?')
        AND isfinite(TRY_CAST(trim(value) AS DOUBLE))
        THEN CAST(TRY_CAST(trim(value) AS DOUBLE) + 0::DOUBLE AS VARCHAR) END
    WHEN 'boolean' THEN CASE WHEN lower(trim(value)) IN ('true', '1') THEN 'true'
        WHEN lower(trim(value)) IN ('false', '0') THEN 'false' END
    WHEN 'time' THEN CASE WHEN given = 'text' AND v_us IS NOT NULL
        THEN '"' || strftime(make_timestamp(v_us), '%Y-%m-%dT%H:%M:%S.%fZ') || '"' END
END"""
"""A value as JSON text of its declared kind, null where it is none. Text stands for any kind: XML and SQLite have
little else. Nought has no sign, which SQLite would lose."""


_JOINED = """
CREATE TABLE declared AS SELECT scope, type, attribute, any_value(kind) AS kind FROM s_types
    WHERE attribute IS NOT NULL GROUP BY ALL;
CREATE TABLE j_events AS SELECT * EXCLUDE ($columns), $us AS time_us, $naive AS naive
    FROM (SELECT *, $parts FROM s_events);
CREATE TABLE j_objects AS SELECT * FROM s_objects"""
_JOINED_VALUES = """
CREATE TABLE j_${scope}_values AS SELECT * EXCLUDE (v_us, $columns), $json AS json FROM (
    SELECT *, $instant $value_us AS v_us FROM (
        SELECT v.*, o.type, o.known, d.kind, d.kind IS NOT NULL AS declared, $parts FROM s_${scope}_values v
        LEFT JOIN (SELECT id, any_value(type) AS type, true AS known FROM s_${scope}s GROUP BY id) o ON o.id = v.owner
        LEFT JOIN declared d ON d.scope = '$scope' AND d.type = o.type AND d.attribute = v.name))"""


def read_values(connection: duckdb.DuckDBPyConnection, zone: str | None) -> None:
    """`j_events`, `j_event_values`, `j_objects`, `j_object_values`: staged rows with times and values read."""
    time = time_sql("t", "trim(time)", ("iso",), zone)
    value = time_sql("v", "CASE WHEN kind = 'time' THEN trim(value) END", ("iso",), zone)
    # the initial value of an attribute is dated 1970-01-01T00:00:00, with a zone or without: it is a mark, no instant
    marked = f"{time.naive} AND {time.wall} = 0"
    connection.execute(sql(_JOINED, parts=time.parts, columns=", ".join(time.columns), us=time.us, naive=time.naive))
    for scope, with_time in (("event", False), ("object", True)):
        instant = f"CASE WHEN {marked} THEN 0 ELSE {time.us} END AS time_us, {time.naive} AS naive, "
        connection.execute(
            sql(
                _JOINED_VALUES,
                scope=scope,
                instant=instant if with_time else "",
                parts=f"{time.parts}, {value.parts}" if with_time else value.parts,
                columns=", ".join((*(time.columns if with_time else ()), *value.columns)),
                value_us=value.us,
                json=_VALUE,
            )
        )


def whole(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The tables of `COLUMNS`, each in an order of its own content; and how many rows stood twice."""
    connection.execute(
        """CREATE TABLE types AS SELECT scope, type, attribute, kind FROM s_types
            ORDER BY scope, type, attribute NULLS FIRST;
        CREATE TABLE events AS SELECT row_number() OVER (ORDER BY e.line, e.position) - 1 AS position,
            e.id AS event_id, e.type, e.time_us, v.attributes FROM j_events e
            LEFT JOIN (SELECT owner, '{' || string_agg(
            CAST(to_json(name) AS VARCHAR) || ':' || json, ',' ORDER BY name) || '}' AS attributes FROM j_event_values
            GROUP BY owner) v ON v.owner = e.id ORDER BY 1;
        CREATE TABLE objects AS SELECT id AS object_id, type FROM j_objects ORDER BY id;
        CREATE TABLE event_objects AS SELECT DISTINCT e.event_id, r.object AS object_id, r.qualifier
            FROM s_event_objects r JOIN events e ON e.event_id = r.owner ORDER BY e.position, 2, 3;
        CREATE TABLE object_objects AS SELECT DISTINCT owner AS source_id, object AS target_id, qualifier
            FROM s_object_objects ORDER BY ALL;
        CREATE TABLE changes AS SELECT DISTINCT owner AS object_id, name, time_us, json AS value FROM j_object_values
            ORDER BY ALL"""
    )
    row = connection.execute(
        """SELECT (SELECT count(*) FROM s_event_objects) - (SELECT count(*) FROM event_objects)
            + (SELECT count(*) FROM s_object_objects) - (SELECT count(*) FROM object_objects)"""
    ).fetchone()
    return {"relations_doubled": int(row[0])} if row and row[0] else {}


def _case_type(
    connection: duckdb.DuckDBPyConnection, wanted: str | None, name: str
) -> tuple[str, dict[str, dict[str, int]]]:
    """The type that plays the case: the one asked for, else the one most events concern. And all types with counts."""
    rows = connection.execute(
        """SELECT t.type, count(DISTINCT r.event_id), count(DISTINCT o.object_id) FROM types t
        LEFT JOIN objects o USING (type) LEFT JOIN event_objects r USING (object_id)
        WHERE t.scope = 'object' AND t.attribute IS NULL GROUP BY t.type ORDER BY 2 DESC, 3 DESC, 1"""
    ).fetchall()
    types = {type_: {"events": events, "objects": objects} for type_, events, objects in rows}
    if wanted is not None and wanted not in types:
        raise BadInput(
            "日志中没有这个对象类型", "the log has no objects of this type",
            where=name, found=wanted, expected=", ".join(types) or "-",
        )  # fmt: skip
    if not types:
        raise BadInput("日志没有对象类型", "the log declares no type of object", where=name)
    return wanted or next(iter(types)), types
