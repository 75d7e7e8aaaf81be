# SPDX-License-Identifier: Apache-2.0
"""An installation as one file, while it goes on working.

The database is copied first, then the files: what a row refers to was written before the row, so every file it needs
is there; files that came later are harmless. Left out are the Parquet segments (restoring makes them again from the
record) and checkpoints newer than the copied database. Keys are inside, under a passphrase, never in the clear.

Layout of the tar.gz: `database/…`, `files/…`, `keys.box`, and last `backup.json`, which names every member with its
SHA-256: a backup that broke off lacks it and is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from zhengtong import __version__
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.ledger import log
from zhengtong.site.keeping import databases
from zhengtong.site.keeping.sealed_box import lock

FORMAT = 1
LEFT_OUT = {"static", "ledger", "standin", "keys", "secret-key"}
KEYS = ("keys", "secret-key")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Manifest:
    """`backup.json`. `checkpoint` is the newest signed one in the copied database ("" where nothing was sealed)."""

    format: int
    version: str
    made_us: int
    engine: str
    origin: str
    key: str
    checkpoint: str
    members: dict[str, str]


def backup(to: Path, passphrase: str, *, now_us: int, progress: Progress | None = None) -> Manifest:
    """Write the backup to `to`, aside first: it appears whole or not at all.

    Raises `Conflict` where `to` exists, `BadInput` for a short passphrase or a folder that is not there,
    `NotFound` where nothing was ever served from the state folder.
    """
    if to.exists():
        raise Conflict("文件已存在，备份不会覆盖它", "the file exists; a backup overwrites nothing", where=str(to))
    if not to.parent.is_dir():
        raise BadInput("没有这个目录", "there is no such folder", found=str(to.parent))
    state = Path(settings.ZHENGTONG_STATE)
    if not databases.holds_a_record():
        raise NotFound("这里没有可备份的系统", "there is no installation here to back up", found=str(state))
    record = log()
    box = lock(_keys(state), passphrase)
    aside = to.with_name(f".{to.name}.{secrets.token_hex(6)}")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=state) as made:
        checkpoint = databases.dump(Path(made))
        try:
            with os.fdopen(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
                    members = {"keys.box": _add(tar, "keys.box", io.BytesIO(box), len(box))}
                    members |= _add_files(tar, list(_members(Path(made), state, size_of(checkpoint))), progress)
                    manifest = Manifest(
                        FORMAT, __version__, now_us, databases.engine(),
                        record.origin, record.key_file(), checkpoint, members,
                    )  # fmt: skip
                    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
                    _add(tar, "backup.json", io.BytesIO(text), len(text))
                file.flush()
                os.fsync(file.fileno())
            os.link(aside, to)  # unlike a rename it refuses where another backup took the name meanwhile
        finally:
            aside.unlink(missing_ok=True)
    return manifest


def size_of(checkpoint: str) -> int:
    """The number of leaves a signed note speaks of; 0 for none."""
    return int(checkpoint.split("\n")[1]) if checkpoint else 0


def _members(database: Path, state: Path, size: int) -> Iterator[tuple[str, Path]]:
    """(name in the archive, file), sorted."""
    for path in sorted(database.rglob("*")):
        if path.is_file():
            yield f"database/{path.relative_to(database).as_posix()}", path
    for path in sorted(state.rglob("*")):
        name = path.relative_to(state)
        beside = any(part.startswith(".") for part in name.parts) or name.name.startswith(databases.SQLITE)
        if beside or name.parts[0] in LEFT_OUT or not path.is_file():
            continue
        if name.parts[0] != "checkpoints" or _published_by(path, size):
            yield f"files/{name.as_posix()}", path


def _published_by(path: Path, size: int) -> bool:
    return path.stem.isdigit() and int(path.stem) <= size


def _add_files(tar: tarfile.TarFile, files: list[tuple[str, Path]], progress: Progress | None) -> dict[str, str]:
    digests = {}
    for done, (name, path) in enumerate(files, 1):
        with path.open("rb") as file:
            digests[name] = _add(tar, name, file, os.fstat(file.fileno()).st_size)
        if progress:
            progress(done, len(files))
    return digests


class _Hashing(io.RawIOBase):
    """Reads through to `file` and keeps the digest of what was read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self.file.read(size)
        self.digest.update(block)
        return block


def _add(tar: tarfile.TarFile, name: str, file: BinaryIO, size: int) -> str:
    """Add a member; returns the SHA-256 of its content."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    read = _Hashing(file)
    tar.addfile(member, read)
    return read.digest.hexdigest()


def _keys(state: Path) -> bytes:
    """A tar of the key folder and the key of sessions."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for top in KEYS:
            for path in [state / top, *sorted((state / top).rglob("*"))]:
                if path.is_file():
                    content = path.read_bytes()
                    _add(tar, path.relative_to(state).as_posix(), io.BytesIO(content), len(content))
    return held.getvalue()
