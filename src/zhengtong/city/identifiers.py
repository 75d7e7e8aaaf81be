# SPDX-License-Identifier: Apache-2.0
"""Chinese identifiers with check characters: resident numbers, unified social credit codes, mobile numbers.

Pure. Each `read_…` takes what a person typed and gives the canonical form, or raises BadInput saying what
is wrong with it. No message repeats a whole identifier.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from zhengtong.errors import BadInput

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
"""GB 11643-1999, ISO 7064 MOD 11-2: weights of the first 17 digits, check character by remainder."""

_PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"
PROVINCES = frozenset(_PROVINCES.split())
"""First two digits of division codes (GB/T 2260), with those of the residence permits of 港澳台 residents."""

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z; a character's value is its position."""

OLDEST_BIRTH = date(1880, 1, 1)


def narrow(text: str) -> str:
    """Full-width letters and digits as typed with a Chinese input method made plain; spaces and hyphens
    dropped.
    """
    return re.sub(r"[\s\-‐-―·]", "", unicodedata.normalize("NFKC", text)).upper()


def id_check_character(first_17: str) -> str:
    """The 18th character for 17 digits."""
    return ID_CHECKS[sum(int(d) * w for d, w in zip(first_17, ID_WEIGHTS, strict=True)) % 11]


def uscc_check_character(first_17: str) -> str:
    """The 18th character of a unified social credit code; weights are 3^i mod 31."""
    total = sum(USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(first_17))
    return USCC_ALPHABET[-total % 31]


def read_id_card(text: str, *, today: date, divisions: Iterable[str] = ()) -> str:
    """公民身份号码, 18 characters. `divisions` are further division codes taken as real: a demo city's own.

    Numbers of foreigners' permanent residence cards (from 2023: 9, then a province) share length and check
    character.
    """
    number = narrow(text)
    if len(number) == 15 and number.isascii() and number.isdigit():
        raise BadInput(
            "15 位的旧身份证号已经停用，请填 18 位号码",
            "the old 15-digit number is no longer valid; enter the one with 18 characters",
            found=_length(number),
            expected="18",
        )
    if len(number) != 18:
        raise BadInput("身份证号应有 18 位", "an ID number has 18 characters", found=_length(number), expected="18")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise BadInput(
            "身份证号前 17 位应是数字，末位是数字或 X",
            "an ID number has 17 digits, then a digit or X",
            found=_first_wrong(number, "0123456789X"),
        )
    prefix = number[1:3] if number[0] == "9" else number[:2]
    if prefix not in PROVINCES and number[:6] not in set(divisions):
        raise BadInput(
            "身份证号开头不是有效的行政区划",
            "the ID number does not begin with a known division",
            found=number[:2],
        )
    if id_check_character(number[:17]) != number[17]:
        # the right character is not told: it would help to make up a number
        raise BadInput(
            "身份证号校验不对，请逐位核对",
            "the check character of the ID number does not fit; compare it digit by digit",
            found=number[17],
        )
    _birth_date(number, today)
    return number


def _birth_date(number: str, today: date) -> None:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadInput(
            "身份证号中的出生日期不存在",
            "the birth date in the ID number does not exist",
            found=f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
        ) from None
    if born > today:
        raise BadInput(
            "身份证号中的出生日期在今天之后",
            "the birth date in the ID number lies in the future",
            found=born.isoformat(),
            expected=f"≤ {today}",
        )
    if born < OLDEST_BIRTH:
        raise BadInput(
            "身份证号中的出生日期太早",
            "the birth date in the ID number is too early",
            found=born.isoformat(),
            expected=f"≥ {OLDEST_BIRTH}",
        )


def read_uscc(text: str) -> str:
    """统一社会信用代码 (GB 32100-2015), 18 characters."""
    code = narrow(text)
    if len(code) != 18:
        raise BadInput(
            "统一社会信用代码应有 18 位",
            "a unified social credit code has 18 characters",
            found=_length(code),
            expected="18",
        )
    if not re.fullmatch(rf"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}", code):
        raise BadInput(
            "统一社会信用代码只用数字和大写字母（不含 I、O、S、V、Z），第 3–8 位是数字",
            "a unified social credit code has digits and capitals without I, O, S, V, Z; places 3 to 8 are digits",
            found=_first_wrong(code, USCC_ALPHABET),
        )
    if uscc_check_character(code[:17]) != code[17]:
        raise BadInput(
            "统一社会信用代码校验不对，请逐位核对",
            "the check character of the credit code does not fit; compare it character by character",
            found=code[17],
        )
    return code


def read_mobile(text: str) -> str:
    """A mainland mobile number: 11 digits from 13 to 19; +86 and separators are dropped."""
    number = re.sub(r"^(\+?86|0086)(?=1\d{10}$)", "", narrow(text))
    digits = sum(c.isdigit() for c in number)
    if not re.fullmatch(r"[0-9]+", number):
        raise BadInput("手机号只填数字", "a mobile number has digits only", found=_first_wrong(number, "0123456789"))
    if digits != 11:
        raise BadInput(
            f"手机号应有 11 位数字，现在是 {digits} 位",
            f"a mobile number has 11 digits, this one has {digits}",
            found=f"{digits}",
            expected="11",
        )
    if not re.match(r"1[3-9]", number):
        raise BadInput(
            "手机号应以 13 至 19 开头",
            "a mobile number begins with 13 to 19",
            found=number[:2],
            expected="13–19",
        )
    return number


def read_postal_code(text: str) -> str:
    number = narrow(text)
    if not re.fullmatch(r"[0-9]{6}", number):
        raise BadInput(
            "邮政编码应有 6 位数字",
            "a postal code has 6 digits",
            found=_length(number),
            expected="6",
        )
    return number


def _length(text: str) -> str:
    return f"{len(text)}"


def _first_wrong(text: str, alphabet: str) -> str | None:
    """The first character that does not belong, with its place counted from 1."""
    for place, character in enumerate(text, 1):
        if character not in alphabet:
            return f"“{character}” @ {place}"
    return None
