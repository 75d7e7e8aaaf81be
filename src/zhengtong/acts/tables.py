# SPDX-License-Identifier: Apache-2.0
"""State rows in sets: the statements of the hot path, made from the models once.

They leave and find the very rows the ORM would (a test compares them); what they save is the building of a query a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection
from django.db.models import AutoField, BigAutoField, Field, ForeignKey, Model

from zhengtong.ledger.store import insert, query

M = TypeVar("M", bound=Model)
_TEXT = frozenset({"CharField", "TextField"})
_WHOLE = frozenset({"BigIntegerField", "IntegerField", "PositiveIntegerField", "SmallIntegerField",
                    "PositiveSmallIntegerField", "AutoField", "BigAutoField"})  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A model as one database vendor stores it. Values of their column's kind are taken as they are."""

    model: type[Model]
    fields: tuple[Field[Any, Any], ...]
    names: tuple[str, ...]
    kinds: tuple[type | None, ...]
    readers: tuple[tuple[int, tuple[Callable[..., Any], ...]], ...]
    read: Callable[[Model], tuple[Any, ...]]

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @cached_property
    def key(self) -> int:
        """The place of the primary key among the fields."""
        return self.fields.index(self.model._meta.pk)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(f'"{field.column}"' for field in self.fields)

    def values(self, row: Model) -> list[Any]:
        """The row's columns as parameters."""
        return [
            value if value is None or type(value) is kind else field.get_db_prep_save(value, connection)
            for value, kind, field in zip(self.read(row), self.kinds, self.fields, strict=True)
        ]

    def row(self, stored: Sequence[Any]) -> Model:
        """An instance of what the database returned for `names`."""
        values = list(stored)
        for place, readers in self.readers:
            for reader in readers:
                values[place] = reader(values[place], None, connection)
        return self.model.from_db(connection.alias, self.names, values)


@lru_cache(maxsize=128)
def _table(model: type[Model], vendor: str) -> Table:
    fields = tuple(model._meta.concrete_fields)
    names = tuple(field.attname for field in fields)
    readers = []
    for place, field in enumerate(fields):
        column = field.get_col(model._meta.db_table)
        found = (*connection.ops.get_db_converters(column), *column.get_db_converters(connection))
        if found:
            readers.append((place, found))
    return Table(model, fields, names, tuple(map(_kind, fields)), tuple(readers), attrgetter(*names))


def table(model: type[Model]) -> Table:
    return _table(model, connection.vendor)


def _kind(field: Field[Any, Any]) -> type | None:
    if isinstance(field, ForeignKey):
        return _kind(field.target_field)
    kind = field.get_internal_type()
    return str if kind in _TEXT else int if kind in _WHOLE else bool if kind == "BooleanField" else None


def fetch(model: type[M], column: str, value: object, *, lock: bool = False) -> list[M]:
    """The rows whose `column` holds `value`, locked until the transaction ends if asked and the database has locks."""
    what = table(model)
    suffix = " FOR UPDATE" if lock and connection.features.has_select_for_update else ""
    columns = ", ".join(what.columns)
    sql = f'SELECT {columns} FROM {what.name} WHERE "{column}" = %s{suffix}'  # noqa: S608 - names of our own models
    return [what.row(stored) for stored in query(sql, [value])]  # type: ignore[misc]  # rows of `model`


def add(model: type[Model], rows: Sequence[Model], *, keyed: bool = True) -> None:
    """Insert new rows; without `keyed` the database gives out their keys, which nobody waits for."""
    what = table(model)
    values = [what.values(row) for row in rows]
    columns = list(what.columns)
    if not keyed:
        del columns[what.key]
        for one in values:
            del one[what.key]
    insert(f"{what.name} ({', '.join(columns)})", values)


def change(model: type[Model], rows: Mapping[Any, tuple[Model, int]], fixed: frozenset[str]) -> int:
    """Overwrite each row where it still has the version given; `fixed` columns never change. Returns how many had."""
    what = table(model)
    places = [place for place, name in enumerate(what.names) if place != what.key and name not in fixed]
    setting = ", ".join(f"{what.columns[place]} = %s" for place in places)
    sql = f"UPDATE {what.name} SET {setting} WHERE {what.columns[what.key]} = %s AND version = %s"  # noqa: S608 - names of our own models
    parameters = []
    for row, version in rows.values():
        values = what.values(row)
        parameters.append([*(values[place] for place in places), values[what.key], version])
    with connection.cursor() as cursor:
        cursor.executemany(sql, parameters)
        return int(cursor.rowcount)


def reserve(model: type[Model], count: int) -> list[int]:
    """`count` keys that no other row has or will get, to be used in this transaction."""
    name, key = model._meta.db_table, model._meta.pk
    assert isinstance(key, AutoField | BigAutoField)  # noqa: S101 - state rows have keys of their own
    if connection.vendor == "sqlite":  # the transaction holds the only write lock
        last = query("SELECT seq FROM sqlite_sequence WHERE name = %s", [name])
        first = int(last[0][0]) + 1 if last else 1
        return list(range(first, first + count))
    series = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
    return [int(found) for (found,) in query(series, [f'"{name}"', key.column, count])]
