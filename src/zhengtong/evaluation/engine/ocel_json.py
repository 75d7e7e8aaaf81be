# SPDX-License-Identifier: Apache-2.0
"""Reading OCEL 2.0 in JSON one element of its lists at a time: memory holds the largest element, not the log."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.ocel_staging import Given, Staging
from zhengtong.evaluation.engine.opening import Limits

_BLANK = re.compile(r"[ \t\n\r]*")
_WHOLE = ("objectTypes", "eventTypes", "objects", "events")
_AGAIN = 1 << 16
"""Characters to have at least before an element is tried again: trying after every piece would be quadratic."""


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once each: of two, readers would take different ones."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in names if names.count(key) > 1)!r} stands twice")
    return found


class _Text:
    """The text of the file as far as it is needed: `at` is the place, `line` the line it is on."""

    def __init__(self, pieces: Iterator[bytes], name: str, limits: Limits) -> None:
        self.pieces, self.name, self.limits = pieces, name, limits
        self.text, self.at, self.line = "", 0, 1
        self.decode = codecs.getincrementaldecoder("utf-8")().decode
        self.ended = False
        self.decoder = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_once)

    def bad(self, zh: str, en: str, *, found: object = None, expected: object = None) -> BadInput:
        return BadInput(zh, en, where=f"{self.name}:{self.line}", found=found, expected=expected)

    def more(self) -> bool:
        """Fetch some text; False at the end of the file."""
        held = self.text[self.at :]
        wanted = max(_AGAIN, 2 * len(held))
        parts, have = [held], len(held)
        while have < wanted and not self.ended:
            piece = next(self.pieces, None)
            self.ended = piece is None
            parts.append(self.decode(piece or b"", self.ended))
            have += len(parts[-1])
        self.text, self.at = "".join(parts), 0
        return have > len(held)

    def skip(self) -> None:
        """To the next character that is no blank."""
        while True:
            match = _BLANK.match(self.text, self.at)
            end = match.end() if match else self.at
            self.line += self.text.count("\n", self.at, end)
            self.at = end
            if self.at < len(self.text) or not self.more():
                return

    def next(self) -> str:
        """The next character that is no blank, not taken; empty at the end."""
        self.skip()
        return self.text[self.at : self.at + 1]

    def take(self, expected: str) -> None:
        found = self.next()
        if found != expected:
            raise self.bad(
                "JSON 不完整或不合法", "the JSON is truncated or malformed", found=found or "EOF", expected=expected
            )
        self.at += 1

    def value(self) -> Any:
        """The next value. Numbers keep their text as Python reads it."""
        self.skip()
        while True:
            try:
                found, end = self.decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                if self._try_more():
                    continue
                self.line += self.text.count("\n", self.at, error.pos)
                raise self.bad("JSON 不完整或不合法", "the JSON is truncated or malformed", found=error.msg) from error
            except (ValueError, RecursionError) as error:
                raise self.bad("JSON 不合规", "the JSON does not fit", found=str(error)[:80]) from error
            if end == len(self.text) and self._try_more():
                continue  # a number may go on
            return self._taken(found, end)

    def _try_more(self) -> bool:
        self._check_size(len(self.text))
        return self.more()

    def _check_size(self, end: int) -> None:
        if end - self.at > self.limits.record_bytes:
            raise self.bad(
                "单个元素过大", "a single element is too large", expected=f"≤ {self.limits.record_bytes} characters"
            )

    def _taken(self, found: Any, end: int) -> Any:
        self._check_size(end)
        self.line += self.text.count("\n", self.at, end)
        self.at = end
        return found


def read_json(pieces: Iterator[bytes], staging: Staging, limits: Limits) -> None:
    """Raises `BadInput` with the line of what is no JSON or no OCEL."""
    text = _Text(pieces, staging.name, limits)
    readers: dict[str, Callable[[_Element], None]] = {
        "objectTypes": lambda one: _type(one, "object", staging),
        "eventTypes": lambda one: _type(one, "event", staging),
        "objects": lambda one: _object(one, staging),
        "events": lambda one: _event(one, staging),
    }
    seen: set[str] = set()
    for key in _keys(text):
        if key in seen:
            raise text.bad("同一个键出现两次", "a key stands twice", found=key)
        seen.add(key)
        if key in readers:
            for element in _elements(text, key):
                readers[key](element)
        else:
            text.value()
    if text.next():
        raise text.bad("JSON 之后还有内容", "something follows the JSON", found=text.next())
    if missing := [key for key in _WHOLE if key not in seen]:
        raise text.bad(
            "这不是 OCEL 2.0：缺少必需的部分",
            "this is no OCEL 2.0: a part is missing",
            found=", ".join(sorted(seen)) or "{}",
            expected=", ".join(missing),
        )


def _keys(text: _Text) -> Iterator[str]:
    text.take("{")
    if text.next() == "}":
        text.take("}")
        return
    while True:
        key = text.value()
        if not isinstance(key, str):
            raise text.bad("JSON 不合法", "the JSON is malformed", found=type(key).__name__, expected="string")
        text.take(":")
        yield key
        if text.next() == "}":
            text.take("}")
            return
        text.take(",")


def _elements(text: _Text, key: str) -> Iterator[_Element]:
    if text.next() != "[":
        raise text.bad(f"{key} 应为列表", f"{key} is a list", found=text.next() or "EOF", expected="[")
    text.take("[")
    if text.next() == "]":
        text.take("]")
        return
    while True:
        text.skip()
        line = text.line
        yield _Element(text.value(), f"{text.name}:{line}", key, line)
        if text.next() == "]":
            text.take("]")
            return
        text.take(",")


class _Element:
    """One object of JSON with typed looks into it; `line` is where it begins."""

    def __init__(self, value: object, where: str, path: str, line: int) -> None:
        self.where, self.path, self.line = where, path, line
        if not isinstance(value, dict):
            raise self._wrong("", value, "object")
        self.value: Mapping[str, object] = value

    def _wrong(self, key: str, found: object, expected: str) -> BadInput:
        return BadInput(
            "类型不对",
            "of the wrong type",
            where=f"{self.where} {self.path}{'.' if key else ''}{key}",
            found=_kind(found),
            expected=expected,
        )

    def text(self, key: str) -> str:
        found = self.value.get(key)
        if not isinstance(found, str):
            raise self._wrong(key, found, "string")
        return found

    def optional(self, key: str) -> str:
        return "" if self.value.get(key) is None else self.text(key)

    def list(self, key: str) -> Iterator[_Element]:
        found = self.value.get(key)
        if found is not None and not isinstance(found, list):
            raise self._wrong(key, found, "list")
        for index, one in enumerate(found or ()):
            yield _Element(one, self.where, f"{self.path}.{key}[{index}]", self.line)

    def scalar(self, key: str) -> tuple[str, Given] | None:
        """A value as text and what it was; None for null, which OCEL has no other word for than leaving out."""
        found = self.value.get(key)
        if found is None:
            if key not in self.value:
                raise self._wrong(key, None, "string | number | boolean")
            return None
        if isinstance(found, str):
            return found, "text"
        if isinstance(found, bool):
            return ("true" if found else "false"), "boolean"
        if isinstance(found, int | float):
            return repr(found), "number"
        raise self._wrong(key, found, "string | number | boolean")


def _kind(found: object) -> str:
    if found is None:
        return "null"
    return {"dict": "object", "str": "string", "bool": "boolean", "int": "number", "float": "number"}.get(
        type(found).__name__, type(found).__name__
    )


def _type(one: _Element, scope: str, staging: Staging) -> None:
    name = one.text("name")
    staging.add("types", one.line, scope, name, None, None)
    for attribute in one.list("attributes"):
        staging.add("types", one.line, scope, name, attribute.text("name"), attribute.text("type"))


def _relations(one: _Element, table: str, owner: str, staging: Staging) -> None:
    for relation in one.list("relationships"):
        staging.add(table, one.line, owner, relation.text("objectId"), relation.optional("qualifier"))


def _object(one: _Element, staging: Staging) -> None:
    owner = one.text("id")
    staging.add("objects", one.line, owner, one.text("type"))
    for attribute in one.list("attributes"):
        if (value := attribute.scalar("value")) is not None:
            staging.add("object_values", one.line, owner, attribute.text("name"), attribute.text("time"), *value)
    _relations(one, "object_objects", owner, staging)


def _event(one: _Element, staging: Staging) -> None:
    owner = one.text("id")
    staging.add("events", one.line, owner, one.text("type"), one.text("time"))
    for attribute in one.list("attributes"):
        if (value := attribute.scalar("value")) is not None:
            staging.add("event_values", one.line, owner, attribute.text("name"), *value)
    _relations(one, "event_objects", owner, staging)
