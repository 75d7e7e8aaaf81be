# SPDX-License-Identifier: Apache-2.0
"""The implementation code (实施编码) of a public service: 31 characters.

Its parts, decoded from one real code and two dictionaries and consistent with DB52/T 1264 [I; GB/T 39554.1 not seen]:
unified social credit code (18) + level (1) + division or nation (2) + type (2) + main item (5) + sub item (3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from zhengtong.city.identifiers import uscc_check_character
from zhengtong.errors import BadInput

_SHAPE = re.compile(r"([0-9A-HJ-NP-RTUWXY]{18})(\d)(\d{2})(\d{2})(\d{5})(\d{3})")


@dataclass(frozen=True)
class ItemCode:
    credit_code: str
    level: str
    division: str
    type: str
    main: str
    sub: str


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
