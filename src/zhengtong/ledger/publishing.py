# SPDX-License-Identifier: Apache-2.0
"""Checkpoints outside the database: files under STATE/checkpoints, and a webhook.

What lies outside is what an operator cannot rewrite unseen, so nothing is sealed on top of a database that
disagrees with it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from zhengtong.errors import Contradicted
from zhengtong.ledger import store, verifier
from zhengtong.ledger.models import Checkpoint, Delivery

if TYPE_CHECKING:
    from zhengtong.ledger.composed import Log

TIMEOUT_S = 5.0


def folder(log: Log) -> Path:
    """Holds `key.txt`, `latest.txt` and a `<size>.txt` for each checkpoint published."""
    return log.state / "checkpoints"


def check(log: Log) -> None:
    """Raises `Contradicted` unless the newest published checkpoint is one of this very tree."""
    path = folder(log) / "latest.txt"
    if not path.exists():
        return
    # The file first, the database after: what is published has been committed before.
    published = read(log, path)
    if published is None:
        raise Contradicted(
            "已发布的检查点属于另一日志，或不是本系统密钥签发的",
            "the published checkpoint is of another log or not signed by this one's key",
            where=path.name,
            expected=log.origin,
        )
    size = store.size()
    if published.size > size:
        raise Contradicted(
            "数据库比已发布的检查点旧：可能被回滚",
            "the database is older than the published checkpoint: was it rolled back?",
            found=size,
            expected=f"≥ {published.size}",
        )
    if published.hash != log.crypto.hash_name or published.root != store.root_at(log.crypto.hash, published.size):
        raise Contradicted(
            "数据库的历史与已发布的检查点不一致：可能被改写",
            "the database's history is not the published one: was it rewritten?",
            where=f"{path.name}, {published.size}",
        )


def read(log: Log, path: Path) -> verifier.Checkpoint | None:
    """The checkpoint in a published file, or None if it is not one signed by this log."""
    try:
        return verifier.open_checkpoint(log.crypto.public_key(log.origin), path.read_text("utf-8"))
    except (verifier.Malformed, UnicodeDecodeError):
        return None


Published = tuple[str, verifier.Checkpoint | None]


def published(log: Log) -> list[Published]:
    """Every published file by name, with its checkpoint or None where it is not signed by this log."""
    return [(path.name, read(log, path)) for path in sorted(folder(log).glob("*.txt")) if path.name != "key.txt"]


def publish(log: Log, newest: Checkpoint) -> str:
    """Write the files unless a newer one stands there already, and post. Returns how the post went."""
    place = folder(log)
    place.mkdir(parents=True, exist_ok=True)
    with _alone(place):
        standing = read(log, place / "latest.txt") if (place / "latest.txt").exists() else None
        if standing is None or standing.size < newest.size:
            write(place / "key.txt", log.key_file())
            write(place / f"{newest.size}.txt", newest.note)
            write(place / "latest.txt", newest.note)
    return _post(log, newest) if log.webhook else "off"


def write(path: Path, text: str) -> None:
    """Written aside, synced, then renamed: a reader sees the old text or the new one, also after a power cut."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _post(log: Log, newest: Checkpoint) -> str:
    target = hashlib.sha256(log.webhook.encode()).hexdigest()
    delivery, _ = Delivery.objects.get_or_create(target=target)
    if delivery.size >= newest.size:
        return "known"
    try:
        answer = httpx.post(
            log.webhook,
            content=newest.note.encode(),
            headers={"content-type": "text/plain; charset=utf-8"},
            timeout=TIMEOUT_S,
        )
        failed = "" if answer.is_success else f"HTTP {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failed = f"{type(error).__name__}: {error}"[:300]
    Delivery.objects.filter(target=target).update(failed=failed, **({} if failed else {"size": newest.size}))
    return failed or "sent"


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One publisher at a time on this machine, so that an older checkpoint never replaces a newer one."""
    with (place / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
