# SPDX-License-Identifier: Apache-2.0
"""What may stand in an event: codes, integers, references, hashes. Never text about a person.

The record can never be corrected, so what must be erasable must not enter. A name spelled in Latin letters cannot be
told from a code; whoever writes an event still has to mean codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from zhengtong.errors import BadInput
from zhengtong.ledger.rules.canonical import SAFE, Value

TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}", re.ASCII)
DEPTH = 6

_RANDOM = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}"
    r"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?![0-9A-Za-z])"
)
"""Ids and hashes: in random hex, eleven digits that look like a telephone number turn up by chance."""

_IDENTIFIERS = (
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), "身份证号", "an ID card number"),
    (re.compile(r"(?<!\d)(?:86)?[-_.:/]?1[3-9]\d[-_.:/]?\d{4}[-_.:/]?\d{4}(?!\d)"), "手机号码", "a mobile number"),
    (
        re.compile(r"(?<!\d)\d{6}[-_.:/](?:19|20)\d{2}[-_.:/]?\d{4}[-_.:/]\d{3}[\dXx](?!\d)"),
        "身份证号",
        "an ID card number",
    ),
)
_ELEVEN = re.compile(r"\d(?:[-_.:/]?\d){10}")
"""What no identifier is shorter than; most codes are, and need no further look."""
_UNITS = ("_us", "_ms", "_s", "_fen", "_micro", "_bytes", "_count")
"""Names of integers with a unit: a duration of 13,800,138,000 µs is no telephone number."""


def check_code(text: object, where: str) -> str:
    """`text`, if it is a code without an identifier in it. Raises `BadInput`."""
    if type(text) is str and _harmless(text):
        return text
    if not isinstance(text, str) or not CODE.fullmatch(text):
        raise BadInput(
            "存证记录只接受代码、编号和散列值，不接受文字",
            "the record takes codes, references and hashes, never text",
            where=where,
            found=_shown(text),
            expected=CODE.pattern,
        )
    if not _ELEVEN.search(text):
        return text
    looked = _RANDOM.sub("#", text)
    for pattern, zh, en in _IDENTIFIERS:
        if pattern.search(looked):
            raise BadInput(
                f"这里像是{zh}，个人信息不得进入存证记录",
                f"this looks like {en}; personal data must not enter the record",
                where=where,
                expected="代码或加盐散列值 a code or a salted hash",
            )
    return text


@lru_cache(maxsize=65_536)
def _harmless(text: str) -> bool:
    """A code too short for an identifier, or nothing but an id or a hash: what nearly all codes are."""
    return bool(_RANDOM.fullmatch(text) or (CODE.fullmatch(text) and not _ELEVEN.search(text)))


@lru_cache(maxsize=4_096)
def _type(text: str) -> bool:
    return bool(TYPE.fullmatch(text)) and _harmless(text)


def check_type(text: object, where: str) -> str:
    """`text`, if it names a type of event or object or a qualifier. Raises `BadInput`."""
    if type(text) is str and _type(text):
        return text
    if not isinstance(text, str) or not TYPE.fullmatch(text):
        raise BadInput(
            "类型应为小写英文代码",
            "a type is a code in lower case",
            where=where,
            found=_shown(text),
            expected=TYPE.pattern,
        )
    return check_code(text, where)


def check_attributes(attributes: Mapping[str, Value], where: str) -> None:
    """Raises `BadInput` unless all of it is integers, booleans, codes, and lists and objects of these."""
    if not isinstance(attributes, Mapping):
        raise BadInput("属性应为对象", "attributes are an object", where=where, found=type(attributes).__name__)
    for name, value in attributes.items():
        if type(value) is str and type(name) is str and (not value or _harmless(value)) and _harmless(name):
            continue
        _check(value, f"{where}.{check_code(name, where)}", name, DEPTH)


def _check(value: object, where: str, name: str, depth: int) -> None:
    if isinstance(value, bool) or value == "":
        return
    if isinstance(value, int):
        _check_integer(value, where, name)
    elif isinstance(value, str):
        check_code(value, where)
    elif isinstance(value, Mapping) and depth:
        for key, entry in value.items():
            _check(entry, f"{where}.{check_code(key, where)}", str(key), depth - 1)
    elif isinstance(value, list | tuple) and depth:
        for index, entry in enumerate(value):
            _check(entry, f"{where}[{index}]", name, depth - 1)
    else:
        raise BadInput(
            "存证记录的属性只能是整数、布尔、代码，或由它们组成的列表和对象",
            "an attribute is an integer, a boolean, a code, or a list or object of these",
            where=where,
            found=type(value).__name__ if depth else "nested too deep",
            expected="int | bool | code | list | object",
        )


def _check_integer(value: int, where: str, name: str) -> None:
    if not -SAFE <= value <= SAFE:
        raise BadInput("整数过大", "the integer is too large", where=where, expected="±(2^53-1)")
    if 13_000_000_000 <= value <= 19_999_999_999 and not name.endswith(_UNITS):
        raise BadInput(
            "这里像是手机号码；若是数量，请在名称中写明单位",
            "this looks like a mobile number; if it is an amount, let its name end in the unit",
            where=where,
            expected=" ".join(_UNITS),
        )


def _shown(found: object) -> str:
    """Enough to find the fault, without repeating what must not be kept into a log file."""
    return f"{type(found).__name__}({len(found)})" if isinstance(found, str) else type(found).__name__
