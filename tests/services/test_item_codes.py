# SPDX-License-Identifier: Apache-2.0
"""Codes of items: every part decoded, every wrong character noticed, the kinds told apart by their length."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.acts.serving import city
from zhengtong.city.identifiers import USCC_ALPHABET, uscc_check_character
from zhengtong.errors import BadInput
from zhengtong.services.item_commands import decoded_words
from zhengtong.services.item_files import ItemCodesFile
from zhengtong.services.rules.itemcode import Decoded, check_item_code, decode_code

REAL = "12441500196720244T344219980" + "6003"
FOOD = "11999900MB0000059H3990100502001"


def read(text: str) -> Decoded:
    return decode_code(text, handling_digits=2, serial_digits=4)


def test_a_real_code_falls_into_its_parts() -> None:
    parts = check_item_code(REAL)
    assert parts.credit_code == "12441500196720244T"
    assert (parts.level, parts.division, parts.type, parts.main, parts.sub) == ("3", "44", "21", "99806", "003")
    assert (parts.basic, parts.whole) == ("442199806003", REAL)


def test_the_three_kinds_are_told_apart_by_their_length() -> None:
    assert read(REAL) == Decoded("item", check_item_code(REAL))
    assert read(REAL + "07") == Decoded("handling", check_item_code(REAL), "07")
    assert read(REAL + "202611230042") == Decoded("case", check_item_code(REAL), "0042", date(2026, 11, 23))
    spaced = f" {REAL[:18].lower()} {REAL[18:]} "
    assert read(spaced) == read(REAL)


WRONG = {
    "": "wrong length",
    REAL[:-1]: "wrong length",
    REAL + "7": "wrong length",
    REAL + "0A": "only digits",
    REAL + "٠١": "only digits",
    REAL + "202613230042": "does not exist",
    REAL + "202602290042": "does not exist",
    "I" + REAL[1:]: "31 characters",
    REAL[:17] + "U" + REAL[18:]: "check character",
}


@pytest.mark.parametrize("code", WRONG)
def test_a_wrong_code_is_refused_with_the_part_that_is_wrong(code: str) -> None:
    with pytest.raises(BadInput, match=WRONG[code]):
        read(code)


@given(
    st.text(st.sampled_from(USCC_ALPHABET), min_size=17, max_size=17),
    st.text(st.sampled_from("0123456789"), min_size=13, max_size=13),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_one_changed_character_of_the_credit_code_never_passes(first: str, rest: str, data: st.DataObject) -> None:
    code = first + uscc_check_character(first) + rest
    assert read(code).item.whole == code
    place = data.draw(st.integers(0, 17))
    other = data.draw(st.sampled_from([c for c in USCC_ALPHABET if c != code[place]]))
    with pytest.raises(BadInput, match="check character"):
        read(code[:place] + other + code[place + 1 :])


def test_a_code_is_put_into_the_citys_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "zh")
    (rules,) = city().all(ItemCodesFile)
    words = {value: meaning for _, value, meaning in decoded_words(read(FOOD), rules, city())}
    assert words["3"] == "市级"
    assert words["01"] == "行政许可"
    assert words["food-licence"] == "食品经营许可（新办）"
    unknown = read("11999900MB0000059H7990100502001")
    assert {v: m for _, v, m in decoded_words(unknown, rules, city())}["7"] == "字典里没有"
