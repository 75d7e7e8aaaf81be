# SPDX-License-Identifier: Apache-2.0
"""One random history of cases, done twice from the same start: act by act, and again in one batch."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.db.models import ForeignKey, Model

from holds.moves import EXTERNAL, STEPS, of_department, of_system, supply, withdraw
from people import PARENT, submission
from zhengtong.acts import following
from zhengtong.acts.actor import Actor
from zhengtong.acts.models import OutboxMessage, PerformedAct, Serial
from zhengtong.acts.perform import Action, Done
from zhengtong.errors import ZhengtongError
from zhengtong.ledger.audit_rows import walk
from zhengtong.ledger.models import Event, EventObject, RecordedRow, Unsealed

DAY = 86_400_000_000
BEGAN = 1_768_896_000_000_000  # Tuesday 20 January 2026, 16:00 in Mingchuan
Perform = Callable[..., Done]


@dataclass(frozen=True)
class Did:
    """One act that succeeded, to be done again."""

    turn: int
    action: Action[Any]
    actor: Actor
    key: str
    at_us: int
    done: Done


class Chances:
    """What is drawn by chance, the same in every run: numbers that begin anew with each turn."""

    def __init__(self) -> None:
        self.turn(0)

    def turn(self, number: int) -> None:
        self._next = itertools.count(1_000 * (number + 1))

    def draw(self) -> int:
        return next(self._next)


def live(perform: Perform, chances: Chances, version: str, choices: list[tuple[int, int, int]]) -> Iterator[Did]:
    """Play `choices` (case, move, days passed) one by one; what the rules refuse leaves nothing and is left out."""
    cases: list[str] = []
    at_us = BEGAN
    for turn, (which, what, days) in enumerate(choices):
        at_us += days * DAY + 1_000
        chances.turn(turn)
        if not cases or what == 0:
            action, actor = submission(version), PARENT
        else:
            action, actor = _move(cases[which % len(cases)], what, turn)
        try:
            done = perform(action, actor, f"turn-{turn}", at_us=at_us)
        except ZhengtongError:
            continue
        if what == 0 or not cases:
            cases.append(done.result["case"])
        yield Did(turn, action, actor, f"turn-{turn}", at_us, done)


def _move(case: str, what: int, turn: int) -> tuple[Action[Any], Actor]:
    """Mostly what moves a case forward, so that histories go far."""
    own = [step for step in STEPS if step != EXTERNAL]
    table = [
        *(("accept", step) for step in own), *(("grant", step) for step in own), *(("grant", step) for step in own),
        *((name, step) for step in own for name in ("refuse", "not_accept", "ask", "ask", "pause", "resume")),
    ]  # fmt: skip
    if what > len(table):
        special = [of_system("external_accept", case), of_system("external_grant", case), supply(case, turn)]
        move = [*special, *special, withdraw(case)][what % 7]
    else:
        move = of_department(*_named(table[what - 1], case))
    return move.action, move.actor


def _named(entry: tuple[str, str], case: str) -> tuple[str, str, str]:
    name, step = entry
    return name, case, step


@contextmanager
def same_chances(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chances]:
    """Ids, salts, codes and the clock of writing drawn from one sequence, so that runs can be compared."""
    chances = Chances()
    with monkeypatch.context() as patch:
        for place in ("acts.perform", "ledger.record"):
            patch.setattr(f"zhengtong.{place}.new_id", lambda: f"{chances.draw():032x}")
        patch.setattr("secrets.token_hex", lambda size: f"{chances.draw():0{2 * size}x}")
        patch.setattr("secrets.randbits", lambda size: chances.draw())
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=chances.draw()))
        patch.setattr("zhengtong.acts.perform.now_us", lambda: BEGAN + chances.draw())
        yield chances


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written inside is gone after it."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def everything() -> dict[str, list[object]]:
    """Every row of every table acts write, in order of writing; keys of rows as their rank, which databases choose."""
    models: list[type[Model]] = [*RecordedRow.audited(), Event, EventObject, Unsealed, PerformedAct, Serial]
    content = {model._meta.label: _rows(model) for model in models}
    return content | {"outbox": _orders()}


def _orders() -> list[object]:
    """What acts themselves ordered; what follows from their events only single acts order (`acts.following`)."""
    followed = {topic for topics in following._followers.values() for topic in topics}
    messages = OutboxMessage.objects.exclude(topic__in=followed)
    return sorted(messages.values_list("topic", "payload", "act", "created_us", "due_us", "done_us"), key=str)


def _rows(model: type[Model]) -> list[object]:
    ranks: dict[type[Model], dict[object, int]] = {}
    found: list[object] = []
    for rank, row in enumerate(model._default_manager.order_by("pk")):
        values = {}
        for field in model._meta.concrete_fields:
            value = getattr(row, field.attname)
            related = field.related_model if isinstance(field, ForeignKey) else None
            if related is not None and value is not None:
                value = ranks.setdefault(related, _ranks(related))[value]
            if field.name == "digest":  # covers keys of other rows; that it is right is asked of the audit
                assert value == row.compute_digest()
                value = "right"
            values[field.name] = rank if field.primary_key and isinstance(value, int) else value
        if model is Event:
            values["attributes"] = {k: v for k, v in values["attributes"].items() if k != "digest"}
        found.append(values)
    return found


def _ranks(model: type[Model]) -> dict[object, int]:
    return {key: rank for rank, key in enumerate(model._default_manager.order_by("pk").values_list("pk", flat=True))}


def audit() -> list[object]:
    """What the audit finds wrong with the rows."""
    return list(walk(RecordedRow.audited(), lambda count: None))
