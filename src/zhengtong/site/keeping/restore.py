# SPDX-License-Identifier: Apache-2.0
"""A backup put back, proven before it is in place.

Unpacked beside the state folder, every member checked against `backup.json`, the database filled, the whole record
checked against the checkpoint, the Parquet segments made again; only then does the folder get its name. Whatever goes
wrong before leaves the state folder as it was: empty or not there.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

from zhengtong.errors import BadInput, Conflict, Contradicted
from zhengtong.site.keeping.backup import FORMAT, Manifest, Progress, size_of
from zhengtong.site.keeping.sealed_box import unlock


def require_free(state: Path) -> None:
    """Raises `Conflict` where the state folder holds anything: restoring overwrites nothing."""
    held = sorted(path.name for path in state.iterdir()) if state.exists() else []
    if held:
        raise Conflict(
            "状态目录不是空的，恢复不会覆盖任何东西",
            "the state folder is not empty; restoring overwrites nothing",
            where=str(state), found=", ".join(held[:5]),
        )  # fmt: skip


def unpack(file: Path, into: Path, passphrase: str) -> Manifest:
    """Unpack and check `file` under the empty folder `into`, keys in their places.

    Raises `BadInput` naming the member that is missing, surplus or changed; for what is no backup or broke off; and for
    another passphrase.
    """
    found: dict[str, str] = {}
    try:
        with tarfile.open(file, "r:gz") as tar:
            for member in tar:
                tar.extract(member, into, filter="data")
                if member.isfile():
                    with (into / member.name).open("rb") as content:
                        found[member.name] = hashlib.file_digest(content, "sha256").hexdigest()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise BadInput(
            "不是完整的备份文件", "this is no whole backup file", where=file.name, found=str(error)[:120]
        ) from None
    manifest = _manifest(into, file)
    found.pop("backup.json")
    differing = sorted(
        name for name in found.keys() | manifest.members.keys() if found.get(name) != manifest.members.get(name)
    )
    if differing:
        raise BadInput(
            "备份内容与其清单不符", "the backup is not what its list says",
            where=differing[0], found=found.get(differing[0]), expected=manifest.members.get(differing[0]),
        )  # fmt: skip
    keys = unlock((into / "keys.box").read_bytes(), passphrase)
    with tarfile.open(fileobj=io.BytesIO(keys)) as tar:
        tar.extractall(into / "files", filter="data")
    return manifest


def _manifest(into: Path, file: Path) -> Manifest:
    path = into / "backup.json"
    if not path.is_file():
        raise BadInput("备份不完整：没有清单", "the backup broke off: it has no list", where=file.name)
    try:
        manifest = Manifest(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise BadInput("备份清单无法读取", "the backup's list cannot be read", found=str(error)[:120]) from None
    if manifest.format != FORMAT:
        raise BadInput("备份格式不认识", "the backup's format is unknown", found=manifest.format, expected=FORMAT)
    return manifest


def lay_out(unpacked: Path, manifest: Manifest) -> Path:
    """The state folder as it will be, with the database's file (SQLite) in its place; returns it."""
    state = unpacked / "files"
    state.mkdir(exist_ok=True)
    state.chmod(0o700)
    for path in [*(state / "keys").glob("*"), state / "secret-key"]:
        if path.is_file():
            path.chmod(0o600)
    if manifest.engine == "sqlite":
        from zhengtong.site.keeping.databases import SQLITE

        shutil.move(unpacked / "database" / SQLITE, state / SQLITE)
    if manifest.checkpoint:
        published = state / "checkpoints"
        published.mkdir(exist_ok=True)
        for name in (f"{size_of(manifest.checkpoint)}.txt", "latest.txt"):
            (published / name).write_text(manifest.checkpoint, "utf-8")
        (published / "key.txt").write_text(manifest.key, "utf-8")
    return state


def prove(manifest: Manifest, key: str, checkpoint: str, progress: Progress | None = None) -> int:
    """Check the whole restored record; `key` and `checkpoint` are the reader's own, "" for those of the backup.

    Then make the Parquet segments again. Returns the number of sealed events. Raises `Contradicted` where the record is
    not the one of the checkpoint.
    """
    from zhengtong.ledger import log, store
    from zhengtong.ledger.segments import export
    from zhengtong.ledger.whole import verify_log

    record = log()
    if record.origin != manifest.origin or record.key_file() != manifest.key:
        raise Contradicted(
            "备份中的密钥不是这份记录的", "the keys in the backup are not those of its record",
            found=record.origin, expected=manifest.origin,
        )  # fmt: skip
    trusted = checkpoint or manifest.checkpoint
    if trusted:
        findings = verify_log(record, key or manifest.key, trusted, progress)
        if findings:
            raise Contradicted(
                f"恢复的记录与检查点不符：{findings[0].zh}",
                f"the restored record is not the checkpoint's: {findings[0].en}",
                where=f"{findings[0].object_type} {findings[0].object_id}", found=len(findings), expected=0,
            )  # fmt: skip
    export(record)
    return store.size()
