# SPDX-License-Identifier: Apache-2.0
"""Events, trees and rows for the tests of the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from django.db import connection, models, transaction
from django.test.utils import isolate_apps

from zhengtong.ledger import guards
from zhengtong.ledger.ids import new_id
from zhengtong.ledger.models import RecordedRow
from zhengtong.ledger.record import NewEvent, ObjectRef, RecordedEvent, append
from zhengtong.ledger.rules import tree

NOW = 1_795_000_000_000_000


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def new_event(
    case: str = "M26-00017", *refs: ObjectRef, type: str = "case_submitted", **attributes: object
) -> NewEvent:
    return NewEvent(
        type=type,
        time_us=NOW,
        actor="p-7c31",
        department="health",
        attributes=attributes or {"step": "birth_registration", "fields": 12},  # type: ignore[arg-type]
        objects=(ObjectRef("case", case), *refs),
    )


def write(count: int = 1, **attributes: object) -> list[RecordedEvent]:
    with transaction.atomic():
        return append(
            new_id(),
            [new_event(f"M26-{place:05d}", **attributes) for place in range(count)],
            recorded_us=NOW,
        )


class Tree:
    """A whole tree in memory, built by the code under test."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        made, tops = tree.extend(sha256, 0, [], leaves)
        self.root = tree.fold(sha256, tops)
        self.nodes = {(0, index): leaf for index, leaf in enumerate(leaves)}
        self.nodes |= {(level, index): hash_ for level, index, hash_ in made}

    def root_at(self, size: int) -> bytes:
        return tree.fold(sha256, [self.nodes[node] for node in tree.peaks(size)])

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return tree.prove(sha256, tree.inclusion_ranges(index, size), self.nodes)

    def consistency(self, old: int, new: int) -> list[bytes]:
        return tree.prove(sha256, tree.consistency_ranges(old, new), self.nodes)


def some_leaves(count: int) -> list[bytes]:
    return [tree.leaf_hash(sha256, place.to_bytes(4)) for place in range(count)]


with isolate_apps("zhengtong.ledger"):

    class Permit(RecordedRow):
        """A state row as a room would have one; kept out of the installed models, so that only our audits meet it."""

        object_type: ClassVar[str] = "permit"
        recorded_fields: ClassVar[tuple[str, ...]] = ("number", "status", "fee_fen")
        object_id_field: ClassVar[str] = "number"

        number = models.CharField(max_length=20, unique=True)
        status = models.CharField(max_length=20)
        fee_fen = models.BigIntegerField(default=0)

        class Meta:
            app_label = "ledger"
            db_table = "test_permit"


def save_permit(permit: Permit, **carried: object) -> None:
    """Write a row as `Act.record` does: version, digest, event, row, in one transaction."""
    with transaction.atomic():
        said = permit.next_state() | carried
        event = NewEvent("permit_changed", NOW, "system", "", said, (permit.state_ref(),))  # type: ignore[arg-type]
        permit.event_id = append(new_id(), [event], recorded_us=NOW)[0].id
        permit.save()


@contextmanager
def behind_the_back() -> Iterator[None]:
    """An administrator at work: no trigger fires, foreign keys are not looked at."""
    if connection.vendor == "postgresql":
        run("SET CONSTRAINTS ALL IMMEDIATE")
        run("SET session_replication_role = replica")
        try:
            yield
        finally:
            run("SET session_replication_role = origin")
            run("SET CONSTRAINTS ALL DEFERRED")
        return
    guards.remove(connection)
    with connection.constraint_checks_disabled():
        yield


def run(sql: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
