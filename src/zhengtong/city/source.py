# SPDX-License-Identifier: Apache-2.0
"""A YAML file as data with the line of every part, or as faults with theirs.

The document is built from the parser's events, not by a recursive composer: so depth, size and aliases
are bounded while reading, and no input can exhaust the stack or memory. Plain scalars follow the YAML 1.2
core schema: `no` and `on` stay words, `08` and `2026-01-01` and `9:00` stay text; no tag makes an object.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from zhengtong.city.encoding import FORBIDDEN, MAX_BYTES, UnreadableError, decode
from zhengtong.errors import Fault

MAX_DEPTH = 40
MAX_NODES = 200_000
"""Parts of one file after its aliases are written out."""

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path_ = tuple[str | int, ...]
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_EXPONENT = r"([eE][-+]?[0-9]{1,3})?"
_FLOAT = re.compile(r"[-+]?([0-9]{1,18}\.[0-9]{0,30}|\.[0-9]{1,30}|[0-9]{1,18}(?=[eE]))" + _EXPONENT)


@dataclass(frozen=True)
class Mark:
    """Where a part stands. `line` counts from 1; `text_line` is where the words of a block scalar begin."""

    line: int
    text_line: int


@dataclass(frozen=True)
class _Span:
    start: Any
    end: Any


@dataclass
class Document:
    """One file read. `data` holds only dict, list, str, int, float, bool and None."""

    file: str
    data: Any = None
    marks: dict[Path_, Mark] = field(default_factory=dict)
    keys: dict[Path_, int] = field(default_factory=dict)
    """Line of the key itself, for each entry of a mapping."""
    faults: list[Fault] = field(default_factory=list)
    text: str = ""
    quoted: _Span | None = None
    """The last quoted text that runs over lines: what follows it on its last line was often meant to be
    quoted.
    """
    readable: bool = True
    """False where the file could not be read to its end, so that what it defines is not known."""

    def line(self, path: Path_) -> int:
        """The line of the nearest part at or above `path`; collections stand at the line of their key."""
        for end in range(len(path), -1, -1):
            mark = self.marks.get(path[:end])
            if mark is not None:
                return mark.line
        return 1

    def key_line(self, path: Path_) -> int:
        return self.keys.get(path) or self.line(path)


def dotted(path: Path_) -> str:
    """`fields[2].element`, as faults name a part. Positions in lists count from 0."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
    return out


