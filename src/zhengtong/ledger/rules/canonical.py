# SPDX-License-Identifier: Apache-2.0
"""The bytes a leaf is hashed over: RFC 8785 (JSON Canonicalization Scheme) without fractions, behind a version byte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from zhengtong.errors import BadInput

type_ = type
Value = bool | int | str | None | Sequence["Value"] | Mapping[str, "Value"]

LEAF_VERSION = b"\x01"
"""First byte of every leaf. A change of the record's shape takes the next number; old leaves keep theirs."""

SAFE = 2**53 - 1
"""RFC 8785 writes numbers as IEEE 754 doubles; beyond this one, two integers would share one text."""

_SORTED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_ESCAPED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def canonical(value: Value) -> bytes:
    """RFC 8785 of `value` as UTF-8.

    Raises `BadInput` for a float, an integer beyond ±(2^53-1), a key that is no string, a lone surrogate or
    any other type.
    """
    return _utf8(_SORTED.encode(value) if _simple(value) else _ESCAPED.encode(_ordered(value)))


def leaf_bytes(
    *,
    id: str,
    act: str,
    type: str,
    time_us: int,
    recorded_us: int,
    actor: str,
    department: str,
    attributes: Mapping[str, Value],
    objects: Sequence[tuple[str, str, str]],
) -> bytes:
    """Version byte and canonical JSON of one event; `objects` are (type, id, qualifier) in any order."""
    for value in (id, act, type, actor, department, *(text for entry in objects for text in entry)):
        if not isinstance(value, str):
            raise _other(value, "text")
    for instant in (time_us, recorded_us):
        if not isinstance(instant, int) or isinstance(instant, bool) or not -SAFE <= instant <= SAFE:
            raise _other(instant, "an integer within ±(2^53-1)")
    content = {  # in canonical order already: only the attributes have keys not known here
        "act": act,
        "actor": actor,
        "attributes": _ordered(attributes),
        "department": department,
        "id": id,
        "objects": sorted(objects),
        "recorded_us": recorded_us,
        "time_us": time_us,
        "type": type,
    }
    return LEAF_VERSION + _utf8(_ESCAPED.encode(content))


def strict_json(text: str) -> object:
    """Parse JSON, refusing what two readers could read differently: repeated keys, floats, NaN.

    Raises `BadInput`.
    """
    try:
        return _STRICT.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadInput("不是有效的 JSON", "this is not valid JSON", found=str(error)[:120]) from None


def _simple(value: object) -> bool:
    """Whether the library's own order of keys is the canonical one: plain types throughout and ASCII keys."""
    kind = type_(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -SAFE <= value <= SAFE  # type: ignore[operator]  # an int
    if kind is dict:
        for key, entry in value.items():  # type: ignore[attr-defined]  # a dict
            if type_(key) is not str or not key.isascii():
                return False
            if type_(entry) is not str and not _simple(entry):
                return False
        return True
    return (kind is list or kind is tuple) and all(map(_simple, value))  # type: ignore[call-overload]  # a sequence


def _ordered(value: Value) -> object:
    """`value` rebuilt from plain types with its keys in UTF-16 code unit order (RFC 8785 §3.2.3)."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if -SAFE <= value <= SAFE:
            return int(value)
        raise _other(value, "an integer within ±(2^53-1)")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _other(key, "text as a key")
        keys = sorted(value) if "".join(value).isascii() else sorted(value, key=_utf16)
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(entry) for entry in value]
    raise _other(value, "int | bool | str | None | list | object")


def _other(found: object, expected: str) -> BadInput:
    return BadInput(
        "存证记录只接受整数、布尔、文本、列表和对象",
        "a record takes only integers, booleans, text, lists and objects",
        found=f"{type_(found).__name__} {found!r}"[:80],
        expected=expected,
    )


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            "文本中有不成对的代理码位，不能编码",
            "the text holds a lone surrogate, which no UTF-8 can carry",
            found=repr(error.object[error.start : error.end]),
        ) from None


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands twice")
    return read


def _no_float(text: str) -> object:
    raise ValueError(f"{text} is not an integer")


_STRICT = json.JSONDecoder(object_pairs_hook=_unrepeated, parse_float=_no_float, parse_constant=_no_float)
