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

_ESCAPED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def canonical(value: Value) -> bytes:
    """RFC 8785 of `value` as UTF-8.

    Raises `BadInput` for a float, an integer beyond ±(2^53-1), a key that is no string, a lone surrogate or
    any other type.
    """
    text = _ESCAPED.encode(_ordered(value, "$"))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            "文本中有不成对的代理码位，不能编码",
            "the text holds a lone surrogate, which no UTF-8 can carry",
            found=repr(error.object[error.start : error.end]),
        ) from None


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
    return LEAF_VERSION + canonical(
        {
            "id": id,
            "act": act,
            "type": type,
            "time_us": time_us,
            "recorded_us": recorded_us,
            "actor": actor,
            "department": department,
            "attributes": attributes,
            "objects": [list(entry) for entry in sorted(objects)],
        }
    )


def strict_json(text: str) -> object:
    """Parse JSON, refusing what two readers could read differently: repeated keys, floats, NaN.

    Raises `BadInput`.
    """
    try:
        return json.loads(text, object_pairs_hook=_unrepeated, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise BadInput("不是有效的 JSON", "this is not valid JSON", found=str(error)[:120]) from None


def _ordered(value: Value, where: str) -> object:
    """`value` rebuilt from plain types with its keys in UTF-16 code unit order (RFC 8785 §3.2.3)."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if -SAFE <= value <= SAFE:
            return int(value)
        raise BadInput("整数超出可精确表示的范围", "the integer is too large", where=where, found=value, expected="±(2^53-1)")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise BadInput("键必须是文本", "a key must be text", where=where, found=repr(key))
        keys = sorted(value, key=_utf16) if not all(map(str.isascii, value)) else sorted(value)
        return {key: _ordered(value[key], f"{where}.{key}") for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(entry, f"{where}[{index}]") for index, entry in enumerate(value)]
    raise BadInput(
        "存证记录只接受整数、布尔、文本、列表和对象",
        "a record takes only integers, booleans, text, lists and objects",
        where=where,
        found=f"{type_(value).__name__} {value!r}"[:80],
        expected="int | bool | str | None | list | object",
    )


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands twice")
    return read


def _no_float(text: str) -> object:
    raise ValueError(f"{text} is not an integer")
