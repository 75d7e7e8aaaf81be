# SPDX-License-Identifier: Apache-2.0
"""The codes of public services: implementation code (实施编码), handling item (业务办理项), case number (办件编号).

Their parts, decoded from one real code and two dictionaries and consistent with DB52/T 1264 [I; GB/T 39554.1 not seen]:

    implementation code, 31   unified social credit code (18) + level (1) + basic code (12)
    basic code, 12            division or nation (2) + type (2) + main item (5) + sub item (3)
    handling item             implementation code + serial, whose width the city's rules give
    case number               implementation code + yyyymmdd + serial
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from zhengtong.city.identifiers import uscc_check_character
from zhengtong.errors import BadInput

LENGTH: Final = 31
_SHAPE = re.compile(r"([0-9A-HJ-NP-RTUWXY]{18})(\d)(\d{2})(\d{2})(\d{5})(\d{3})")
_DATE: Final = 8


@dataclass(frozen=True)
class ItemCode:
    credit_code: str
    level: str
    division: str
    type: str
    main: str
    sub: str

    @property
    def basic(self) -> str:
        """基本编码: the same for everyone who does this item."""
        return self.division + self.type + self.main + self.sub

    @property
    def whole(self) -> str:
        return self.credit_code + self.level + self.basic


CodeKind = Literal["item", "handling", "case"]


@dataclass(frozen=True)
class Decoded:
    """A code of any kind: the item it belongs to and what follows it. `day` is a case number's."""

    kind: CodeKind
    item: ItemCode
    serial: str = ""
    day: date | None = None


def check_item_code(code: str) -> ItemCode:
    """Decode and check. Raises `BadInput` naming the part that is wrong."""
    match = _SHAPE.fullmatch(code)
    if match is None:
        raise BadInput(
            "实施编码应为 31 位", "an implementation code has 31 characters",
            found=f"{code} ({len(code)})", expected="18 + 1 + 2 + 2 + 5 + 3",
        )  # fmt: skip
    parts = ItemCode(*match.groups())
    expected = uscc_check_character(parts.credit_code[:17])
    if parts.credit_code[17] != expected:
        raise BadInput(
            "实施编码里的统一社会信用代码校验位不符（GB 32100）",
            "the check character of the credit code in the implementation code is wrong (GB 32100)",
            found=parts.credit_code, expected=parts.credit_code[:17] + expected,
        )  # fmt: skip
    return parts


def decode_code(text: str, *, handling_digits: int, serial_digits: int) -> Decoded:
    """A code of any of the three kinds, told apart by its length; blanks and small letters are forgiven.

    Raises `BadInput` for another length, and naming the part that is wrong.
    """
    code = re.sub(r"\s", "", text).upper()
    item, rest = code[:LENGTH], code[LENGTH:]
    lengths = {LENGTH: "item", LENGTH + handling_digits: "handling", LENGTH + _DATE + serial_digits: "case"}
    if len(code) not in lengths:
        raise BadInput(
            "编码的位数不对", "the code has the wrong length",
            found=f"{len(code)}", expected=" | ".join(f"{n} {kind}" for n, kind in lengths.items()),
        )  # fmt: skip
    parts = check_item_code(item)
    if not rest:
        return Decoded("item", parts)
    if not (rest.isascii() and rest.isdigit()):
        raise BadInput("实施编码之后应全是数字", "only digits follow the implementation code", found=rest)
    if lengths[len(code)] == "handling":
        return Decoded("handling", parts, rest)
    return Decoded("case", parts, rest[_DATE:], _day(rest[:_DATE]))


def _day(digits: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise BadInput(
            "办件编号里的日期不存在", "the date in the case number does not exist", found=digits, expected="yyyymmdd"
        ) from None
