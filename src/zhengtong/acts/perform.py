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
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.db import transaction

from zhengtong.acts import authority
from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Subject
from zhengtong.acts.following import orders
from zhengtong.acts.models import OutboxMessage, PerformedAct
from zhengtong.acts.work import Kept, Key, Work
from zhengtong.errors import BadInput, KeyReused, WrongUse
from zhengtong.ledger.ids import new_id
from zhengtong.ledger.models import RecordedRow
from zhengtong.ledger.record import NewEvent, ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.ledger.store import query

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
    """One act being done: collects its events, orders its rows to be written.

    Done for another (`under`), all its events name the mandate; done as a substitute, the absence.
    """

    id: str
    actor: Actor
    now_us: int
    department: str
    work: Work
    under: str = ""
    absence: str = ""
    quiet: bool = False
    _events: list[NewEvent] = field(default_factory=list)

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
            objects=(*objects, *self._by_what()),
        )
        self._events.append(event)
        return event.id

    def _by_what(self) -> Iterator[ObjectRef]:
        if self.under:
            yield ObjectRef("mandate", self.under, "under")
        if self.absence:
            yield ObjectRef("absence", self.absence, "under")

    def record(
        self,
        type: str,
        row: RecordedRow,
        objects: Iterable[ObjectRef] = (),
        attributes: Mapping[str, Value] | None = None,
        *,
        time_us: int | None = None,
    ) -> str:
        """Write `row` and the event that carries its new version and digest; a new row gets its key at once.

        `Conflict` is raised, when the act is written, where another transaction wrote the row since it was read.
        """
        if row.pk is None:
            self.work.key_of(row)
        state = row.next_state()
        event = self.emit(type, (row.state_ref(), *objects), {**(attributes or {}), **state}, time_us=time_us)
        row.event_id = event
        self.work.write(row)
        return event

    def post(self, topic: str, payload: Mapping[str, Any], *, delay_us: int = 0) -> None:
        """Order work outside the transaction; it is delivered after the commit, at least once."""
        self.work.order(
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
        return self.work.next_number(scope)

    def settle(self, recorded_us: int) -> None:
        """Check the events of this act and hand them over for writing."""
        self.work.record(self.id, self._events, recorded_us)
        if not self.quiet:
            for topic, events in orders(self._events).items():
                self.post(topic, {"events": events})


@dataclass(frozen=True)
class Done:
    """What an act did. `replayed` means the key had been used before and nothing was done again."""

    act: str
    result: Result
    replayed: bool = False


def now_us() -> int:
    """The wall clock in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@lru_cache(maxsize=256)
def _fields(action: type[Action[Any]]) -> tuple[str, ...]:
    return tuple(sorted(f.name for f in dataclasses.fields(action)))  # type: ignore[arg-type]  # all actions are dataclasses


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


_BODY = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=_plain)


def _body(action: Action[Any]) -> bytes:
    return _BODY.encode({name: getattr(action, name) for name in _fields(type(action))}).encode()


def _hash(salt: str, body: bytes) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + body).hexdigest()


def _claim(key: Key, kept: Kept) -> bool:
    """Take the key for this act; False when another act has it.

    One statement, so that of two requests at once the second waits for the first and then finds its result.
    """
    taken = query(
        "INSERT INTO acts_performedact (actor, verb, key, act, salt, body_hash, performed_us) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (actor, verb, key) DO NOTHING RETURNING id",
        [*key, kept.act, kept.salt, kept.body_hash, kept.performed_us],
    )
    return bool(taken)


def _found(work: Work, key: Key) -> Kept | None:
    """The act done under the key, in this transaction or an earlier one."""
    if key in work.kept:
        return work.kept[key]
    rows = work.ask(
        "SELECT act, salt, body_hash, result, performed_us FROM acts_performedact "
        "WHERE actor = %s AND verb = %s AND key = %s",
        key,
    )
    for act, salt, body_hash, result, performed_us in rows:
        return Kept(act, salt, body_hash, json.loads(result) if result else {}, performed_us)
    return None


def _replay(found: Kept, key: str, body: bytes) -> Done:
    if _hash(found.salt, body) != found.body_hash:
        raise KeyReused(key, found.result)
    return Done(found.act, found.result, replayed=True)


def performed(actor: Actor, verb: str, key: str) -> Result | None:
    """What an act done earlier under this key returned; None where there is none."""
    found = PerformedAct.objects.filter(actor=actor.id, verb=verb, key=key).first()
    return (found.result or {}) if found else None


def _once(work: Work, action: Action[Any], actor: Actor, key: str, at_us: int | None) -> Done:
    """Perform inside the transaction of `work`; acts of a batch are not followed (`acts.following`)."""
    if not key or len(key) > 100:
        raise BadInput("缺少操作编号", "an idempotency key is missing", found=key or None, expected="1–100 characters")
    body, clock, taken = _body(action), now_us(), (actor.id, action.verb, key)
    act = Act(new_id(), actor, clock if at_us is None else at_us, actor.department, work, quiet=work.many)
    salt = secrets.token_hex(16)
    kept = Kept(act.id, salt, _hash(salt, body), {}, clock)
    if (work.many or not _claim(taken, kept)) and (found := _found(work, taken)):
        return _replay(found, key, body)
    target = action.target(actor)
    decision = authority.authorize(actor, action.verb, target.subject)
    act.under = decision.under
    if decision.substituting:
        act.absence, act.department = decision.substituting.absence, decision.substituting.department
    result = action.run(act, target)
    act.settle(clock)
    work.keep(taken, replace(kept, result=result))
    return Done(act.id, result)


def perform(action: Action[Any], actor: Actor, key: str, *, at_us: int | None = None) -> Done:
    """Do `action` as `actor`, once per `key`, in one durable transaction.

    `at_us` is when it happened, for what time alone causes and for simulated pasts; the ledger keeps the real time of
    writing beside it. Raises `Refused`, `Conflict`, `KeyReused`, `BadInput`, `NotFound`.
    """
    with transaction.atomic(durable=True), Work().open() as work:
        return _once(work, action, actor, key, at_us)


class Bulk:
    """Many acts in one transaction, each an act of its own. A failure of `perform` undoes them all, caught or not."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.failed: BaseException | None = None

    def perform(self, action: Action[Any], actor: Actor, key: str, *, at_us: int | None = None) -> Done:
        """As `perform`; what is done counts once the whole batch is."""
        if self.failed:
            raise _undone() from self.failed
        try:
            return _once(self._work, action, actor, key, at_us)
        except BaseException as error:
            self.failed = error
            raise

    def attempt(self, action: Action[Any], actor: Actor, key: str, *, at_us: int | None = None) -> Done:
        """As `perform`, but a failure undoes this act alone, and the batch may go on.

        What is done so far is written first, so a batch of these gains little over acts one by one but the commits.
        """
        if self.failed:
            raise _undone() from self.failed
        self._work.flush()
        try:
            with transaction.atomic():
                done = _once(self._work, action, actor, key, at_us)
                self._work.flush()  # what only the database refuses is this act's too
        except BaseException:
            self._work.drop()
            raise
        return done


def _undone() -> WrongUse:
    return WrongUse(
        "这一批中有操作失败，整批都已撤销",
        "an act of this batch failed, and with it the whole batch is undone",
    )


@contextmanager
def bulk() -> Iterator[Bulk]:
    """For imports, simulation and migration: `with bulk() as batch: batch.perform(…)`.

    What the acts write is written in sets, at the latest at the end; what they load is loaded once.
    """
    with transaction.atomic(durable=True), Work(many=True).open() as work:
        batch = Bulk(work)
        yield batch
        if batch.failed:
            raise _undone() from batch.failed
