# SPDX-License-Identifier: Apache-2.0
"""`zhengtong backup` and `zhengtong restore`."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from zhengtong.city.text import say

if TYPE_CHECKING:
    from zhengtong.site.keeping.backup import Progress as Report

_errors = Console(stderr=True)

BACKUP_HELP = say(
    "把整个系统备份成一个文件：数据库、材料、文书、检查点和用口令加密的密钥。备份时系统照常运行。\n\n"
    "例：zhengtong backup /backups/2026-11-23.tar.gz --passphrase-file /etc/zhengtong/words",
    "Back the installation up into one file: database, uploads, documents, checkpoints, and the keys under a "
    "passphrase. It goes on working meanwhile.\n\n"
    "Example: zhengtong backup /backups/2026-11-23.tar.gz --passphrase-file /etc/zhengtong/words",
)
RESTORE_HELP = say(
    "把备份恢复到空的状态目录（和空的数据库），先核验全部记录再放到位。--key 和 --checkpoint 用自己保存的，"
    "而不是备份里的。\n\n"
    "例：zhengtong --state /srv/state restore 2026-11-23.tar.gz --passphrase-file /etc/zhengtong/words "
    "--checkpoint 120400.txt --key key.txt",
    "Restore a backup into an empty state folder (and an empty database); the whole record is checked before it is put "
    "in place. --key and --checkpoint are those you kept, instead of the backup's own.\n\n"
    "Example: zhengtong --state /srv/state restore 2026-11-23.tar.gz --passphrase-file /etc/zhengtong/words "
    "--checkpoint 120400.txt --key key.txt",
)
Passphrase = Annotated[
    Path,
    typer.Option(
        "--passphrase-file",
        exists=True,
        dir_okay=False,
        help=say("口令所在的文件（第一行）", "file whose first line is the passphrase"),
    ),
]
Trusted = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help=say("自己保存的", "the one you kept"))]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("backup", help=BACKUP_HELP)(backup)
    app.command("restore", help=RESTORE_HELP)(restore)


def backup(
    file: Annotated[Path, typer.Argument(help=say("写入的文件（不可已存在）", "file to write (must not exist)"))],
    passphrase_file: Passphrase,
) -> None:
    from zhengtong.site.commands import set_up

    set_up()
    from zhengtong.site.keeping.backup import backup as make
    from zhengtong.site.keeping.backup import size_of

    with _progress(say("备份", "backing up")) as progress:
        made = make(file, _passphrase(passphrase_file), now_us=time.time_ns() // 1000, progress=progress)
    size = size_of(made.checkpoint)
    _errors.print(
        say(
            f"已备份到 {file}：{len(made.members)} 个文件，{file.stat().st_size:,} 字节，检查点 {size}。",
            f"Backed up to {file}: {len(made.members)} files, {file.stat().st_size:,} bytes, checkpoint {size}.",
        )
    )


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=say("备份文件", "the backup"))],
    passphrase_file: Passphrase,
    key: Trusted = None,
    checkpoint: Trusted = None,
) -> None:
    from zhengtong.site.keeping import restore as restoring

    state = Path(os.environ.get("ZHENGTONG_STATE", "state")).resolve()
    restoring.require_free(state)
    state.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{state.name}.restoring-", dir=state.parent) as made:
        manifest = restoring.unpack(file, Path(made), _passphrase(passphrase_file))
        folder = restoring.lay_out(Path(made), manifest)
        os.environ["ZHENGTONG_STATE"] = str(folder)  # the settings read it once, in `set_up`
        from zhengtong.site.commands import set_up

        set_up()
        from django.db import connections

        from zhengtong.site.keeping import databases

        if databases.engine() != "sqlite":
            databases.require_empty()
        databases.load(Path(made) / "database", manifest.engine)
        with _progress(say("核验", "checking")) as progress:
            size = restoring.prove(
                manifest,
                key.read_text("utf-8") if key else "",
                checkpoint.read_text("utf-8") if checkpoint else "",
                progress,
            )
        connections.close_all()
        if state.exists():
            state.rmdir()
        folder.rename(state)
    _errors.print(
        say(
            f"已恢复到 {state}：{size} 个已封存事件与检查点一致。此后发布过的检查点（大于 {size}）将与它矛盾，"
            "请告知持有者。",
            f"Restored into {state}: {size} sealed events agree with the checkpoint. Checkpoints published since "
            f"(above {size}) will contradict it: tell those who hold them.",
        )
    )


def _passphrase(file: Path) -> str:
    return file.read_text("utf-8").partition("\n")[0].strip()


@contextmanager
def _progress(what: str) -> Iterator[Report | None]:
    """A bar on standard error for a person at a terminal; None for programs."""
    if not _errors.is_terminal:
        yield None
        return
    with Progress(console=_errors, transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)
