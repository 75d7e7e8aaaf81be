# SPDX-License-Identifier: Apache-2.0
"""One consistent picture of the database into files, and back into an empty one.

SQLite gives a copy of its file (its own backup interface: writers go on meanwhile). PostgreSQL gives one text file a
table (COPY in one repeatable-read transaction) beside the migrations they belong to, so that no client program has to
be installed and of the right version.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from zhengtong.errors import BadInput, Conflict

if TYPE_CHECKING:
    import psycopg

SQLITE = "zhengtong.sqlite3"
TABLES = "tables"
FILLED_BY_TRIGGER = "ledger_unsealed"
"""Every event that is loaded puts a row there; it is emptied before its own rows come."""


def engine() -> str:
    """`sqlite` or `postgresql`."""
    return connection.vendor


NEWEST = "SELECT note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1"


def dump(into: Path) -> str:
    """Write the picture under `into`, which exists; returns the newest checkpoint in it, "" where there is none."""
    if engine() == "sqlite":
        name = str(settings.DATABASES["default"]["NAME"])
        with closing(sqlite3.connect(name, timeout=60)) as source, closing(sqlite3.connect(into / SQLITE)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a -wal beside it
            return _first(copy.execute(NEWEST).fetchone())
    folder = into / TABLES
    folder.mkdir()
    with transaction.atomic(durable=True):
        _raw().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in sorted(connection.introspection.table_names()):
            columns = _columns(table)
            (folder / f"{table}.json").write_text(json.dumps(columns))
            out = f'COPY "{table}" ({_listed(columns)}) TO STDOUT'
            with (
                _raw().cursor() as cursor,
                (folder / f"{table}.copy").open("wb") as file,
                cursor.copy(out) as copied,
            ):
                for block in copied:
                    file.write(block)
        return _first(_raw().execute(NEWEST).fetchone())


def holds_a_record() -> bool:
    """Whether the tables of the record are there, filled or not."""
    return "ledger_event" in connection.introspection.table_names()


def require_empty() -> None:
    """Raises `Conflict` where events lie in the database already."""
    if not holds_a_record():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM ledger_event")
        held = int(cursor.fetchone()[0])
    if held:
        raise Conflict(
            "目标数据库不是空的，恢复不会覆盖任何东西",
            "the database is not empty; restoring overwrites nothing",
            where=str(settings.DATABASES["default"]["NAME"]),
            found=held,
        )


def load(source: Path, kind: str) -> None:
    """Fill the empty database from the picture under `source`; its rows in one transaction.

    `kind` is the `engine()` it was taken on. Raises `BadInput` where that is another than ours.
    """
    if kind != engine():
        raise BadInput(
            "备份来自另一种数据库", "the backup is of the other kind of database", found=kind, expected=engine()
        )
    if kind == "sqlite":
        return  # its file already lies in the state folder that the settings name
    for app, name in _migrations(source / TABLES):
        call_command("migrate", app, name, verbosity=0, interactive=False)
    tables = sorted(path.stem for path in (source / TABLES).glob("*.copy"))
    with transaction.atomic(durable=True):
        for table in connection.introspection.table_names():  # what migrating itself wrote
            _empty(table)
        for table in sorted(tables, key=lambda name: name == FILLED_BY_TRIGGER):
            _load_table(source / TABLES, table)
        for table in tables:
            _continue_numbers(table)


def _empty(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608 - the catalogue's names


def _load_table(folder: Path, table: str) -> None:
    columns = cast("list[str]", json.loads((folder / f"{table}.json").read_text()))
    if table not in connection.introspection.table_names():
        raise BadInput("备份中有本版本不认识的表", "the backup holds a table this version does not know", found=table)
    if table == FILLED_BY_TRIGGER:
        _empty(table)
    into = f'COPY "{table}" ({_listed(columns)}) FROM STDIN'
    with _raw().cursor() as cursor, (folder / f"{table}.copy").open("rb") as file, cursor.copy(into) as copied:
        while block := file.read(1 << 20):
            copied.write(block)


def _continue_numbers(table: str) -> None:
    """Identity columns go on after the greatest number that was loaded."""
    with connection.cursor() as cursor:
        for sequence in connection.introspection.get_sequences(cursor, table):
            column = sequence["column"]
            cursor.execute(
                f'SELECT setval(pg_get_serial_sequence(%s, %s), COALESCE(MAX("{column}"), 0) + 1, false) '  # noqa: S608 - the catalogue's names
                f'FROM "{table}"',
                [f'"{table}"', column],
            )


def _migrations(folder: Path) -> list[tuple[str, str]]:
    """The last migration of each app that the picture was taken at."""
    recorder = MigrationRecorder.Migration._meta.db_table
    columns = json.loads((folder / f"{recorder}.json").read_text())
    last: dict[str, str] = {}
    for line in (folder / f"{recorder}.copy").read_text("utf-8").splitlines():
        row = dict(zip(columns, line.split("\t"), strict=True))
        last[row["app"]] = max(last.get(row["app"], ""), row["name"])
    return sorted(last.items())


def _first(row: Sequence[object] | None) -> str:
    return str(row[0]) if row else ""


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _raw() -> psycopg.Connection[tuple[object, ...]]:
    connection.ensure_connection()
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection)
