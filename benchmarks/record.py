# SPDX-License-Identifier: Apache-2.0
"""The ledger: events appended, sealed and proven, against bare inserts of rows of the same shape and bare hashing."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable
from itertools import count

from benchmarks import place
from benchmarks.measure import Side, side_by_side
from benchmarks.report import Report

PER_ACT = 100
"""Events a transaction on both sides."""
NOW = 1_795_000_000_000_000
_serial = count(1)


def run(rounds: int, size: int) -> list[Report]:
    """`size` events a round."""
    place.state()
    from zhengtong import ledger

    log = ledger.log()
    written: list[str] = []

    def seal_all() -> int:
        return log.seal(now_us=time.time_ns() // 1000).added

    appended = side_by_side(
        [("append", lambda: _append(size, written)), ("bare inserts", lambda: _inserted(size))], "event", rounds
    )
    seal_all()
    sealed = _sealed(rounds, size, written, seal_all)
    some = written[-min(500, len(written)) :]
    proofs = side_by_side(
        [("prove", lambda: len([log.prove(one) for one in some])), ("one signature", lambda: _signed(len(some)))],
        "proof",
        rounds,
    )
    title = f"events, {PER_ACT} a transaction, each with two relations"
    return [
        Report("ledger", f"Appending {title}", appended, "bare inserts", {"events a round": size}),
        Report("ledger", "Sealing (batches of 1,000; leaves, nodes, signed checkpoint)", sealed, "bare hashing",
               {"leaves in all": log.seal(now_us=NOW).size}),
        Report("ledger", "Proofs of inclusion as bundles", proofs, "one signature"),
    ]  # fmt: skip


def _append(events: int, written: list[str]) -> int:
    from django.db import transaction

    from zhengtong.ledger.ids import new_id
    from zhengtong.ledger.record import NewEvent, ObjectRef, append

    for _ in range(events // PER_ACT):
        made = [
            NewEvent(
                "benchmark_event", NOW, "system", "health", {"step": "birth-registration", "fields": 12},
                (ObjectRef("case", f"B-{next(_serial):08d}"), ObjectRef("step", "birth-registration")),
            )
            for _ in range(PER_ACT)
        ]  # fmt: skip
        with transaction.atomic(durable=True):
            written.extend(event.id for event in append(new_id(), made, recorded_us=NOW))
    return events // PER_ACT * PER_ACT


def _inserted(events: int) -> int:
    """The same columns into tables of the same shape, without triggers, in the same modes."""
    path = place.state() / "inserts.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        """PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
        CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, act TEXT, type TEXT, time_us INTEGER,
            recorded_us INTEGER, actor TEXT, department TEXT, attributes TEXT);
        CREATE INDEX IF NOT EXISTS by_act ON event (act); CREATE INDEX IF NOT EXISTS by_type ON event (type, time_us);
        CREATE TABLE IF NOT EXISTS relation (id INTEGER PRIMARY KEY, event_id TEXT, object_type TEXT, object_id TEXT,
            qualifier TEXT, UNIQUE (event_id, object_type, object_id, qualifier));
        CREATE INDEX IF NOT EXISTS by_object ON relation (object_type, object_id, event_id);
        CREATE TABLE IF NOT EXISTS unsealed (event_id TEXT PRIMARY KEY)"""
    )
    for _ in range(events // PER_ACT):
        numbers = [f"{next(_serial):032x}" for _ in range(PER_ACT)]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (n, numbers[0], "benchmark_event", NOW, NOW, "system", "health",
                 '{"fields":12,"step":"birth-registration"}')
                for n in numbers
            ],
        )  # fmt: skip
        related = [
            (n, kind, name, "") for n in numbers for kind, name in (("case", f"B-{n[24:]}"), ("step", "birth-reg"))
        ]
        connection.executemany(
            "INSERT INTO relation (event_id, object_type, object_id, qualifier) VALUES (?, ?, ?, ?)", related
        )
        connection.executemany("INSERT INTO unsealed VALUES (?)", [(n,) for n in numbers])
        connection.execute("COMMIT")
    connection.close()
    return events // PER_ACT * PER_ACT


def _sealed(rounds: int, size: int, written: list[str], seal_all: Callable[[], int]) -> list[Side]:
    """Each sealing finds a round's worth of new events, appended outside the time taken."""
    leaves = [b"\x00" + b"x" * 420] * size

    def hashed() -> int:
        level = [hashlib.sha256(leaf).digest() for leaf in leaves]
        while len(level) > 1:
            level = [hashlib.sha256(b"\x01" + b"".join(level[at : at + 2])).digest() for at in range(0, len(level), 2)]
        return len(leaves)

    turn = count()

    def before() -> None:
        if next(turn) % 2 == 0:
            _append(size, written)

    return side_by_side([("seal", seal_all), ("bare hashing", hashed)], "leaf", rounds, before_each=before)


def _signed(times: int) -> int:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    for _ in range(times):
        key.sign(b"x" * 300)
    return times
