# SPDX-License-Identifier: Apache-2.0
"""Writing XES (IEEE 1849) from the two Parquet files of a source, a trace at a time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import duckdb

from zhengtong.evaluation.engine.duck import path_literal, sql
from zhengtong.evaluation.engine.ocel_writing import attribute_text, iso

_EXTENSIONS = (
    ("Concept", "concept"),
    ("Time", "time"),
    ("Organizational", "org"),
    ("Lifecycle", "lifecycle"),
)
_HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
)
_GLOBALS = """<global scope="trace"><string key="concept:name" value="-"/></global>
<global scope="event"><string key="concept:name" value="-"/>\
<date key="time:timestamp" value="1970-01-01T00:00:00.000Z"/></global>
<classifier name="Activity" keys="concept:name"/>
"""
_RECORD = {"_actor": "org:resource", "_department": "org:group"}
"""Attributes of the own record that XES has keys for."""
_BATCH = 5_000


def write_xes(
    connection: duckdb.DuckDBPyConnection, events: Path, cases: Path, out: Path, *, name: str, prefix: str = ""
) -> tuple[int, int]:
    """Cases and distinct events written. `prefix` is taken off the ids of cases.

    Raises `BadInput` for characters XML has none of.
    """
    described = connection.execute(sql("DESCRIBE SELECT * FROM read_parquet($f)", f=path_literal(cases))).fetchall()
    kept = [row[0] for row in described if row[0].startswith("attr_")]
    rows = _rows(
        connection,
        sql(
            """SELECT e.case_no, e.case_id, e.activity, e.time_us, e.start_us, e.resource, e.department, e.lifecycle,
            e.attributes, e.position, c.attributes AS case_attributes $kept
            FROM read_parquet($events) e JOIN read_parquet($cases) c USING (case_no)
            ORDER BY e.case_no, e.time_us, e.position""",
            kept="".join(f', c."{column}"' for column in kept),
            events=path_literal(events),
            cases=path_literal(cases),
        ),
    )
    traces = 0
    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD)
        for title, short in _EXTENSIONS:
            uri = f"http://www.xes-standard.org/{short}.xesext"
            file.write(f'<extension name="{title}" prefix="{short}" uri="{uri}"/>\n')
        file.write(_GLOBALS)
        _write(file, "string", "concept:name", name)
        for _, trace in itertools.groupby(rows, key=lambda row: row[0]):
            traces += 1
            _trace(file, list(trace), kept, prefix)
        file.write("</log>\n")
    row = connection.execute(
        sql("SELECT count(DISTINCT position) FROM read_parquet($f)", f=path_literal(events))
    ).fetchone()
    return traces, row[0] if row else 0


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    result = connection.execute(query)
    while batch := result.fetchmany(_BATCH):
        yield from batch


def _write(file: TextIOWrapper, tag: str, key: str, value: str) -> None:
    file.write(f"<{tag} key={attribute_text(key)} value={attribute_text(value)}/>")


def _attributes(text: str | None) -> Mapping[str, tuple[str, str]]:
    """`{key: [XES type, value]}`, with the keys XES has for what the own record calls otherwise."""
    found: dict[str, tuple[str, str]] = {}
    for key, (tag, value) in json.loads(text or "{}").items():
        found[_RECORD.get(key, key)] = (tag, value)
    return found


def _trace(file: TextIOWrapper, rows: list[tuple[Any, ...]], kept: list[str], prefix: str) -> None:
    first = rows[0]
    file.write("\n<trace>")
    _write(file, "string", "concept:name", str(first[1]).removeprefix(prefix))
    for key, (tag, value) in _attributes(first[10]).items():
        _write(file, tag, key, value)
    for column, value in zip(kept, first[11:], strict=True):
        key = column.removeprefix("attr_")
        if value is None or (key.endswith("_day") and f"{column[:-4]}_us" in kept):
            continue
        if key.endswith("_us") and f"{column[:-3]}_day" in kept:
            _write(file, "date", key.removesuffix("_us"), iso(value))
        else:
            tag = "int" if isinstance(value, int) else "string" if isinstance(value, str) else "float"
            _write(file, tag, key, str(value))
    for _, _, activity, time_us, start_us, resource, department, lifecycle, attributes, *_ in rows:
        file.write("\n<event>")
        _write(file, "string", "concept:name", activity)
        _write(file, "date", "time:timestamp", iso(time_us))
        if start_us is not None:
            _write(file, "date", "start_timestamp", iso(start_us))
        named = (("org:resource", resource), ("org:group", department), ("lifecycle:transition", lifecycle))
        taken = {key for key, value in named if value is not None}
        for key, value in named:
            if value is not None:
                _write(file, "string", key, value)
        for key, (tag, value) in _attributes(attributes).items():
            if key not in taken:
                _write(file, tag, key, value)
        file.write("</event>")
    file.write("\n</trace>\n")
