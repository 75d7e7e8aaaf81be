# SPDX-License-Identifier: Apache-2.0
"""The cells of decision tables, read: the simple unary tests of DMN (S-FEEL) over one declared domain.

-                      any value
snack, drinks          one of these
not(canteen)           none of these
< 50   >= 2026-01-01   a bound (numbers and dates)
[50..300)              from 50, and below 300; several tests stand side by side: `< 5, [10..20]`
"""

from __future__ import annotations

import re
from datetime import date
from difflib import get_close_matches
from typing import Final

from zhengtong.errors import BadInput
from zhengtong.services.rules.decisions import Cell, Choices, Domain, Members, Spans, Whole

ANY: Final = "-"
_NOT = re.compile(r"not\s*\((.*)\)", re.S)
_RANGE = re.compile(r"([\[(])\s*(.+?)\s*\.\.\s*(.+?)\s*([\])])")
_BOUND = re.compile(r"(<=|>=|<|>)\s*(.+)")
_LITERALS: Final = {True: "true", False: "false"}


def read_cell(raw: str | int | bool, domain: Domain) -> Cell:
    """The test that a cell of a file states. Raises BadInput for what is no test or can never be."""
    text = _LITERALS[raw] if isinstance(raw, bool) else str(raw).strip()
    if text == ANY:
        return None
    if not text:
        raise BadInput("格子是空的；任何值写作 -", "the cell is empty; write - for any value", expected=ANY)
    negated = _NOT.fullmatch(text)
    tests = [part.strip() for part in (negated[1] if negated else text).split(",")]
    if isinstance(domain, Whole):
        return Spans(tuple(_span(test, domain) for test in tests), negated is not None)
    return Members(frozenset(_member(test, domain) for test in tests), negated is not None)


def _member(test: str, domain: Domain) -> str | bool:
    if not test:
        raise BadInput("少写了一个值", "a value is missing between the commas")
    if not isinstance(domain, Choices):
        return test
    value = next((known for known in domain.values if _name(known) == test), None)
    if value is None:
        names = [_name(known) for known in domain.values]
        near = get_close_matches(test, names, n=1)
        raise BadInput(
            "没有这个选项", "there is no such choice", found=test, expected=near[0] if near else ", ".join(names[:12])
        )
    return value


def _name(value: str | bool) -> str:
    return _LITERALS[value] if isinstance(value, bool) else value


def _span(test: str, domain: Whole) -> tuple[int | None, int | None]:
    ranged = _RANGE.fullmatch(test)
    if ranged:
        opens, low, high, closes = ranged.groups()
        first = _number(low, domain) + (opens == "(")
        last = _number(high, domain) - (closes == ")")
        if first > last:
            raise BadInput("区间里没有值", "no value lies in this range", found=test)
        return first, last
    bound = _BOUND.fullmatch(test)
    if bound:
        sign, number = bound[1], _number(bound[2], domain)
        match sign:
            case "<":
                return None, number - 1
            case "<=":
                return None, number
            case ">":
                return number + 1, None
            case _:
                return number, None
    number = _number(test, domain)
    return number, number


def _number(text: str, domain: Whole) -> int:
    try:
        return date.fromisoformat(text).toordinal() if domain.dates else int(text, 10)
    except ValueError:
        raise BadInput(
            "这一格要写日期" if domain.dates else "这一格要写整数",
            "this cell takes dates" if domain.dates else "this cell takes whole numbers",
            found=text[:40], expected="2026-01-31 | [2026-01-01..2026-06-30]" if domain.dates else "5 | < 5 | [5..9)",
        ) from None  # fmt: skip
