# SPDX-License-Identifier: Apache-2.0
"""`perform`: the only way state changes.

It checks authority, runs the action's rule, writes state, the ledger events of one act, outbox rows and the
idempotency record in one durable transaction. The same (actor, verb, key) with the same body returns the first
result; with another body it raises `KeyReused`. A failure of any kind consumes nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.db import connection, transaction

from zhengtong.acts import authority
from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Subject
from zhengtong.acts.following import orders
from zhengtong.acts.models import OutboxMessage, PerformedAct
from zhengtong.errors import BadInput, Conflict, KeyReused
from zhengtong.ledger.ids import new_id
from zhengtong.ledger.models import RecordedRow
from zhengtong.ledger.record import NewEvent, ObjectRef, append
from zhengtong.ledger.rules.canonical import Value

Result = dict[str, Any]


class Target(Protocol):
    """What an action acts on, loaded (and locked) by it."""

    @property
    def subject(self) -> Subject: ...


T = TypeVar("T", bound=Target)


@dataclass(frozen=True)
class On:
    """A target that is nothing but its subject: for acts that create something."""

    subject: Subject


class Action(ABC, Generic[T]):
    """A thing that can be done: a frozen dataclass whose fields are the body of the request."""

    verb: ClassVar[str]
    allowed: ClassVar[tuple[Allowed, ...]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "verb" in cls.__dict__:
            authority.declare(cls.verb, *cls.allowed)

    @abstractmethod
    def target(self, actor: Actor) -> T:
        """Load what is acted on, holding its lock until the transaction ends. Raises `NotFound`."""

    @abstractmethod
    def run(self, act: Act, target: T) -> Result:
        """Apply the rule and write through `act`. Returns references only: the result is kept with the key."""


@dataclass
class Act:
    """One act being done: collects its events, writes its rows. Done for another, all its events name the mandate."""

    id: str
    actor: Actor
    now_us: int
    department: str = ""
    under: str = ""
    quiet: bool = False
    _events: list[NewEvent] = field(default_factory=list)
    _outbox: list[OutboxMessage] = field(default_factory=list)

    def emit(
        self,
        type: str,
        objects: Iterable[ObjectRef],
        attributes: Mapping[str, Value] | None = None,
        *,
        time_us: int | None = None,
    ) -> str:
        """Add an event to this act; returns its id."""
        event = NewEvent(
            id=new_id(),
            type=type,
            time_us=self.now_us if time_us is None else time_us,
            actor=self.actor.id,
            department=self.department,
            attributes=dict(attributes or {}),
            objects=(*objects, ObjectRef("mandate", self.under, "under")) if self.under else tuple(objects),
        )
        self._events.append(event)
        return event.id

    def record(
        self,
        type: str,
        row: RecordedRow,
        objects: Iterable[ObjectRef] = (),
        attributes: Mapping[str, Value] | None = None,
        *,
        time_us: int | None = None,
    ) -> str:
        """Write `row` and the event that carries its new version and digest.

        Raises `Conflict` when another transaction wrote the row since it was read.
        """
        state = row.next_state()
        event = self.emit(type, [row.state_ref(), *objects], {**(attributes or {}), **state}, time_us=time_us)
        row.event_id = event
        _write(row)
        return event

    def post(self, topic: str, payload: Mapping[str, Any], *, delay_us: int = 0) -> None:
        """Order work outside the transaction; it is delivered after the commit, at least once."""
        self._outbox.append(
            OutboxMessage(
                topic=topic,
                payload=dict(payload),
                act=self.id,
                created_us=self.now_us,
                due_us=self.now_us + delay_us,
            )
        )

    def next_number(self, scope: str) -> int:
        """The next number of a scope, without gaps: it is given out in this transaction or not at all."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO acts_serial (scope, last) VALUES (%s, 1) "
                "ON CONFLICT (scope) DO UPDATE SET last = acts_serial.last + 1 RETURNING last",
                [scope],
            )
            return int(cursor.fetchone()[0])

    def settle(self, recorded_us: int) -> None:
        """Append the events and the outbox rows of this act."""
        append(self.id, self._events, recorded_us=recorded_us)
        if not self.quiet:
            for topic, events in orders(self._events).items():
                self.post(topic, {"events": events})
        if self._outbox:
            OutboxMessage.objects.bulk_create(self._outbox)


