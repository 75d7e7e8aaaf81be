# SPDX-License-Identifier: Apache-2.0
"""Reading OCEL 2.0 in SQLite: a table of ids, and one table a type, found by its name in the map.

The file is somebody else's: it is opened read-only, checked for damage first, and only real tables are asked, never a
view or a trigger of its own. Rows take the place of lines.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.ocel_staging import Given, Staging

MAGIC = b"SQLite format 3\x00"
_NEEDED = {
    "event": ("ocel_id", "ocel_type"),
    "object": ("ocel_id", "ocel_type"),
    "event_object": ("ocel_event_id", "ocel_object_id", "ocel_qualifier"),
    "object_object": ("ocel_source_id", "ocel_target_id", "ocel_qualifier"),
    "event_map_type": ("ocel_type", "ocel_type_map"),
    "object_map_type": ("ocel_type", "ocel_type_map"),
}
_OWN = {"event": ("ocel_id", "ocel_time"), "object": ("ocel_id", "ocel_time", "ocel_changed_field")}
_KINDS = {
    "TEXT": "string",
    "VARCHAR": "string",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "REAL": "float",
    "FLOAT": "float",
    "DOUBLE": "float",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "time",
    "DATETIME": "time",
}
"""Types of columns as the standard declares them, and as pandas does."""


def quoted(name: str) -> str:
    """An identifier as SQLite writes it."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Read-only, nothing written beside the file. Raises `BadInput` for one that is damaged."""
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
        if found != ["ok"]:
            raise BadInput(
                "SQLite 文件已损坏", "the SQLite file is damaged", where=path.name, found="; ".join(map(str, found))
            )
        yield connection
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise BadInput(
            "SQLite 文件不完整或已损坏", "the SQLite file is truncated or damaged", where=path.name, found=str(error)
        ) from error
    finally:
        connection.close()


