# SPDX-License-Identifier: Apache-2.0
"""Writing OCEL 2.0 from the tables of `ocel.COLUMNS` on a DuckDB connection, a row at a time.

Times are ISO 8601 in UTC with microseconds in all three forms; what a form cannot hold is refused, never changed.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import duckdb

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.duck import sql
from zhengtong.evaluation.engine.ocel_sqlite import quoted

Scalar = str | int | float | bool
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 5_000
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLUMNS: Final = {"string": "TEXT", "integer": "INTEGER", "float": "REAL", "boolean": "BOOLEAN", "time": "TIMESTAMP"}
_TAKEN = frozenset({"ocel_id", "ocel_time", "ocel_changed_field"})


@dataclass(frozen=True)
class Event:
    """`relations` are (object, qualifier)."""

    id: str
    type: str
    time_us: int
    attributes: Mapping[str, Scalar]
    relations: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Object:
    """`changes` are (name, µs, value), oldest first; 0 is the value from the beginning."""

    id: str
    type: str
    changes: tuple[tuple[str, int, Scalar], ...]
    relations: tuple[tuple[str, str], ...]


Types = Mapping[str, Mapping[str, str]]
"""The attributes of each type and their kinds."""


def iso(us: int) -> str:
    return (_EPOCH + timedelta(microseconds=us)).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    """One query at a time: a cursor of its own would see neither views nor temporary tables."""
    result = connection.execute(query)
    while batch := result.fetchmany(_BATCH):
        yield from batch


def read_types(connection: duckdb.DuckDBPyConnection, scope: str) -> Types:
    found: dict[str, dict[str, str]] = {}
    for type_, attribute, kind in _rows(
        connection,
        sql(
            "SELECT type, attribute, kind FROM types WHERE scope = '$scope' ORDER BY 1, 2 NULLS FIRST",
            scope=scope,
        ),
    ):
        attributes = found.setdefault(type_, {})
        if attribute is not None:
            attributes[attribute] = kind
    return found


def read_events(connection: duckdb.DuckDBPyConnection) -> Iterator[Event]:
    """In the log's own order."""
    query = """SELECT e.event_id, e.type, e.time_us, e.attributes, r.relations FROM events e LEFT JOIN (
        SELECT event_id, list([object_id, qualifier] ORDER BY object_id, qualifier) AS relations
        FROM event_objects GROUP BY event_id) r USING (event_id) ORDER BY e.position"""
    for id_, type_, time_us, attributes, relations in _rows(connection, query):
        yield Event(
            id_,
            type_,
            time_us,
            json.loads(attributes) if attributes else {},
            tuple((one, qualifier) for one, qualifier in relations or ()),
        )


def read_objects(connection: duckdb.DuckDBPyConnection) -> Iterator[Object]:
    """By id."""
    query = """SELECT o.object_id, o.type, c.changes, r.relations FROM objects o
        LEFT JOIN (SELECT object_id, list({'name': name, 'us': time_us, 'value': value} ORDER BY time_us, name)
            AS changes FROM changes GROUP BY object_id) c USING (object_id)
        LEFT JOIN (SELECT source_id AS object_id, list([target_id, qualifier] ORDER BY target_id, qualifier)
            AS relations FROM object_objects GROUP BY source_id) r USING (object_id) ORDER BY o.object_id"""
    for id_, type_, changes, relations in _rows(connection, query):
        yield Object(
            id_,
            type_,
            tuple((one["name"], one["us"], json.loads(one["value"])) for one in changes or ()),
            tuple((one, qualifier) for one, qualifier in relations or ()),
        )


