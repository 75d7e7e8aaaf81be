# SPDX-License-Identifier: Apache-2.0
"""The files of a city folder as raw objects, with every fault that can be seen before objects are put
together.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from zhengtong.city import source
from zhengtong.city.conditions import nearest
from zhengtong.city.kinds import KEY_PATTERN, Kind, Registry
from zhengtong.city.source import Document
from zhengtong.city.validation import shown
from zhengtong.errors import Fault

MAX_FILES = 20_000
_KEY_LINE = re.compile(r"^[\s-]*(?:\{\s*)?key:\s*['\"]?([a-z][a-z0-9_-]*)", re.M)


@dataclass(frozen=True)
class Raw:
    """One object as it stands in its file."""

    kind: Kind
    key: str
    """Empty where the file gives none that can be used."""
    document: Document
    at: source.Path_
    data: dict[str, Any]


@dataclass
class Reading:
    """All that was found in a folder."""

    raws: list[Raw] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    named: dict[str, set[str]] = field(default_factory=dict)
    """By kind, every key that some file gives, faulty ones too: a reference to such a key does not dangle."""
    unclear: Counter[str] = field(default_factory=Counter)
    """By kind, how many objects stand under no usable key or under one that is taken."""

    def add_name(self, kind: str, key: str) -> None:
        self.named.setdefault(kind, set()).add(key)


def read_folder(root: Path, registry: Registry) -> Reading:
    """Read every file under `root`. Faults are gathered, nothing is raised for the contents."""
    reading = Reading()
    files: list[tuple[str, Kind]] = []
    for file, path in _scan(root, reading):
        kind = registry.kind_of(file)
        if kind is not None and file.endswith(".yaml"):
            files.append((file, kind))
        elif not registry.is_other(file):
            reading.faults.append(_misplaced(file, path, kind, registry))
    for file, kind in files:
        _read_file(root / file, file, kind, reading)
    present = {kind.kind for _, kind in files}
    for kind in registry.kinds.values():
        if kind.required and kind.kind not in present:
            reading.faults.append(
                Fault(kind.folder, 1, "", "缺少这个文件", "this file is missing", expected=kind.folder)
            )
    _mark_duplicates(reading)
    return reading


def _scan(root: Path, reading: Reading) -> list[tuple[str, Path]]:
    """Relative names and paths, sorted. Hidden files and `*.md` are notes; links and devices are faults."""
    found: list[tuple[str, Path]] = []

    def unreadable(error: OSError) -> None:
        name = os.path.relpath(error.filename or root, root)
        reading.faults.append(
            Fault(name, 1, "", "文件夹读不出来", "the folder cannot be read", found=error.strerror or "")
        )

    for folder, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = here / name
            if name.startswith(".") or name.endswith(".md"):
                continue
            file = _printable(path.relative_to(root).as_posix())
            if path.is_symlink() or not path.is_file():
                reading.faults.append(
                    Fault(file, 1, "", "不接受链接或特殊文件", "links and special files are not accepted")
                )
            elif len(found) >= MAX_FILES:
                reading.faults.append(
                    Fault(file, 1, "", "文件太多", "there are too many files", expected=f"≤ {MAX_FILES}")
                )
                return found
            else:
                found.append((file, path))
    return sorted(found)


def _printable(name: str) -> str:
    """A name that is not UTF-8 on disk comes with surrogates, which no message can carry."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _misplaced(file: str, path: Path, kind: Kind | None, registry: Registry) -> Fault:
    if kind is not None:
        return Fault(
            file,
            1,
            "",
            "定义文件要以 .yaml 结尾",
            "a definition ends in .yaml",
            found=path.suffix,
            expected=".yaml",
        )
    folders = sorted({k.folder for k in registry.kinds.values()} | set(registry.others))
    parent = PurePosixPath(file).parent.as_posix()
    near = nearest(file if parent == "." else parent, folders)
    return Fault(
        file,
        1,
        "",
        "这里不放文件：城市目录没有这个位置",
        "no file belongs here: a city folder has no such place",
        found=file if parent == "." else f"{parent}/",
        expected=near or ", ".join(folders),
    )


def _read_file(path: Path, file: str, kind: Kind, reading: Reading) -> None:
    document = source.read(path, file)
    reading.faults += document.faults
    stem = PurePosixPath(file).stem
    own_file = kind.one_per_file and not kind.is_file
    if own_file:
        reading.add_name(kind.kind, stem)
    if not document.readable or document.data is None:
        _salvage(kind, document, reading)
        return
    if kind.one_per_file:
        _add(kind, document, (), document.data, reading, stem=stem if own_file else None)
        return
    if not isinstance(document.data, list):
        _salvage(kind, document, reading)
        reading.faults.append(
            Fault(
                file,
                1,
                "",
                "整个文件应为列表，每项以 - 开头",
                "the file must be a list, each entry beginning with -",
                shown(document.data),
                "列表 list",
            )
        )
        return
    for i, item in enumerate(document.data):
        _add(kind, document, (i,), item, reading, stem=None)


def _salvage(kind: Kind, document: Document, reading: Reading) -> None:
    """Name the keys a broken file seems to give; if not even its text is there, anything may have stood in
    it.
    """
    for key in _KEY_LINE.findall(document.text):
        reading.add_name(kind.kind, key)
    if not document.text:
        reading.unclear[kind.kind] += MAX_FILES


def _add(kind: Kind, document: Document, at: source.Path_, data: Any, reading: Reading, *, stem: str | None) -> None:
    if not isinstance(data, dict):
        reading.unclear[kind.kind] += 1
        reading.faults.append(
            Fault(
                document.file,
                document.line(at),
                source.dotted(at),
                "应为映射（键: 值）",
                "this must be a mapping (key: value)",
                shown(data),
                "映射 mapping",
            )
        )
        return
    given = data.get(kind.key)
    key = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if not re.fullmatch(KEY_PATTERN if kind.key == "key" else r"\S{1,80}", key):
        key = ""
    if key:
        reading.add_name(kind.kind, key)
    else:
        reading.unclear[kind.kind] += 1
    if stem is not None and key and key != stem:
        reading.faults.append(
            Fault(
                document.file,
                document.line((*at, kind.key)),
                source.dotted((*at, kind.key)),
                "与文件名不一致",
                "this differs from the file's name",
                key,
                stem,
            )
        )
    reading.raws.append(Raw(kind, key, document, at, data))


def _mark_duplicates(reading: Reading) -> None:
    first: dict[tuple[str, str], Raw] = {}
    kept: list[Raw] = []
    for raw in reading.raws:
        node = (raw.kind.kind, raw.key)
        if raw.key and node in first:
            other = first[node]
            place = f"{other.document.file}:{other.document.line((*other.at, raw.kind.key))}"
            reading.unclear[raw.kind.kind] += 1
            reading.faults.append(
                Fault(
                    raw.document.file,
                    raw.document.line((*raw.at, raw.kind.key)),
                    source.dotted((*raw.at, raw.kind.key)),
                    f"编号重复，{place} 已有",
                    f"duplicate key, {place} has it",
                    found=raw.key,
                )
            )
            # kept, so that its other faults are told too, but under no key
            raw = Raw(raw.kind, "", raw.document, raw.at, raw.data)  # noqa: PLW2901
        elif raw.key:
            first[node] = raw
        kept.append(raw)
    reading.raws = kept
