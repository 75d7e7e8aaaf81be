# SPDX-License-Identifier: Apache-2.0
"""The record's tables as the sealer, the proofs and the audit read and write them: in bulk, in plain SQL.

Events are read as stored text, so that what a model would smooth over (a float, a key written twice) is seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.db import connection

from zhengtong.errors import BadInput, Contradicted
from zhengtong.ledger.rules import tree
from zhengtong.ledger.rules.canonical import Value, leaf_bytes, strict_json

ROWS = 1000
"""Rows a statement carries at most: SQLite takes 32,766 parameters, an event has eight."""


_COLUMNS = "id, act, type, time_us, recorded_us, actor, department, attributes"
_RELATION = "event_id, object_type, object_id, qualifier"


@dataclass(slots=True)
class StoredEvent:
    """One event as it lies in the database; `attributes` is JSON text, `objects` are (type, id, qualifier)."""

    id: str
    act: str
    type: str
    time_us: int
    recorded_us: int
    actor: str
    department: str
    attributes: str
    objects: list[tuple[str, str, str]] = field(default_factory=list)

    def read_attributes(self) -> Mapping[str, Value]:
        """Raises `BadInput` if the text is no JSON object or could be read in two ways."""
        read = strict_json(self.attributes)
        if not isinstance(read, dict):
            raise BadInput("属性不是对象", "the attributes are no object", where=self.id)
        return cast("Mapping[str, Value]", read)

    def leaf(self) -> bytes:
        """The content its leaf hash covers. Raises `BadInput` for content that could never have been recorded."""
        return leaf_bytes(
            id=self.id,
            act=self.act,
            type=self.type,
            time_us=self.time_us,
            recorded_us=self.recorded_us,
            actor=self.actor,
            department=self.department,
            attributes=self.read_attributes(),
            objects=self.objects,
        )


def query(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


def insert(into: str, rows: Sequence[Sequence[Any]]) -> None:
    """`into` is "table (column, …)". On PostgreSQL many rows a statement: a round trip each would cost more."""
    if not rows:
        return
    row = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(f"INSERT INTO {into} VALUES {row}", rows)  # noqa: S608 - constants; values are parameters
            return
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            sql = f"INSERT INTO {into} VALUES {', '.join([row] * len(some))}"  # noqa: S608 - constants; values are parameters
            cursor.execute(sql, [value for one in some for value in one])


def marks(values: Sequence[Any]) -> str:
    """Placeholders for an IN list."""
    return ", ".join(["%s"] * len(values))


def events(ids: Sequence[str]) -> dict[str, StoredEvent]:
    """The events among `ids` that are there, with their objects, in statements of `ROWS` each."""
    found: dict[str, StoredEvent] = {}
    for start in range(0, len(ids), ROWS):
        some = ids[start : start + ROWS]
        listed = marks(some)
        for row in query(
            f"SELECT {_COLUMNS} FROM ledger_event WHERE id IN ({listed})",  # noqa: S608 - placeholders only
            some,
        ):
            found[row[0]] = StoredEvent(*row)
        for event, *entry in query(
            f"SELECT event_id, object_type, object_id, qualifier FROM ledger_eventobject WHERE event_id IN ({listed})",  # noqa: S608 - placeholders only
            some,
        ):
            if event in found:
                found[event].objects.append((entry[0], entry[1], entry[2]))
    return found


def size() -> int:
    """Leaves in the tree."""
    return int(query("SELECT COALESCE(MAX(idx) + 1, 0) FROM ledger_leaf")[0][0])


def nodes(wanted: Iterable[tree.NodeId]) -> dict[tree.NodeId, bytes]:
    """Stored hashes of complete subtrees, leaves included. Raises `Contradicted` if one is missing."""
    levels: dict[int, list[int]] = defaultdict(list)
    asked = set(wanted)
    for level, index in asked:
        levels[level].append(index)
    found: dict[tree.NodeId, bytes] = {}
    for level, indices in levels.items():
        for start in range(0, len(indices), ROWS):
            some = indices[start : start + ROWS]
            table = "ledger_node WHERE level = %s AND" if level else "ledger_leaf WHERE"
            rows = query(
                f"SELECT idx, hash FROM {table} idx IN ({marks(some)})",  # noqa: S608 - placeholders only
                [level, *some] if level else some,
            )
            found |= {(level, index): bytes(hash_) for index, hash_ in rows}
    if len(found) != len(asked):
        level, index = min(asked - found.keys())
        raise Contradicted(
            "日志的树缺少节点，请运行 ledger audit",
            "the log's tree lacks a node; run ledger audit",
            found=f"level {level}, index {index}",
        )
    return found


def root_at(hash_: tree.Hash, leaves: int) -> bytes:
    """The root when the tree had `leaves` leaves, from stored nodes. Raises `Contradicted`."""
    ids = tree.peaks(leaves)
    held = nodes(ids)
    return tree.fold(hash_, [held[one] for one in ids])
