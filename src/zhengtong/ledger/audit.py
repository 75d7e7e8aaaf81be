# SPDX-License-Identifier: Apache-2.0
"""The tamper alarm: everything in the database that no longer agrees with what was recorded, by name.

Every link is checked on its own, so that one changed row gives one finding at that row: event against leaf, leaf
and node against the node above, tree against each signed checkpoint, checkpoints against what was published, state
rows against their events. Memory does not grow with the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from django.db import connection, transaction

from zhengtong.errors import BadInput, Contradicted
from zhengtong.ledger import audit_rows, publishing, store, verifier
from zhengtong.ledger.findings import Finding, finding
from zhengtong.ledger.models import RecordedRow
from zhengtong.ledger.rules import tree

if TYPE_CHECKING:
    from zhengtong.ledger.composed import Log

Progress = Callable[[int, int], None]
LIMIT = 1000


@dataclass(frozen=True)
class Audit:
    """`findings` holds the first `limit`; `count` counts all. `waiting` events are not sealed yet."""

    findings: list[Finding]
    count: int
    leaves: int
    waiting: int
    rows: int


def audit(
    log: Log,
    *,
    models: list[type[RecordedRow]] | None = None,
    progress: Progress | None = None,
    limit: int = LIMIT,
) -> Audit:
    """Check the whole record and every state row, as of one moment. `models` defaults to all installed heirs.

    `progress` gets (done, total) in leaves and rows.
    """
    audited = RecordedRow.audited() if models is None else models
    published = publishing.published(log)  # before the snapshot: what is published has been committed by then
    with snapshot():
        leaves, rows = store.size(), sum(model._default_manager.count() for model in audited)
        waiting = int(store.query("SELECT COUNT(*) FROM ledger_unsealed")[0][0])

        def report(done: int) -> None:
            if progress:
                progress(done, leaves + rows)

        def walk() -> Iterator[Finding]:
            yield from walk_log(log, leaves, published, report)
            yield from audit_rows.walk(audited, lambda done: report(leaves + done))

        walked = walk()
        found = list(islice(walked, limit))
        count = len(found) + sum(1 for _ in walked)
    return Audit(found, count, leaves, waiting, rows)


def walk_log(
    log: Log, leaves: int, published: Sequence[publishing.Published], report: Callable[[int], None]
) -> Iterator[Finding]:
    """Findings in events, tree and checkpoints; call within `snapshot()`."""
    yield from _tree(log, leaves, report)
    yield from _surplus(leaves)
    yield from _unsealed()
    yield from _published(log, leaves, published)


@contextmanager
def snapshot() -> Iterator[None]:
    """One moment of the database for all reads within, without holding up writers."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")  # `atomic` would begin IMMEDIATE and keep every writer waiting
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield


def _tree(log: Log, leaves: int, report: Callable[[int], None]) -> Iterator[Finding]:
    """Walk the leaves in order, building the tree above them out of *stored* children."""
    hash_ = log.crypto.hash
    tops: list[bytes] = []
    checkpoints = _checkpoints()
    pending = next(checkpoints, None)
    for start in range(0, leaves, store.ROWS):
        end = min(start + store.ROWS, leaves)
        stored = {
            index: (event, bytes(leaf))
            for index, event, leaf in store.query(
                "SELECT idx, event_id, hash FROM ledger_leaf WHERE idx >= %s AND idx < %s", [start, end]
            )
        }
        yield from _events(hash_, stored)
        above = _nodes_ending_in(start, end)
        for index in range(start, end):
            if index not in stored:
                yield finding("leaf_missing", "leaf", index)
            event, top = stored.get(index, ("", b""))
            place, level = index, 0
            tops.append(top)
            while place & 1:
                right, left = tops.pop(), tops.pop()
                place, level = place >> 1, level + 1
                made, held = tree.node_hash(hash_, left, right), above.get((level, place))
                if held != made:
                    yield _broken(level, place, held, stored, event)
                tops.append(held or made)
            while pending is not None and pending[0] == index + 1:
                yield from _checkpoint(log, pending, tree.fold(hash_, tops))
                pending = next(checkpoints, None)
        report(end)
    while pending is not None:
        yield finding("checkpoint_differs", "checkpoint", pending[0], f"size {leaves}")
        pending = next(checkpoints, None)
    covered = int(store.query("SELECT COALESCE(MAX(size), 0) FROM ledger_checkpoint")[0][0])
    if covered < leaves:
        yield finding("checkpoint_missing", "checkpoint", leaves, f"{covered} < {leaves}")


