# SPDX-License-Identifier: Apache-2.0
"""The shelf of imported logs: `STATE/sources/<id>/` with `events.parquet`, `cases.parquet` and `source.json`.

A source is written aside in `.tmp-…`, then renamed: it is there whole or not at all, and never changed after.
One that replaces another names it; the replaced one stays for whoever holds its hashes. A staging folder is
held by a lock its process owns, so the next import sweeps what a killed one left, and only that.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhengtong.errors import BadInput, NotFound
from zhengtong.evaluation.engine.opening import file_sha256

_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
_STAGING = ".tmp-"
EVENTS, CASES, ABOUT = "events.parquet", "cases.parquet", "source.json"


@dataclass(frozen=True)
class Source:
    """One imported log; `about` is its source.json."""

    folder: Path
    about: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.about["id"])

    @property
    def name(self) -> str:
        return str(self.about["name"])

    @property
    def events(self) -> Path:
        return self.folder / EVENTS

    @property
    def cases(self) -> Path:
        return self.folder / CASES

    def changed(self) -> list[str]:
        """Names of the files that are not what the import wrote."""
        return [
            name
            for name, entry in self.about["output"].items()
            if not (self.folder / name).is_file() or file_sha256(self.folder / name) != entry["sha256"]
        ]


def check_name(name: str) -> str:
    """A name of letters, digits, dot, dash and underscore (Chinese too), at most 64. Raises `BadInput`."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            "来源名称只能由文字、数字、点、短横和下划线组成，最多 64 个字符",
            "a source's name is made of letters, digits, dots, dashes and underscores, at most 64",
            found=repr(name),
        )
    return name


def source_id(about: Mapping[str, Any]) -> str:
    """Sixteen hex digits of what the source is: name, file, mapping, importer, and the source it replaces."""
    parts = (
        about["name"],
        about["file"]["sha256"],
        about["mapping"]["sha256"],
        str(about["importer"]),
        about["replaces"],
    )
    return hashlib.sha256("\n".join(part or "" for part in parts).encode()).hexdigest()[:16]


def shelf(state: Path) -> Path:
    return state / "sources"


def list_sources(state: Path) -> list[Source]:
    """Those in use (none replaces them), by name."""
    folders = [path for path in shelf(state).glob("*") if not path.name.startswith(".")]
    found = [Source(path, json.loads((path / ABOUT).read_text("utf-8"))) for path in folders if path.is_dir()]
    replaced = {source.about.get("replaces") for source in found}
    return sorted((source for source in found if source.id not in replaced), key=lambda source: source.name)


def find_source(state: Path, name: str) -> Source | None:
    return next((source for source in list_sources(state) if source.name == name), None)


def get_source(state: Path, name: str) -> Source:
    """Raises `NotFound` with the names there are."""
    source = find_source(state, name)
    if source is None:
        raise NotFound(
            "没有这个来源",
            "there is no such source",
            found=name,
            expected=", ".join(one.name for one in list_sources(state)) or "zhengtong logs import",
        )
    return source


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time; the lock is on the folder itself, and a killed process holds it no more."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def staging(state: Path) -> Iterator[Path]:
    """A folder aside, gone after whatever happens unless it was renamed."""
    home = shelf(state)
    home.mkdir(parents=True, exist_ok=True)
    with locked(home):
        _sweep(home)
        folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=home))
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _sweep(home: Path) -> None:
    for folder in home.glob(f"{_STAGING}*"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its process lives
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def commit(folder: Path, home: Path, about: Mapping[str, Any]) -> Source:
    """Rename a staged folder into its place; all of it is on the disk before the name is. The caller holds
    `locked(home)`.
    """
    (folder / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=2, sort_keys=True) + "\n", "utf-8")
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    target = home / str(about["id"])
    folder.rename(target)
    handle = os.open(home, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return Source(target, about)