def read(path: Path, file: str) -> Document:
    """Read `path`, calling it `file` in faults. What cannot be read is a fault, never an exception."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        document = Document(file, readable=False)
        document.faults.append(
            Fault(file, 1, "", "文件读不出来", "the file cannot be read", found=error.strerror or "")
        )
        return document
    return parse(raw, file)


def parse(raw: bytes, file: str) -> Document:
    """`read` for bytes already at hand."""
    document = Document(file)
    try:
        document.text = decode(raw, file)
        _Builder(document).build()
    except UnreadableError as stop:
        document.text = document.text or raw[:MAX_BYTES].decode("utf-8", "replace")
        document.readable = False
        document.faults.append(stop.fault)
    except yaml.MarkedYAMLError as error:
        document.readable = False
        document.faults.append(_syntax(error, document))
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        # libyaml reports a few faults of characters without a mark
        document.readable = False
        document.faults.append(Fault(file, 1, "", "不是有效的 YAML", "this is not valid YAML", found=str(error)[:200]))
    return document


def _syntax(error: yaml.MarkedYAMLError, document: Document) -> Fault:
    # an unclosed quote or bracket is noticed lines later, but stands where it was opened
    opened = any(word in (error.context or "") for word in ("quoted", "flow"))
    mark: Any = (opened and error.context_mark) or error.problem_mark or error.context_mark
    if mark and document.quoted is not None and document.quoted.end.line == mark.line:
        mark = document.quoted.start
    lines = document.text.count("\n") + (not document.text.endswith("\n"))
    line = min(mark.line + 1, max(lines, 1)) if mark else 1
    column = mark.column + 1 if mark else 1
    return Fault(
        document.file,
        line,
        "",
        f"YAML 语法错误，第 {column} 列",
        f"YAML syntax error at column {column}",
        found=(error.problem or "").strip()[:200],
    )


class _Builder:
    """Builds data and marks from parser events, with its own stack."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.nodes = 0
        self.anchors: dict[str, Any] = {}
        self.open_anchors: set[str] = set()

    def build(self) -> None:
        loader = Loader(self.document.text)
        try:
            events = iter(loader.get_event, None)
            self._stream(events)
        finally:
            loader.dispose()

    def _stream(self, events: Iterator[Any]) -> None:
        document, documents = self.document, 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._stop(event, "一个文件只写一份文档", "a file holds one document only", "---")
            elif isinstance(event, yaml.NodeEvent):
                document.data = self._node(event, events)
        if documents == 0 or document.data is None:
            document.data = None
            document.readable = not document.faults
            document.faults.append(Fault(document.file, 1, "", "文件是空的", "the file is empty"))

    def _node(self, first: Any, events: Iterator[Any]) -> Any:
        """The value that `first` opens, read to its end without recursion."""
        stack: list[_Open] = []
        event: Any = first
        path: Path_ = ()
        root: Any = None
        while True:
            if isinstance(event, yaml.CollectionEndEvent):
                done = stack.pop()
                if done.anchor:
                    self.open_anchors.discard(done.anchor)
                    self.anchors[done.anchor] = done.value
            elif stack and stack[-1].wants_key:
                self._key(stack[-1], event)
            else:
                path = stack[-1].next_path() if stack else ()
                value = self._value(event, path, stack)
                if stack:
                    stack[-1].put(value)
                else:
                    root = value
                if isinstance(event, yaml.CollectionStartEvent):
                    self._depth(event, len(stack))
                    stack.append(_Open(value, path, event.anchor))
            if not stack:
                return root
            event = next(events)

    def _value(self, event: Any, path: Path_, stack: list[_Open]) -> Any:
        line = event.start_mark.line + 1
        self._count(event, 1)
        if isinstance(event, yaml.AliasEvent):
            self.document.marks[path] = Mark(line, line)
            return self._alias(event, path, line)
        if event.tag is not None and event.tag != "!":
            raise self._stop(event, "不接受 YAML 标签", "YAML tags are not accepted", event.tag)
        if isinstance(event, yaml.ScalarEvent):
            block = event.style in ("|", ">")
            self.document.marks[path] = Mark(line, line + 1 if block else line)
            value = self._scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = value
            return value
        self.document.marks[path] = Mark(self.document.keys.get(path, line), line)
        if event.anchor:
            self.open_anchors.add(event.anchor)
        return {} if isinstance(event, yaml.MappingStartEvent) else []

    def _key(self, parent: _Open, event: Any) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._stop(event, "键必须是文字", "a key must be text")
        self._count(event, 1)
        mark: Any = event.start_mark
        key, line = event.value, mark.line + 1
        self._characters(event)
        path = (*parent.path, key)
        if key == "<<" and event.implicit[0]:
            raise self._stop(event, "不接受合并键 <<", "merge keys are not accepted", "<<")
        if path in self.document.keys:
            first = self.document.keys[path]
            self.document.faults.append(
                Fault(
                    self.document.file,
                    line,
                    dotted(path),
                    f"键重复，第 {first} 行已经写过",
                    f"duplicate key, written before in line {first}",
                    found=key,
                )
            )
            parent.drop = True
        else:
            self.document.keys[path] = line
            parent.drop = False
        parent.key, parent.wants_key = key, False

    def _scalar(self, event: Any) -> Any:
        self._characters(event)
        text: str = event.value
        if event.style in ("'", '"') and event.end_mark.line > event.start_mark.line:
            self.document.quoted = _Span(event.start_mark, event.end_mark)
        if not event.implicit[0] or event.style in ("'", '"', "|", ">"):
            return text
        if text in _NULL:
            return None
        if text in _BOOLEAN:
            return _BOOLEAN[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            return number if math.isfinite(number) else text
        return text

    def _alias(self, event: Any, path: Path_, line: int) -> Any:
        if event.anchor in self.open_anchors:
            raise self._stop(event, "别名引用了自己", "the alias refers to itself", f"*{event.anchor}")
        if event.anchor not in self.anchors:
            raise self._stop(event, "没有这个锚点", "there is no such anchor", f"*{event.anchor}")
        value = self.anchors[event.anchor]
        for below, _ in walk(value, path):
            self._count(event, 1)
            self._depth(event, len(below))
            self.document.marks[below] = Mark(line, line)
        return deepcopy(value)

    def _characters(self, event: Any) -> None:
        bad = FORBIDDEN.search(event.value)
        if bad:
            raise self._stop(event, "含有控制字符", "the text holds a control character", f"U+{ord(bad.group()):04X}")

    def _depth(self, event: Any, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise self._stop(event, "嵌套太深", "too deeply nested", f"> {MAX_DEPTH}", f"≤ {MAX_DEPTH}")

    def _count(self, event: Any, n: int) -> None:
        self.nodes += n
        if self.nodes > MAX_NODES:
            raise self._stop(
                event,
                "内容太多（含别名展开）",
                "too many parts (aliases written out)",
                f"> {MAX_NODES}",
                f"≤ {MAX_NODES}",
            )

    def _stop(self, event: Any, zh: str, en: str, found: str = "", expected: str = "") -> UnreadableError:
        return UnreadableError(Fault(self.document.file, event.start_mark.line + 1, "", zh, en, found, expected))


@dataclass
class _Open:
    """A collection that is still being read."""

    value: Any
    path: Path_
    anchor: str | None
    key: str = ""
    wants_key: bool = field(init=False)
    drop: bool = False

    def __post_init__(self) -> None:
        self.wants_key = isinstance(self.value, dict)

    def next_path(self) -> Path_:
        if isinstance(self.value, dict):
            # a repeated key is read, so that its own faults show, but kept apart from the first one's marks
            return (*self.path, self.key, -1) if self.drop else (*self.path, self.key)
        return (*self.path, len(self.value))

    def put(self, value: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
            return
        if not self.drop:
            self.value[self.key] = value
        self.wants_key = True


def walk(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every part of `value` with its path, itself first; without recursion."""
    pending = [(path, value)]
    while pending:
        here, part = pending.pop()
        yield here, part
        if isinstance(part, dict):
            pending.extend(((*here, key), below) for key, below in part.items())
        elif isinstance(part, list):
            pending.extend(((*here, i), below) for i, below in enumerate(part))
