# SPDX-License-Identifier: Apache-2.0
"""Receipts: first a signed promise that an event will be in the tree, once sealed the proof that it is.

Both are bundles (JSON) for `verifier.py`, which judges them by a key and a checkpoint of the reader's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zhengtong.errors import BadInput, Contradicted, NotFound, WrongUse
from zhengtong.ledger import store
from zhengtong.ledger.models import Checkpoint, Leaf
from zhengtong.ledger.record import RecordedEvent
from zhengtong.ledger.rules import notes, tree
from zhengtong.ledger.rules.canonical import LEAF_VERSION
from zhengtong.ledger.rules.notes import base64_text
from zhengtong.ledger.verifier import FORMAT, KINDS

if TYPE_CHECKING:
    from zhengtong.ledger.composed import Log


def promise(log: Log, event: RecordedEvent) -> dict[str, object]:
    """The bundle of an event just committed. Sign it after the commit: before, there is nothing to promise."""
    return {**_head(log, event.leaf, "event", None), "promise": _promise(log, event.id, event.leaf, event.recorded_us)}


def prove(
    log: Log,
    event: str,
    *,
    since: int | None,
    at: int | None,
    kind: str,
    extra: Mapping[str, object] | None,
) -> dict[str, object]:
    """The bundle of `event` in the tree of the newest checkpoint, or of the one `at` that size.

    `since` is the size of a checkpoint the reader trusts: the bundle then carries the consistency proof that links
    the two. The content is read from the database as it is now, so a changed event yields a bundle that is refused.
    Raises `NotFound` for an unknown event or checkpoint, `WrongUse` for a `since` beyond the tree,
    `Contradicted` where the database holds no readable event or tree.
    """
    if kind not in KINDS:
        raise WrongUse("未知的凭证种类", "the kind of bundle is unknown", found=kind, expected=" | ".join(KINDS))
    found = store.events([event]).get(event)
    if found is None:
        raise NotFound("没有这个事件", "there is no such event", found=event)
    try:
        content = found.leaf()
    except BadInput as error:
        raise Contradicted("事件内容已被改动", "the event has been changed", where=event, found=error.en) from error
    head = _head(log, content, kind, extra)
    leaf = Leaf.objects.filter(event_id=event).first()
    if leaf is None:
        return {**head, "promise": _promise(log, event, content, found.recorded_us)}
    checkpoint = _checkpoint(leaf.index, at)
    spans = tree.inclusion_ranges(leaf.index, checkpoint.size)
    held = store.nodes(tree.needed(spans))
    bundle = head | {
        "index": leaf.index,
        "proof": [base64_text(one) for one in tree.prove(log.crypto.hash, spans, held)],
        "checkpoint": checkpoint.note,
    }
    if since is not None and since != checkpoint.size:
        bundle["consistency"] = consistency(log, *sorted((since, checkpoint.size)))
    return bundle


def consistency(log: Log, old: int, new: int) -> dict[str, object]:
    """That the tree of `new` leaves only added to the one of `old`. Raises `WrongUse`, `Contradicted`."""
    if not 0 < old <= new <= store.size():
        raise WrongUse(
            "日志没有这样大小的检查点",
            "the log has no checkpoint of that size",
            found=f"{old}, {new}",
            expected=store.size(),
        )
    spans = tree.consistency_ranges(old, new)
    held = store.nodes(tree.needed(spans))
    proof = [base64_text(one) for one in tree.prove(log.crypto.hash, spans, held)]
    return {"old": old, "new": new, "proof": proof}


def _checkpoint(index: int, at: int | None) -> Checkpoint:
    chosen = Checkpoint.objects.filter(size__gt=index)
    found = (chosen.order_by("-size") if at is None else chosen.filter(size=at)).first()
    if found is None:
        raise NotFound("没有包含这个事件的检查点", "no such checkpoint holds the event", found=at)
    return found


def _head(log: Log, content: bytes, kind: str, extra: Mapping[str, object] | None) -> dict[str, object]:
    return {
        **(extra or {}),
        "format": FORMAT,
        "kind": kind,
        "origin": log.origin,
        "leaf": content[len(LEAF_VERSION) :].decode(),
    }


def _promise(log: Log, event: str, content: bytes, recorded_us: int) -> str:
    text = notes.promise_text(
        origin=log.origin,
        event=event,
        leaf=tree.leaf_hash(log.crypto.hash, content),
        time_us=recorded_us,
        within_s=log.within_s,
        hash=log.crypto.hash_name,
    )
    return log.crypto.note(text, log.origin)