def write_json(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    """By the JSON Schema of OCEL 2.0."""

    def types(scope: str) -> Iterator[dict[str, Any]]:
        for name, attributes in read_types(connection, scope).items():
            yield {"name": name, "attributes": [{"name": one, "type": kind} for one, kind in attributes.items()]}

    def relations(of: Event | Object) -> list[dict[str, str]]:
        return [{"objectId": one, "qualifier": qualifier} for one, qualifier in of.relations]

    def objects() -> Iterator[dict[str, Any]]:
        for one in read_objects(connection):
            changes = [{"name": name, "time": iso(us), "value": value} for name, us, value in one.changes]
            yield {"id": one.id, "type": one.type, "attributes": changes, "relationships": relations(one)}

    def events() -> Iterator[dict[str, Any]]:
        for one in read_events(connection):
            attributes = [{"name": name, "value": value} for name, value in one.attributes.items()]
            event = {"id": one.id, "type": one.type, "time": iso(one.time_us), "attributes": attributes}
            yield {**event, "relationships": relations(one)}

    with out.open("w", encoding="utf-8") as file:
        parts = (("objectTypes", types("object")), ("eventTypes", types("event")), ("objects", objects()))
        for index, (key, elements) in enumerate((*parts, ("events", events()))):
            file.write(("," if index else "{") + f'\n"{key}": [')
            for at, element in enumerate(elements):
                file.write(("," if at else "") + "\n" + json.dumps(element, ensure_ascii=False, allow_nan=False))
            file.write("\n]")
        file.write("\n}\n")


def _checked(text: str) -> str:
    if found := _NO_XML.search(text):
        raise BadInput(
            "XML 容不下这个字符；请导出为 JSON 或 SQLite",
            "XML cannot hold this character; export as JSON or SQLite",
            where=repr(text[:60]),
            found=f"U+{ord(found[0]):04X}",
        )
    return text


def attribute_text(text: str) -> str:
    """A value for an XML attribute, in its quotes. Raises `BadInput` for characters XML has none of."""
    return quoteattr(_checked(text))


def element_text(text: str) -> str:
    """Text for an XML element; a carriage return would be read as a line end. Raises `BadInput` as above."""
    return escape(_checked(text), {"\r": "&#13;"})


def scalar_text(value: Scalar) -> str:
    return (
        ("true" if value else "false") if isinstance(value, bool) else value if isinstance(value, str) else repr(value)
    )


def write_xml(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    """By the XML Schema of OCEL 2.0. Raises `BadInput` for characters XML has none of."""
    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.write("<?xml version='1.0' encoding='UTF-8'?>\n<log>\n")
        for scope in ("object", "event"):
            file.write(f"<{scope}-types>\n")
            for name, attributes in read_types(connection, scope).items():
                file.write(f"<{scope}-type name={attribute_text(name)}><attributes>")
                for one, kind in attributes.items():
                    file.write(f'<attribute name={attribute_text(one)} type="{kind}"/>')
                file.write(f"</attributes></{scope}-type>\n")
            file.write(f"</{scope}-types>\n")
        file.write("<objects>\n")
        for thing in read_objects(connection):
            file.write(f"<object id={attribute_text(thing.id)} type={attribute_text(thing.type)}>")
            _xml_body(file, ((name, f' time="{iso(us)}"', value) for name, us, value in thing.changes), thing.relations)
            file.write("</object>\n")
        file.write("</objects>\n<events>\n")
        for event in read_events(connection):
            head = f"<event id={attribute_text(event.id)} type={attribute_text(event.type)}"
            file.write(f'{head} time="{iso(event.time_us)}">')
            _xml_body(file, ((name, "", value) for name, value in event.attributes.items()), event.relations)
            file.write("</event>\n")
        file.write("</events>\n</log>\n")


def _xml_body(
    file: TextIOWrapper, values: Iterable[tuple[str, str, Scalar]], relations: Iterable[tuple[str, str]]
) -> None:
    file.write("<attributes>")
    for name, time, value in values:
        file.write(f"<attribute name={attribute_text(name)}{time}>{element_text(scalar_text(value))}</attribute>")
    file.write("</attributes><objects>")
    for one, qualifier in relations:
        file.write(f"<relationship object-id={attribute_text(one)} qualifier={attribute_text(qualifier)}/>")
    file.write("</objects>")


_WHOLE = """
CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT, PRIMARY KEY(ocel_type));
CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT, PRIMARY KEY(ocel_type));
CREATE TABLE event (ocel_id TEXT, ocel_type TEXT, PRIMARY KEY(ocel_id),
    FOREIGN KEY(ocel_type) REFERENCES event_map_type(ocel_type));
CREATE TABLE object (ocel_id TEXT, ocel_type TEXT, PRIMARY KEY(ocel_id),
    FOREIGN KEY(ocel_type) REFERENCES object_map_type(ocel_type));
CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,
    PRIMARY KEY(ocel_event_id, ocel_object_id, ocel_qualifier),
    FOREIGN KEY(ocel_event_id) REFERENCES event(ocel_id), FOREIGN KEY(ocel_object_id) REFERENCES object(ocel_id));
CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT,
    PRIMARY KEY(ocel_source_id, ocel_target_id, ocel_qualifier),
    FOREIGN KEY(ocel_source_id) REFERENCES object(ocel_id), FOREIGN KEY(ocel_target_id) REFERENCES object(ocel_id));
"""


def table_names(types: Iterable[str]) -> dict[str, str]:
    """Each type as the name of its table: its letters and digits, numbered where two would meet. SQLite does not
    tell large letters from small ones.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for type_ in types:
        plain = re.sub(r"\W|_", "", type_) or "type"
        name, number = plain, 2
        while name.casefold() in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name.casefold())
        found[type_] = name
    return found


class _SqliteWriter:
    def __init__(self, connection: duckdb.DuckDBPyConnection, target: sqlite3.Connection) -> None:
        self.source, self.target = connection, target
        self.types = {scope: read_types(connection, scope) for scope in ("event", "object")}
        self.names = {scope: table_names(types) for scope, types in self.types.items()}

    def write(self) -> None:
        self.target.executescript(f"BEGIN; {_WHOLE}")
        for scope, types in self.types.items():
            rows = self.names[scope].items()
            self.target.executemany(f"INSERT INTO {scope}_map_type VALUES (?, ?)", rows)  # noqa: S608
            for type_, attributes in types.items():
                self._create(scope, type_, attributes)
        for thing in read_objects(self.source):
            self._object(thing)
        for thing in read_objects(self.source):  # their targets must stand before them
            rows_ = ((thing.id, one, qualifier) for one, qualifier in thing.relations)
            self.target.executemany("INSERT INTO object_object VALUES (?, ?, ?)", rows_)
        for event in read_events(self.source):
            self._event(event)

    def _create(self, scope: str, type_: str, attributes: Mapping[str, str]) -> None:
        seen: dict[str, str] = {name: name for name in _TAKEN}
        for attribute in attributes:
            if (other := seen.setdefault(attribute.lower(), attribute)) != attribute or attribute in _TAKEN:
                raise BadInput(
                    "SQLite 的列名不分大小写，两个属性会相撞；请导出为 JSON 或 XML",
                    "columns of SQLite do not tell large letters from small ones, two attributes would meet; export as"
                    " JSON or XML",
                    where=type_,
                    found=f"{attribute!r}, {other!r}",
                )
            if "\x00" in attribute or not attribute:
                raise BadInput(
                    "SQLite 容不下这个属性名；请导出为 JSON",
                    "SQLite cannot hold this name of an attribute; export as JSON",
                    where=type_,
                    found=repr(attribute),
                )
        columns = [f"{quoted(name)} {_COLUMNS[kind]}" for name, kind in attributes.items()]
        if scope == "event":
            columns = ["ocel_id TEXT PRIMARY KEY", "ocel_time TIMESTAMP", *columns]
        else:
            columns = ["ocel_id TEXT", *columns, "ocel_time TIMESTAMP", "ocel_changed_field TEXT"]
        columns.append(f"FOREIGN KEY(ocel_id) REFERENCES {scope}(ocel_id)")
        self.target.execute(f"CREATE TABLE {quoted(f'{scope}_{self.names[scope][type_]}')} ({', '.join(columns)})")

    def _insert(self, scope: str, type_: str, values: Mapping[str, Scalar | None]) -> None:
        columns = ", ".join(quoted(name) for name in values)
        table = quoted(f"{scope}_{self.names[scope][type_]}")
        marks = ", ".join("?" * len(values))
        self.target.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values.values()))  # noqa: S608

    def _object(self, one: Object) -> None:
        self.target.execute("INSERT INTO object VALUES (?, ?)", (one.id, one.type))
        begun = {name: value for name, us, value in one.changes if us == 0}
        self._insert("object", one.type, {"ocel_id": one.id, **begun, "ocel_time": iso(0), "ocel_changed_field": None})
        for name, us, value in one.changes:
            if us:
                change: dict[str, Scalar | None] = {name: value, "ocel_time": iso(us), "ocel_changed_field": name}
                self._insert("object", one.type, {"ocel_id": one.id, **change})

    def _event(self, one: Event) -> None:
        self.target.execute("INSERT INTO event VALUES (?, ?)", (one.id, one.type))
        self._insert("event", one.type, {"ocel_id": one.id, "ocel_time": iso(one.time_us), **one.attributes})
        relations = ((one.id, other, qualifier) for other, qualifier in one.relations)
        self.target.executemany("INSERT INTO event_object VALUES (?, ?, ?)", relations)


def write_sqlite(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    """By the relational schema of OCEL 2.0. Raises `BadInput` for names of attributes SQLite cannot hold."""
    target = sqlite3.connect(out, isolation_level=None)
    try:
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA foreign_keys = ON")
        _SqliteWriter(connection, target).write()
        target.execute("COMMIT")
    finally:
        target.close()
