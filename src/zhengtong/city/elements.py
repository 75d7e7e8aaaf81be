# SPDX-License-Identifier: Apache-2.0
"""What a person typed into a field, read as its data element says: a canonical value, or why it is not one.

Pure: `today` is passed in. Values are `str`, `int` or `bool`; dates are ISO text, so that a form's values
are JSON.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches

from zhengtong.city.conditions import pattern
from zhengtong.city.definition import Element
from zhengtong.city.identifiers import read_id_card, read_mobile, read_postal_code, read_uscc
from zhengtong.city.text import Text
from zhengtong.errors import BadInput

Value = str | int | bool
DEFAULT_LENGTH = 200

YES = frozenset(("true", "yes", "y", "on", "1", "是", "有", "对"))
NO = frozenset(("false", "no", "n", "off", "0", "否", "无", "没有", "不"))
_DATE = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})[日号]|(\d{2})(\d{2}))")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
# control, surrogate, unassigned, private use; and what turns the direction of text around or hides in it
_HIDDEN = frozenset("\u200b\u200e\u200f\u2028\u2029\u2060\ufeff") | frozenset(
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
_BAD_CATEGORIES = frozenset(("Cc", "Cs", "Cn", "Co"))


def read_value(
    element: Element,
    raw: str,
    *,
    today: date,
    codes: Mapping[str, Text] | None = None,
    divisions: Iterable[str] = (),
) -> Value:
    """The canonical value of `raw`. Raises BadInput in both languages with what was found and expected.

    `codes` is the element's code list (code → name), needed for type `code`; `divisions` are division codes
    to be taken as real in ID numbers (a demo city's own). An empty text is an error here: whether a field
    may stay empty is the form's matter.
    """
    text = clean(raw)
    if not text:
        raise BadInput("请填写这一项", "this has to be filled in")
    limit = element.max_length or DEFAULT_LENGTH
    if len(text) > limit:
        raise BadInput(f"最多 {limit} 个字", f"at most {limit} characters", found=len(text), expected=f"≤ {limit}")
    match element.type:
        case "integer":
            return _integer(element, text)
        case "boolean":
            return _boolean(text)
        case "date":
            return read_date(element, text, today).isoformat()
        case "code":
            return _code(text, codes or {})
        case "id_card":
            return read_id_card(text, today=today, divisions=divisions)
        case "mobile":
            return read_mobile(text)
        case "uscc":
            return read_uscc(text)
        case "postal_code":
            return read_postal_code(text)
        case "text" | "address":
            return _matching(element, text)


def clean(raw: str) -> str:
    """NFC, trimmed, inner runs of blanks made one. Raises BadInput for characters nobody can see or type."""
    for place, character in enumerate(raw, 1):
        if character in _HIDDEN or (unicodedata.category(character) in _BAD_CATEGORIES and character not in "\t\r\n"):
            raise BadInput(
                "含有看不见的控制字符，请重新输入",
                "there is an invisible control character; type the text again",
                found=f"U+{ord(character):04X} @ {place}",
            )
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", raw)).strip()


def read_date(element: Element, text: str, today: date) -> date:
    """ISO `2026-11-09`, `2026/11/9`, `2026.11.9`, `20261109` or `2026年11月9日`; real calendar dates only."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    match = _DATE.fullmatch(plain)
    if not match:
        raise BadInput(
            "日期请写成 2026-11-09 或 2026年11月9日",
            "write the date as 2026-11-09",
            found=text[:40],
            expected="YYYY-MM-DD",
        )
    year, month, day = (int(part) for part in match.groups() if part is not None and part not in "-/.")
    try:
        value = date(year, month, day)
    except ValueError:
        raise BadInput("日历上没有这一天", "there is no such day in the calendar", found=text[:40]) from None
    if element.not_future and value > today:
        raise BadInput(
            "日期不能在今天之后",
            "the date must not lie in the future",
            found=value.isoformat(),
            expected=f"≤ {today}",
        )
    if element.earliest is not None and value < element.earliest:
        raise BadInput(
            f"日期不能早于 {element.earliest}",
            f"the date must not be before {element.earliest}",
            found=value.isoformat(),
            expected=f"≥ {element.earliest}",
        )
    return value


def _integer(element: Element, text: str) -> int:
    plain = re.sub(r"[\s,，]", "", unicodedata.normalize("NFKC", text))
    if not _INTEGER.fullmatch(plain):
        raise BadInput("请填整数", "enter a whole number", found=text[:40])
    value = int(plain)
    low, high = element.minimum, element.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        span = f"{'' if low is None else low} – {'' if high is None else high}"
        raise BadInput("数字超出范围", "the number is out of range", found=value, expected=span.strip())
    return value


def _boolean(text: str) -> bool:
    word = unicodedata.normalize("NFKC", text).lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise BadInput("请选“是”或“否”", "choose yes or no", found=text[:40], expected="是 / 否")


def _code(text: str, codes: Mapping[str, Text]) -> str:
    """A code itself, or its name in either language as a person says it at the counter."""
    if text in codes:
        return text
    for code, name in codes.items():
        if text in (name.zh, name.en):
            return code
    near = get_close_matches(text, [*codes, *(name.zh for name in codes.values())], n=1)
    expected: str | None
    if len(codes) <= 8:
        expected = "、".join(f"{code} {name.zh}" for code, name in codes.items())
    else:
        expected = near[0] if near else None
    raise BadInput("选项不在代码表中", "this is not one of the choices", found=text[:40], expected=expected)


def _matching(element: Element, text: str) -> str:
    if element.pattern is not None and not pattern(element.pattern)(text):
        raise BadInput(
            "格式不对",
            "the form of this is not right",
            found=text[:40],
            expected=element.example or element.pattern,
        )
    return text