def _events(hash_: tree.Hash, stored: dict[int, tuple[str, bytes]]) -> Iterator[Finding]:
    found = store.events([event for event, _ in stored.values()])
    for index, (event, leaf) in sorted(stored.items()):
        held = found.get(event)
        if held is None:
            related = store.query("SELECT object_type, object_id FROM ledger_eventobject WHERE event_id = %s", [event])
            yield finding("event_missing", "event", event, f"leaf {index}", [(row[0], row[1]) for row in related])
            continue
        about = [(entry[0], entry[1]) for entry in held.objects]
        try:
            agrees = tree.leaf_hash(hash_, held.leaf()) == leaf
        except BadInput as error:
            yield finding("event_unreadable", "event", event, error.en, about)
            continue
        if not agrees:
            yield finding("event_changed", "event", event, f"leaf {index}", about)


def _broken(level: int, place: int, held: bytes | None, stored: dict[int, tuple[str, bytes]], event: str) -> Finding:
    """A node that is not the hash of its stored children. Above leaves, either a leaf or the node was changed."""
    if held is None:
        return finding("node_missing", "node", f"{level}/{place}")
    if level > 1:
        return finding("node_changed", "node", f"{level}/{place}")
    left = stored.get(place * 2, ("", b""))[0]
    return finding("leaf_changed", "leaf", f"{place * 2}-{place * 2 + 1}", f"event {left}, {event}")


def _nodes_ending_in(start: int, end: int) -> dict[tree.NodeId, bytes]:
    """The stored nodes completed by a leaf of `[start, end)`."""
    found: dict[tree.NodeId, bytes] = {}
    level = 1
    while end >> level:
        rows = store.query(
            "SELECT idx, hash FROM ledger_node WHERE level = %s AND idx >= %s AND idx < %s",
            [level, start >> level, end >> level],
        )
        found |= {(level, index): bytes(hash_) for index, hash_ in rows}
        level += 1
    return found


def _checkpoints() -> Iterator[tuple[int, bytes, str]]:
    last = -1
    while rows := store.query(
        "SELECT size, root, note FROM ledger_checkpoint WHERE size > %s ORDER BY size LIMIT %s",
        [last, store.ROWS],
    ):
        for size, root, note in rows:
            yield size, bytes(root), note
        last = rows[-1][0]


def _checkpoint(log: Log, held: tuple[int, bytes, str], root: bytes) -> Iterator[Finding]:
    size, column, note = held
    try:
        signed = verifier.open_checkpoint(log.crypto.public_key(log.origin), note)
    except verifier.Malformed:
        signed = None
    if signed is None:
        yield finding("checkpoint_unsigned", "checkpoint", size)
    elif (signed.size, signed.root, column, signed.hash) != (size, root, root, log.crypto.hash_name):
        yield finding("checkpoint_differs", "checkpoint", size)


def _surplus(leaves: int) -> Iterator[Finding]:
    for level, index in store.query(
        "SELECT level, idx FROM ledger_node WHERE level < 1 OR level > 62 OR idx < 0 ORDER BY level, idx LIMIT 100"
    ):
        yield finding("node_surplus", "node", f"{level}/{index}")
    for level in range(1, 63):
        for (index,) in store.query(
            "SELECT idx FROM ledger_node WHERE level = %s AND idx >= %s ORDER BY idx LIMIT 100",
            [level, leaves >> level],
        ):
            yield finding("node_surplus", "node", f"{level}/{index}")


def _unsealed() -> Iterator[Finding]:
    for (event,) in store.query(
        "SELECT u.event_id FROM ledger_unsealed u LEFT JOIN ledger_event e ON e.id = u.event_id "
        "WHERE e.id IS NULL ORDER BY u.event_id"
    ):
        yield finding("waiting_missing", "event", event)
    for (event,) in store.query(
        "SELECT e.id FROM ledger_event e LEFT JOIN ledger_leaf l ON l.event_id = e.id "
        "LEFT JOIN ledger_unsealed u ON u.event_id = e.id "
        "WHERE l.event_id IS NULL AND u.event_id IS NULL ORDER BY e.id"
    ):
        related = store.query("SELECT object_type, object_id FROM ledger_eventobject WHERE event_id = %s", [event])
        yield finding("event_unlisted", "event", event, related=[(row[0], row[1]) for row in related])


def _published(log: Log, leaves: int, published: Sequence[publishing.Published]) -> Iterator[Finding]:
    for name, signed in published:
        if signed is None:
            yield finding("published_unsigned", "published", name)
            continue
        try:
            same = signed.size <= leaves and signed.root == store.root_at(log.crypto.hash, signed.size)
        except Contradicted:
            same = False
        if not same or name not in {"latest.txt", f"{signed.size}.txt"}:
            yield finding("published_differs", "published", name, f"size {signed.size}")