class _SqliteReader:
    def __init__(self, connection: sqlite3.Connection, staging: Staging) -> None:
        self.connection, self.staging = connection, staging
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'")
        self.tables = {str(name) for (name,) in rows}

    def bad(self, zh: str, en: str, table: str, *, found: object = None, expected: object = None) -> BadInput:
        return BadInput(zh, en, where=f"{self.staging.name} {table}", found=found, expected=expected)

    def columns(self, table: str) -> dict[str, str]:
        """Names and declared types, as written."""
        rows = self.connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
        return {str(name): str(kind).upper().partition("(")[0].strip() for _, name, kind, *_ in rows}

    def read(self) -> None:
        missing = [table for table in _NEEDED if table not in self.tables]
        if missing:
            raise self.bad(
                "这不是 OCEL 2.0：缺少表",
                "this is no OCEL 2.0: tables are missing",
                "",
                found=", ".join(sorted(self.tables)) or "-",
                expected=", ".join(missing),
            )
        for table, needed in _NEEDED.items():
            if absent := [column for column in needed if column not in self.columns(table)]:
                raise self.bad("表缺少列", "the table lacks columns", table, expected=", ".join(absent))
        for scope in ("object", "event"):
            self._typed(scope)
        for table in ("event_object", "object_object"):
            picked = ", ".join(_NEEDED[table])
            for row, owner, target, qualifier in self.connection.execute(
                f"SELECT row_number() OVER (), {picked} FROM {quoted(table)}"  # noqa: S608 -- names of ours
            ):
                owner_, target_ = self._id(owner, table, row), self._id(target, table, row)
                self.staging.add(f"{table}s", row, owner_, target_, self._text(qualifier, table, row) or "")

    def _id(self, value: object, table: str, row: int) -> str:
        found = self._text(value, table, row)
        if found is None:
            raise self.bad("缺少编号", "an id is missing", f"{table}:{row}", found="NULL")
        return found

    def _text(self, value: object, table: str, row: int) -> str | None:
        if value is None or isinstance(value, str):
            return value
        raise self.bad("类型不对", "of the wrong type", f"{table}:{row}", found=type(value).__name__, expected="text")

    def _typed(self, scope: str) -> None:
        """Every type's table; then what stands in one of the two tables of a thing and not in the other."""
        maps = self.connection.execute(f"SELECT ocel_type, ocel_type_map FROM {scope}_map_type").fetchall()  # noqa: S608
        known = set()
        for row, (type_, mapped) in enumerate(maps, 1):
            name = self._id(type_, f"{scope}_map_type", row)
            table = f"{scope}_{self._id(mapped, f'{scope}_map_type', row)}"
            if table not in self.tables:
                raise self.bad(
                    "没有这个类型的表", "the table of a type is missing", f"{scope}_map_type:{row}", expected=table
                )
            known.add(name)
            attributes = self._declare(scope, name, table)
            if scope == "event":
                self._events(name, table, attributes)
            else:
                self._objects(name, table, attributes)
        for row, one, type_ in self.connection.execute(
            f"SELECT row_number() OVER (), ocel_id, ocel_type FROM {scope}"  # noqa: S608 -- event or object
        ):
            if type_ not in known:
                raise self.bad(
                    "类型没有声明", "the type is not declared", f"{scope}:{row}",
                    found=f"{one}: {type_}", expected=f"{scope}_map_type",
                )  # fmt: skip

    def _declare(self, scope: str, name: str, table: str) -> list[str]:
        columns = self.columns(table)
        if absent := [column for column in _OWN[scope][:2] if column not in columns]:
            raise self.bad("表缺少列", "the table lacks columns", table, expected=", ".join(absent))
        self.staging.add("types", 0, scope, name, None, None)
        attributes = [column for column in columns if column not in _OWN[scope]]
        for column in attributes:
            kind = _KINDS.get(columns[column], columns[column] or "-")
            self.staging.add("types", 0, scope, name, column, kind)
        return attributes

    def _rows(
        self, scope: str, name: str, table: str, extra: list[str]
    ) -> Iterator[tuple[int, int, str, tuple[object, ...]]]:
        """Place among all of the scope, row of the type's table, id, and `extra` columns, in the file's order."""
        strangers = self.connection.execute(
            f"SELECT t.ocel_id FROM {quoted(table)} t LEFT JOIN {scope} o ON o.ocel_id = t.ocel_id AND o.ocel_type = ?"  # noqa: S608
            " WHERE o.ocel_id IS NULL LIMIT 1",
            [name],
        ).fetchone()
        if strangers:
            raise self.bad(
                "编号不在总表中，或类型不同",
                "an id is not in the table of all, or is of another type",
                table,
                found=strangers[0],
                expected=scope,
            )
        picked = "".join(f", t.{quoted(column)}" for column in extra)
        rows = self.connection.execute(
            f"WITH every AS (SELECT row_number() OVER () AS ocel_place, ocel_id, ocel_type FROM {scope}),"  # noqa: S608
            f" own AS (SELECT row_number() OVER () AS ocel_row, * FROM {quoted(table)})"
            f" SELECT ocel_place, coalesce(ocel_row, 0), o.ocel_id{picked} FROM every o"
            " LEFT JOIN own t ON t.ocel_id = o.ocel_id WHERE o.ocel_type = ? ORDER BY ocel_place, ocel_row",
            [name],
        )
        for place, row, one, *rest in rows:
            yield place, row, self._id(one, scope, place), tuple(rest)

    def _events(self, name: str, table: str, attributes: list[str]) -> None:
        seen = ""
        for place, row, one, (time, *values) in self._rows("event", name, table, ["ocel_time", *attributes]):
            if one == seen:
                raise self.bad("事件编号重复", "an event's id stands twice", f"{table}:{row}", found=one)
            seen = one
            self.staging.add("events", place, one, name, self._time(time, table, row))
            for attribute, value in zip(attributes, values, strict=True):
                if value is not None:
                    self.staging.add("event_values", place, one, attribute, *self._value(value, table, row))

    def _objects(self, name: str, table: str, attributes: list[str]) -> None:
        changing = "ocel_changed_field" in self.columns(table)
        extra = ["ocel_time", *attributes, *(["ocel_changed_field"] if changing else [])]
        seen = None
        for place, row, one, (time, *values) in self._rows("object", name, table, extra):
            if place != seen:
                self.staging.add("objects", place, one, name)
                seen = place
            changed = self._text(values.pop(), table, row) if changing else None
            if changed and changed not in attributes:
                raise self.bad(
                    "ocel_changed_field 不是该类型的属性", "ocel_changed_field names no attribute of the type",
                    f"{table}:{row}", found=changed, expected=", ".join(attributes) or "-",
                )  # fmt: skip
            for attribute, value in zip(attributes, values, strict=True):
                if value is not None and (not changed or changed == attribute):
                    at, written = self._time(time, table, row), self._value(value, table, row)
                    self.staging.add("object_values", place, one, attribute, at, *written)

    def _time(self, value: object, table: str, row: int) -> str:
        return self._text(value, table, row) or ""

    def _value(self, value: object, table: str, row: int) -> tuple[str, Given]:
        if isinstance(value, str):
            return value, "text"
        if isinstance(value, int | float):
            return repr(value), "number"
        raise self.bad(
            "类型不对", "of the wrong type", f"{table}:{row}", found=type(value).__name__, expected="text | number"
        )


def read_sqlite(path: Path, staging: Staging) -> None:
    """Raises `BadInput` naming the table and row of what is no OCEL."""
    with opened(path) as connection:
        _SqliteReader(connection, staging).read()
