# SPDX-License-Identifier: Apache-2.0
"""The unit of work of one transaction: what its acts have written and the database has not been told yet.

Rows, events, orders and keys are gathered and written in sets. What the acts loaded is remembered while the transaction
holds its locks, so that the next act on the same case finds it. Two rules keep this honest whatever an action does:

- before any statement that names a table with unwritten rows, all of them are written;
- when anything else writes to a table whose rows are remembered, all that is remembered is forgotten.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import IntegrityError, connection
from django.db.models import Model

from zhengtong.acts import tables
from zhengtong.acts.models import OutboxMessage
from zhengtong.errors import Conflict
from zhengtong.ledger.models import RecordedRow
from zhengtong.ledger.record import Entries, NewEvent
from zhengtong.ledger.store import insert, query

M = TypeVar("M", bound=Model)
Key = tuple[str, str, str]
"""Actor, verb and idempotency key."""

EVENTS_AT_ONCE = 5_000
"""Unwritten events at which a batch writes: some 10 MB of memory; more gains nothing."""
KEYS_AT_ONCE = 500
"""Row keys a batch reserves at once."""
REMEMBERED = 50_000
"""Rows remembered at most; a case has about ten."""
_OWN_TABLES = ("acts_", "ledger_")
_current: ContextVar[Work | None] = ContextVar("work", default=None)


@dataclass(frozen=True, slots=True)
class Kept:
    """An act under its key. `result` is kept to be returned to whoever sends the same again."""

    act: str
    salt: str
    body_hash: str
    result: dict[str, Any]
    performed_us: int


class Work:
    """`many`: acts follow each other in one transaction, so keys and numbers are taken in sets too."""

    def __init__(self, *, many: bool = False) -> None:
        self.many = many
        self.kept: dict[Key, Kept] = {}
        self._new: dict[type[RecordedRow], dict[Any, RecordedRow]] = {}
        self._changed: dict[type[RecordedRow], dict[Any, tuple[RecordedRow, int]]] = {}
        self._entries = Entries()
        self._orders: list[OutboxMessage] = []
        self._numbers: dict[str, int] = {}
        self._rows: dict[tuple[type[Model], Any], Model] = {}
        self._memory: dict[tuple[str, str], Any] = {}
        self._keys: dict[type[Model], deque[int]] = {}
        self._unwritten: set[str] = set()
        self._held: set[str] = set()
        self._loose: dict[type[Model], set[Any]] = {}
        """Keys of unwritten rows that `recall` does not lead to."""
        self._writing = False

    @contextmanager
    def open(self) -> Iterator[Work]:
        """The work of the transaction the caller has begun; what is left is written at the end."""
        token = _current.set(self)
        try:
            with connection.execute_wrapper(self._before):
                yield self
                if not connection.needs_rollback:  # else a trial run, which keeps nothing
                    self.flush()
        finally:
            _current.reset(token)

    def _before(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Every statement of the transaction passes here; those of an action must find what was done before it."""
        if not self._writing:
            if any(name in sql for name in self._unwritten):
                self.flush()
            if self._held and not sql.startswith("SELECT") and any(name in sql for name in self._held):
                self.flush()
                self.forget()
        return execute(sql, params, many, context)

    @contextmanager
    def _own(self) -> Iterator[None]:
        before, self._writing = self._writing, True
        try:
            yield
        finally:
            self._writing = before

    def ask(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of a query that nothing unwritten can change the answer of."""
        with self._own():
            return query(sql, parameters)

    def fetch(self, model: type[M], column: str, value: object, *, lock: bool) -> list[M]:
        """`tables.fetch`, for rows that are remembered next: what is written of others need not be written first."""
        if model in self._loose:
            self.flush()
        with self._own():
            return tables.fetch(model, column, value, lock=lock)

    def recall(self, kind: str, key: str) -> Any:
        """What `remember` was given, or None."""
        return self._memory.get((kind, key))

    def remember(self, kind: str, key: str, value: object, rows: Sequence[Model]) -> None:
        """Keep `value`, made of `rows` that this transaction has locked, until one of them changes elsewhere."""
        if len(self._rows) > REMEMBERED:
            self.flush()
            self.forget()
        if any(self._rows.get((type(row), row.pk), row) is not row for row in rows):
            self.flush()  # what others have written would be loaded as it was before, once nothing leads to it
            self.forget()
        for row in rows:
            self._hold(row)
            if (loose := self._loose.get(type(row))) is not None:
                loose.discard(row.pk)
                if not loose:
                    del self._loose[type(row)]
        self._memory[kind, key] = value

    def _hold(self, row: Model) -> None:
        self._rows[type(row), row.pk] = row
        self._held.add(row._meta.db_table)

    def forget(self) -> None:
        """Drop what was loaded. Only what is written may be forgotten."""
        self._rows.clear()
        self._memory.clear()
        self._keys.clear()
        self._held.clear()

    def key_of(self, row: RecordedRow) -> None:
        """Give a new row its key, so that others can point at it before it is written."""
        model = type(row)
        keys = self._keys.setdefault(model, deque())
        if not keys:
            new = self._new.get(model, {})
            with self._own():
                found = tables.reserve(model, KEYS_AT_ONCE if self.many else 8)
            # On SQLite the numbers given out and not written yet are still free in the database's eyes.
            top = max(new, default=0) if connection.vendor == "sqlite" else 0
            keys.extend(range(top + 1, top + 1 + len(found)) if top >= found[0] else found)
        row.pk = keys.popleft()

    def write(self, row: RecordedRow) -> None:
        """Order a recorded row, its version already raised, to be written."""
        model = type(row)
        held = self._rows.get((model, row.pk))
        if held is not None and held is not row:  # another instance of the same row: what was remembered is stale
            self.flush()
            self.forget()
            held = None
        if row.version == 1:
            self._new.setdefault(model, {})[row.pk] = row
            row._state.adding, row._state.db = False, connection.alias
        elif row.pk not in self._new.get(model, ()):
            self._changed.setdefault(model, {}).setdefault(row.pk, (row, row.version - 1))
        if held is None:
            self._hold(row)
            self._loose.setdefault(model, set()).add(row.pk)
        self._unwritten.add(model._meta.db_table)
        self._unwritten.update(_OWN_TABLES)

    def order(self, message: OutboxMessage) -> None:
        self._orders.append(message)
        self._unwritten.update(_OWN_TABLES)

    def record(self, act: str, events: Sequence[NewEvent], recorded_us: int) -> None:
        """Check the events of an act and take them for writing. Raises `BadInput`."""
        self._entries.take(act, events, recorded_us)
        self._unwritten.update(_OWN_TABLES)
        if len(self._entries.events) > EVENTS_AT_ONCE:
            self.flush()

    def keep(self, key: Key, kept: Kept) -> None:
        self.kept[key] = kept
        self._unwritten.update(_OWN_TABLES)

    def next_number(self, scope: str) -> int:
        """The next number of a scope, without gaps: nobody else gets one before this transaction ends."""
        if scope not in self._numbers or not self.many:
            with self._own():
                self._numbers[scope] = int(query(
                    "INSERT INTO acts_serial (scope, last) VALUES (%s, 1) "
                    "ON CONFLICT (scope) DO UPDATE SET last = acts_serial.last + 1 RETURNING last", [scope],
                )[0][0])  # fmt: skip
        else:
            self._numbers[scope] += 1
            self._unwritten.update(_OWN_TABLES)
        return self._numbers[scope]

    def flush(self) -> None:
        """Write everything. Raises `Conflict` where another transaction wrote a row or used a key meanwhile."""
        if not self._unwritten:
            return
        with self._own():
            for model, rows in self._new.items():
                tables.add(model, list(rows.values()))
            for model, changed in self._changed.items():
                self._overwrite(model, changed)
            self._entries.write()
            if self._orders:
                tables.add(OutboxMessage, self._orders, keyed=False)
            self._write_keys()
            if self.many and self._numbers:
                with connection.cursor() as cursor:
                    pairs = [(last, scope) for scope, last in self._numbers.items()]
                    cursor.executemany("UPDATE acts_serial SET last = %s WHERE scope = %s", pairs)
        self._empty()

    def drop(self) -> None:
        """Give up what is not written, and all that is remembered: rows were changed in memory."""
        self._empty()
        self.forget()

    def _empty(self) -> None:
        self._new, self._changed, self._orders, self.kept = {}, {}, [], {}
        self._entries = Entries()
        self._numbers = {}
        self._loose.clear()
        self._unwritten.clear()

    def _overwrite(self, model: type[RecordedRow], changed: dict[Any, tuple[RecordedRow, int]]) -> None:
        fixed = frozenset({"salt", model.object_id_field})
        if changed and tables.change(model, changed, fixed) != len(changed):
            one = next(iter(changed.values()))[0]
            where = f"{one.object_type} {one.object_id}" if len(changed) == 1 else one.object_type
            raise Conflict(
                "这条记录刚刚被别人更改，请刷新后再试",
                "this record was just changed by someone else; reload and try again",
                where=where,
            )

    def _write_keys(self) -> None:
        if not self.many:  # taken by the act before it began
            for key, one in self.kept.items():
                sql = "UPDATE acts_performedact SET result = %s WHERE actor = %s AND verb = %s AND key = %s"
                with connection.cursor() as cursor:
                    cursor.execute(sql, [json.dumps(one.result), *key])
            return
        rows = [
            (*key, one.act, one.salt, one.body_hash, json.dumps(one.result), one.performed_us)
            for key, one in self.kept.items()
        ]
        try:
            insert("acts_performedact (actor, verb, key, act, salt, body_hash, result, performed_us)", rows)
        except IntegrityError as error:
            raise Conflict(
                "同一操作正在另一处办理，请稍后再试",
                "the same is being done elsewhere at this moment; try again",
            ) from error


def current() -> Work | None:
    """The unit of work of the transaction being carried out, or None outside of any act."""
    return _current.get()
