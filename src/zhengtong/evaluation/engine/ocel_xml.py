# SPDX-License-Identifier: Apache-2.0
"""Reading OCEL 2.0 in XML in constant memory. A document type is refused before anything in it is read, so there are
no entities to expand or fetch.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat  # a document type is refused: there is no entity to expand

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.ocel_staging import Staging
from zhengtong.evaluation.engine.opening import Limits

_RELATIONS = ("relationship", "object", "relobj")
"""What a relation is called inside `<objects>`: by the standard, and by writers of its drafts."""


class _XmlReader:
    """`path` is the open elements below `<log>`; values gather in `data` while one is open."""

    def __init__(self, staging: Staging, limits: Limits) -> None:
        self.staging, self.limits = staging, limits
        self.path: list[str] = []
        self.owner = ""
        self.type_ = ""
        self.attribute: tuple[str, str, int] | None = None
        self.data: list[str] = []
        self.sections: set[str] = set()
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def bad(self, zh: str, en: str, *, found: object = None, expected: object = None) -> BadInput:
        where = f"{self.staging.name}:{self.parser.CurrentLineNumber}"
        return BadInput(zh, en, where=where, found=found, expected=expected)

    def read(self, pieces: Iterator[bytes]) -> None:
        fed = 0
        try:
            for piece in pieces:
                fed += len(piece)
                self.parser.Parse(piece, False)
                if fed - self.parser.CurrentByteIndex > self.limits.record_bytes:
                    raise self._too_large()
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise BadInput(
                "XML 不完整或不合法",
                "the XML is truncated or malformed",
                where=f"{self.staging.name}:{error.lineno}",
                found=expat.errors.messages[error.code],
            ) from error
        if missing := {"object-types", "event-types", "objects", "events"} - self.sections:
            raise self.bad(
                "这不是 OCEL 2.0：缺少必需的部分",
                "this is no OCEL 2.0: a part is missing",
                found=", ".join(sorted(self.sections)) or "<log>",
                expected=", ".join(sorted(missing)),
            )

    def _too_large(self) -> BadInput:
        return self.bad("单个元素过大", "a single element is too large", expected=f"≤ {self.limits.record_bytes} bytes")

    def _doctype(self, *_: object) -> None:
        raise self.bad(
            "OCEL 文件不得含有文档类型声明（可能是实体炸弹或外部实体）",
            "an OCEL file may not hold a document type (it may be an entity bomb or an external entity)",
            found="<!DOCTYPE",
        )

    def _given(self, tag: str, given: dict[str, str], name: str) -> str:
        if name not in given:
            raise self.bad("元素缺少属性", "an element lacks an attribute", found=f"<{tag}>", expected=name)
        return given[name]

    def _start(self, tag: str, given: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if len(self.path) > self.limits.depth:
            raise self.bad("元素嵌套过深", "elements are nested too deep", expected=f"≤ {self.limits.depth}")
        if self.attribute is not None:
            raise self.bad("属性值中不应有元素", "an attribute's value is text", found=f"<{tag}>")
        self.path.append(tag)
        depth, line = len(self.path), self.parser.CurrentLineNumber
        if depth == 1 and tag != "log":
            raise self.bad("这不是 OCEL 文件", "this is no OCEL file", found=f"<{tag}>", expected="<log>")
        if depth == 2:
            if tag in self.sections:
                raise self.bad("这一部分出现两次", "a part stands twice", found=f"<{tag}>")
            self.sections.add(tag)
        elif depth == 3:
            self._item(tag, given, line)
        elif depth == 5:
            self._inner(tag, given, line)

    def _item(self, tag: str, given: dict[str, str], line: int) -> None:
        section = self.path[1]
        if section in ("object-types", "event-types") and tag == section[:-1]:
            self.type_ = self._given(tag, given, "name")
            self.staging.add("types", line, section.partition("-")[0], self.type_, None, None)
        elif section in ("objects", "events") and tag == section[:-1]:
            self.owner = self._given(tag, given, "id")
            kind = self._given(tag, given, "type")
            if section == "objects":
                self.staging.add("objects", line, self.owner, kind)
            else:
                self.staging.add("events", line, self.owner, kind, self._given(tag, given, "time"))
        elif section in ("object-types", "event-types", "objects", "events"):
            raise self.bad(
                "这里不该有这个元素",
                "this element does not belong here",
                found=f"<{tag}>",
                expected=f"<{section[:-1]}>",
            )

    def _inner(self, tag: str, given: dict[str, str], line: int) -> None:
        section, group = self.path[1], self.path[3]
        if group == "attributes" and tag == "attribute":
            name = self._given(tag, given, "name")
            if section.endswith("-types"):
                scope = section.partition("-")[0]
                self.staging.add("types", line, scope, self.type_, name, self._given(tag, given, "type"))
            elif section in ("objects", "events"):
                time = self._given(tag, given, "time") if section == "objects" else ""
                self.attribute, self.data = (name, time, line), []
        elif group == "objects" and section in ("objects", "events") and tag in _RELATIONS:
            table = "object_objects" if section == "objects" else "event_objects"
            target = self._given(tag, given, "object-id")
            self.staging.add(table, line, self.owner, target, given.get("qualifier", ""))

    def _text(self, data: str) -> None:
        if self.attribute is not None:
            self.data.append(data)
            if len(self.data) > 1 and sum(map(len, self.data)) > self.limits.record_bytes:
                raise self._too_large()

    def _end(self, _tag: str) -> None:
        if self.attribute is not None:
            name, time, line = self.attribute
            value = "".join(self.data)
            if self.path[1] == "objects":
                self.staging.add("object_values", line, self.owner, name, time, value, "text")
            else:
                self.staging.add("event_values", line, self.owner, name, value, "text")
            self.attribute = None
        self.path.pop()


def read_xml(pieces: Iterator[bytes], staging: Staging, limits: Limits) -> None:
    """Raises `BadInput` with the line of what is no XML or no OCEL."""
    _XmlReader(staging, limits).read(pieces)
