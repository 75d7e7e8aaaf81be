# SPDX-License-Identifier: Apache-2.0
"""The whole log against a key and a checkpoint that came from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zhengtong.errors import BadInput, Contradicted
from zhengtong.ledger import audit, publishing, store, verifier
from zhengtong.ledger.findings import Finding, finding

if TYPE_CHECKING:
    from zhengtong.ledger.composed import Log


def verify_log(
    log: Log, key: str, checkpoint: str, progress: Callable[[int, int], None] | None = None
) -> list[Finding]:
    """Everything in the log that contradicts the trusted checkpoint, itself, or what was published.

    `key` and `checkpoint` are texts. Raises `BadInput` where they are none, or where the key did not sign the
    checkpoint: then there is nothing to compare with.
    """
    try:
        trusted = verifier.PublicKey.parse(key)
        known = verifier.open_checkpoint(trusted, checkpoint)
    except verifier.Malformed as error:
        raise BadInput(error.zh, error.en) from None
    if known is None:
        raise BadInput(
            "给出的检查点不是由该密钥签发的", "the key did not sign the checkpoint you gave", found=trusted.name
        )
    published = publishing.published(log)
    with audit.snapshot():
        leaves = store.size()
        report = (lambda done: progress(done, leaves)) if progress else (lambda done: None)
        found = list(audit.walk_log(log, leaves, published, report))
        try:
            same = known.size <= leaves and known.hash == log.crypto.hash_name
            same = same and store.root_at(log.crypto.hash, known.size) == known.root
        except Contradicted:
            same = False
    if not same or trusted.name != log.origin:
        found.insert(0, finding("trusted_differs", "checkpoint", known.size, trusted.name))
    return found