def _write(row: RecordedRow) -> None:
    if row.version == 1:
        row.save(force_insert=True)
        return
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
    changed = type(row)._default_manager.filter(pk=row.pk, version=row.version - 1).update(**values)
    if not changed:
        raise Conflict(
            "这条记录刚刚被别人更改，请刷新后再试",
            "this record was just changed by someone else; reload and try again",
            where=f"{row.object_type} {row.object_id}",
        )


@dataclass(frozen=True)
class Done:
    """What an act did. `replayed` means the key had been used before and nothing was done again."""

    act: str
    result: Result
    replayed: bool = False


def now_us() -> int:
    """The wall clock in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def _body(action: Action[Any]) -> bytes:
    body = {f.name: getattr(action, f.name) for f in dataclasses.fields(action)}  # type: ignore[arg-type]  # all actions are dataclasses
    return json.dumps(body, sort_keys=True, ensure_ascii=False, default=_plain).encode()


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _hash(salt: str, body: bytes) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + body).hexdigest()


def _claim(act: Act, verb: str, key: str, body: bytes, clock: int) -> int | None:
    """Take the key for this act: its record's id, or None when another act has it.

    One statement, so that of two requests at once the second waits for the first and then finds its result.
    """
    salt = secrets.token_hex(16)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO acts_performedact (actor, verb, key, act, salt, body_hash, performed_us) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (actor, verb, key) DO NOTHING RETURNING id",
            [act.actor.id, verb, key, act.id, salt, _hash(salt, body), clock],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _replay(actor: Actor, verb: str, key: str, body: bytes) -> Done:
    found = PerformedAct.objects.get(actor=actor.id, verb=verb, key=key)
    if _hash(found.salt, body) != found.body_hash:
        raise KeyReused(key, found.result)
    return Done(found.act, found.result or {}, replayed=True)


def performed(actor: Actor, verb: str, key: str) -> Result | None:
    """What an act done earlier under this key returned; None where there is none."""
    found = PerformedAct.objects.filter(actor=actor.id, verb=verb, key=key).first()
    return (found.result or {}) if found else None


def _once(action: Action[Any], actor: Actor, key: str, at_us: int | None, *, quiet: bool = False) -> Done:
    """Perform inside the caller's transaction; `quiet` acts are not followed (`acts.following`)."""
    if not key or len(key) > 100:
        raise BadInput("缺少操作编号", "an idempotency key is missing", found=key or None, expected="1–100 characters")
    body = _body(action)
    clock = now_us()
    act = Act(new_id(), actor, clock if at_us is None else at_us, actor.department, quiet=quiet)
    performed = _claim(act, action.verb, key, body, clock)
    if performed is None:
        return _replay(actor, action.verb, key, body)
    target = action.target(actor)
    act.under = authority.authorize(actor, action.verb, target.subject).under
    result = action.run(act, target)
    act.settle(clock)
    PerformedAct.objects.filter(pk=performed).update(result=result)
    return Done(act.id, result)


def perform(action: Action[Any], actor: Actor, key: str, *, at_us: int | None = None) -> Done:
    """Do `action` as `actor`, once per `key`, in one durable transaction.

    `at_us` is when it happened, for what time alone causes and for simulated pasts; the ledger keeps the real time of
    writing beside it. Raises `Refused`, `Conflict`, `KeyReused`, `BadInput`, `NotFound`.
    """
    with transaction.atomic(durable=True):
        return _once(action, actor, key, at_us)


class Bulk:
    """Many acts in one transaction, each an act of its own. One failure undoes them all."""

    def perform(self, action: Action[Any], actor: Actor, key: str, *, at_us: int | None = None) -> Done:
        return _once(action, actor, key, at_us, quiet=True)


@contextmanager
def bulk() -> Iterator[Bulk]:
    """For imports, simulation and migration: `with bulk() as batch: batch.perform(…)`."""
    with transaction.atomic(durable=True):
        yield Bulk()
