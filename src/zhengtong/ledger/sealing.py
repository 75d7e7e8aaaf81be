# SPDX-License-Identifier: Apache-2.0
"""Sealing: committed events get their place in the tree, and the new root is signed.

One sealer at a time, held by a lock of the database. It takes events *without a leaf*: an id is made before its
transaction commits, so a later id can commit first, and "everything after the last one" would lose the earlier one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection, transaction

from zhengtong.errors import BadInput, Contradicted
from zhengtong.ledger import publishing, store
from zhengtong.ledger.models import Checkpoint
from zhengtong.ledger.rules import notes, tree

if TYPE_CHECKING:
    from zhengtong.ledger.composed import Log

BATCH = 1000
LOCK = 0x5A54_1ED6
"""Key of PostgreSQL's advisory lock, ours by choice; SQLite's one writer is the lock there."""


@dataclass(frozen=True)
class Sealed:
    """`added` leaves by this call, `size` leaves in all, `note` the newest checkpoint ("" for an empty log),
    `webhook` "off", "sent", "known" (posted before) or the reason why it failed."""

    added: int
    size: int
    note: str
    webhook: str


def seal(log: Log, *, now_us: int, batch: int, progress: Callable[[int], None] | None) -> Sealed:
    """Seal all events committed by now, `batch` in a durable transaction; then publish the newest checkpoint.

    `progress` is called with the number sealed so far. Raises `Contradicted` when the database disagrees with what
    was published (it was rolled back or rewritten), or holds an event that could never have been recorded; nothing
    is sealed on top of it. A webhook that fails is tried again by the next call and stops nothing.
    """
    publishing.check(log)
    added = 0
    while True:
        with transaction.atomic(durable=True):
            _lock()
            taken = _seal_batch(log, now_us, batch)
        added += taken
        if progress and taken:
            progress(added)
        if taken < batch:
            break
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return Sealed(0, 0, "", "off")
    sent = publishing.publish(log, newest)
    return Sealed(added, newest.size, newest.note, sent)


def _lock() -> None:
    """Wait to be the only sealer until the transaction ends."""
    if connection.vendor == "postgresql":
        store.query("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    elif connection.vendor == "sqlite":
        # A write takes the lock even where a transaction did not begin IMMEDIATE.
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_delivery SET size = size WHERE target = ''")


def _seal_batch(log: Log, now_us: int, batch: int) -> int:
    ids = [
        row[0]
        for row in store.query(
            "SELECT u.event_id FROM ledger_unsealed u JOIN ledger_event e ON e.id = u.event_id "
            "LEFT JOIN ledger_leaf l ON l.event_id = u.event_id WHERE l.event_id IS NULL "
            "ORDER BY u.event_id LIMIT %s",
            [batch],
        )
    ]
    if not ids:
        return 0
    # Named ids, not the same subquery again: between two statements more events may have been committed.
    found = store.events(ids)
    size = store.size()
    hash_ = log.crypto.hash
    try:
        leaves = [tree.leaf_hash(hash_, found[one].leaf()) for one in ids]
    except BadInput as error:
        raise Contradicted(
            "有事件的内容不可能由系统写入，封存已停止",
            "an event holds what could never have been recorded; sealing stops",
            where=error.where,
            found=error.en,
        ) from error
    at = tree.peaks(size)
    held = store.nodes(at)
    made, tops = tree.extend(hash_, size, [held[one] for one in at], leaves)
    store.insert(
        "ledger_leaf (idx, event_id, hash)",
        [(size + place, one, leaf) for place, (one, leaf) in enumerate(zip(ids, leaves, strict=True))],
    )
    store.insert("ledger_node (level, idx, hash)", made)
    _forget(ids)
    root = tree.fold(hash_, tops)
    size += len(ids)
    text = notes.checkpoint_text(origin=log.origin, size=size, root=root, time_us=now_us, hash=log.crypto.hash_name)
    note = log.crypto.note(text, log.origin)
    Checkpoint.objects.create(size=size, root=root, time_us=now_us, note=note)
    return len(ids)


def _forget(ids: list[str]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(ids), store.ROWS):
            some = ids[start : start + store.ROWS]
            cursor.execute(
                f"DELETE FROM ledger_unsealed WHERE event_id IN ({store.marks(some)})",  # noqa: S608 - placeholders only
                some,
            )
