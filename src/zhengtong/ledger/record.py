# SPDX-License-Identifier: Apache-2.0
"""Writing events: checked, hashed, and inserted in two statements inside the caller's transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from zhengtong.errors import BadInput, WrongUse
from zhengtong.ledger.ids import is_id, new_id
from zhengtong.ledger.rules import privacy
from zhengtong.ledger.rules.canonical import SAFE, Value, canonical, leaf_bytes
from zhengtong.ledger.store import insert

EVENT_BYTES = 32 * 1024
"""A leaf's size at most. Events are facts, not documents."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """OCEL 2.0 event-to-object relation; qualifier "state" marks the row whose digest the event carries."""

    type: str
    id: str
    qualifier: str = ""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """`time_us` is when it happened; `actor` a pseudonym or "system"; `department` a city key or "".

    `id` is a `new_id()` where the writer has to name the event in the rows it writes; else one is made.
    """

    type: str
    time_us: int
    actor: str
    department: str
    attributes: Mapping[str, Value]
    objects: tuple[ObjectRef, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as written. `leaf` is the canonical content its leaf hash covers, version byte included."""

    id: str
    act: str
    type: str
    time_us: int
    recorded_us: int
    leaf: bytes


class Entries:
    """Events checked and ready to be written, of one act or of many, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.relations: list[tuple[object, ...]] = []

    def take(self, act: str, events: Sequence[NewEvent], recorded_us: int) -> list[str]:
        """Check the events of one act; returns their ids. Raises `BadInput` for what may not enter the record."""
        if not is_id(act):
            raise BadInput("操作编号格式不对", "an act's id is 32 hex digits", where="act", found=act)
        _check_time(recorded_us, "recorded_us")
        ids = []
        for event in events:
            id_, attributes, objects = _checked(act, event, recorded_us)
            row = (id_, act, event.type, event.time_us, recorded_us, event.actor, event.department, attributes)
            self.events.append(row)
            self.relations += [(id_, *entry) for entry in objects]
            ids.append(id_)
        return ids

    def write(self) -> None:
        """Insert all of it. Raises `WrongUse` outside a transaction."""
        if not connection.in_atomic_block:
            raise WrongUse("存证必须与业务写入在同一事务中", "events are written inside the transaction of their act")
        insert("ledger_event (id, act, type, time_us, recorded_us, actor, department, attributes)", self.events)
        insert("ledger_eventobject (event_id, object_type, object_id, qualifier)", self.relations)


def append(act: str, events: Sequence[NewEvent], *, recorded_us: int) -> list[RecordedEvent]:
    """Write `events` of one act, in order. They count once the caller's transaction commits.

    Raises `BadInput` for what may not enter the record, `WrongUse` outside a transaction.
    """
    entries = Entries()
    ids = entries.take(act, events, recorded_us)
    entries.write()
    return [
        RecordedEvent(id_, act, event.type, event.time_us, recorded_us, _leaf(id_, act, event, recorded_us))
        for id_, event in zip(ids, events, strict=True)
    ]


def digest_of(fields: Mapping[str, Value], version: int, salt: str) -> str:
    """SHA-256 over the salt's bytes and RFC 8785 of fields and version, as hex. `salt` is hex too."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical({"fields": fields, "version": version})).hexdigest()


def _checked(act: str, event: NewEvent, recorded_us: int) -> tuple[str, str, list[tuple[str, str, str]]]:
    """The event's id, its attributes as JSON text, its relations as rows. Raises `BadInput`."""
    where = privacy.check_type(event.type, "event.type")
    _check_time(event.time_us, f"{where}.time_us")
    privacy.check_code(event.actor, f"{where}.actor")
    if event.department:
        privacy.check_code(event.department, f"{where}.department")
    privacy.check_attributes(event.attributes, where)
    objects = []
    for ref in event.objects:
        privacy.check_type(ref.type, f"{where}.objects.type")
        privacy.check_code(ref.id, f"{where}.objects.id")
        if ref.qualifier:
            privacy.check_type(ref.qualifier, f"{where}.objects.qualifier")
        objects.append((ref.type, ref.id, ref.qualifier))
    if len(set(objects)) != len(objects):
        raise BadInput("同一事件重复关联同一对象", "an object stands twice in one event", where=where)
    one = event.id or new_id()
    if not is_id(one):
        raise BadInput("事件编号格式不对", "an event's id is 32 hex digits", where=where, found=one)
    attributes = canonical(event.attributes).decode()
    if len(attributes) + 300 * len(objects) > EVENT_BYTES // 2:  # below it, the exact size need not be known
        size = len(_leaf(one, act, event, recorded_us))
        if size > EVENT_BYTES:
            raise BadInput("事件过大", "the event is too large", where=where, found=size, expected=f"≤ {EVENT_BYTES}")
    return one, attributes, objects


def _leaf(id: str, act: str, event: NewEvent, recorded_us: int) -> bytes:
    return leaf_bytes(
        id=id,
        act=act,
        type=event.type,
        time_us=event.time_us,
        recorded_us=recorded_us,
        actor=event.actor,
        department=event.department,
        attributes=event.attributes,
        objects=[(ref.type, ref.id, ref.qualifier) for ref in event.objects],
    )


def _check_time(time_us: int, where: str) -> None:
    if isinstance(time_us, bool) or not isinstance(time_us, int) or not 0 <= time_us <= SAFE:
        raise BadInput(
            "时间应为 1970 年以来的微秒数",
            "a time is an integer of microseconds since 1970",
            where=where,
            found=repr(time_us)[:40],
        )
