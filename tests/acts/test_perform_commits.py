# SPDX-License-Identifier: Apache-2.0
"""`perform` and the commit: its transaction is the outermost, and nothing of it is seen before."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections, transaction

from acts.noting import Note
from people import PARENT, key
from zhengtong.acts.models import OutboxMessage, PerformedAct
from zhengtong.acts.perform import Act, On, Result, perform
from zhengtong.ledger.models import Event, Unsealed

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def seen() -> tuple[int, int, int, int]:
    models = (Event, Unsealed, OutboxMessage, PerformedAct)
    return tuple(model.objects.count() for model in models)  # type: ignore[return-value]  # four of them


def test_inside_another_transaction_nothing_is_acknowledged() -> None:
    """An outer rollback could undo an act that had been answered for."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        perform(Note(PARENT.id), PARENT, key())
    assert seen() == (0, 0, 0, 0)


def test_others_see_events_and_outbox_only_after_the_commit(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, go = threading.Event(), threading.Event()
    run = Note.run

    def slow(self: Note, act: Act, target: On) -> Result:
        result = run(self, act, target)
        act.settle(1)  # written, and not committed
        act._events, act._outbox = [], []
        running.set()
        assert go.wait(60)
        return result

    monkeypatch.setattr(Note, "run", slow)

    def writer() -> None:
        try:
            perform(Note(PARENT.id), PARENT, key())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(writer)
        assert running.wait(60)
        assert seen() == (0, 0, 0, 0)
        go.set()
        done.result(60)
    assert seen() == (1, 1, 1, 1)
