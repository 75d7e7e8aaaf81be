# SPDX-License-Identifier: Apache-2.0
"""From the database to Parquet segments, for analytics: after sealing, `export` catches up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zhengtong.errors import Contradicted
from zhengtong.ledger import store
from zhengtong.ledger.engine.segments import Chunk, Manifest, Segments

if TYPE_CHECKING:
    from zhengtong.ledger.composed import Log

SEGMENT = 250_000
"""Leaves a segment holds at most."""


def segments(log: Log) -> Segments:
    """The segments of this log, under STATE/ledger. `.connect(as_of)` gives a DuckDB view of them."""
    return Segments(log.state / "ledger", log.origin)


def export(log: Log, *, compact: bool = True) -> Manifest:
    """Write the leaves not yet in segments, then merge small ones.

    Raises `Contradicted` for a manifest of another log, of another history of this one, or longer than the database.
    """
    held = segments(log)
    with held.writing():
        manifest = held.manifest()
        size = store.size()
        if manifest.size > size or (
            manifest.size and store.root_at(log.crypto.hash, manifest.size).hex() != manifest.root
        ):
            raise Contradicted(
                "分段与数据库的日志不是同一历史",
                "the segments and the database are not of one history",
                found=f"{manifest.size}, {manifest.root[:16]}",
                expected=f"≤ {size}",
            )
        while manifest.size < size:
            end = min(manifest.size + SEGMENT, size)
            root = store.root_at(log.crypto.hash, end).hex()
            manifest = held.add(_chunks(manifest.size, end), end=end, root=root)
        return held.compact() if compact else manifest


def _chunks(start: int, end: int) -> Iterator[Chunk]:
    for at in range(start, end, store.ROWS):
        leaves = store.query(
            "SELECT idx, event_id FROM ledger_leaf WHERE idx >= %s AND idx < %s ORDER BY idx",
            [at, min(at + store.ROWS, end)],
        )
        found = store.events([event for _, event in leaves])
        events, objects = [], []
        for index, event in leaves:
            held = found.get(event)
            if held is None:
                continue  # a missing event leaves a gap, which the writer refuses by name
            events.append(
                (
                    index,
                    event,
                    held.act,
                    held.type,
                    held.time_us,
                    held.recorded_us,
                    held.actor,
                    held.department,
                    held.attributes,
                )
            )
            objects += [(index, event, *entry) for entry in sorted(held.objects)]
        yield events, objects
