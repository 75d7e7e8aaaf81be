# SPDX-License-Identifier: Apache-2.0
"""What people type, read as data elements say."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from zhengtong.city.definition import Element
from zhengtong.city.elements import NO, YES, clean, read_value
from zhengtong.city.identifiers import (
    ID_WEIGHTS,
    OLDEST_BIRTH,
    PROVINCES,
    USCC_ALPHABET,
    id_check_character,
    narrow,
    read_id_card,
    read_mobile,
    read_uscc,
    uscc_check_character,
)
from zhengtong.city.text import Text
from zhengtong.errors import BadInput

TODAY = date(2026, 11, 23)
SEX = {"1": Text(zh="男", en="Male"), "2": Text(zh="女", en="Female")}


def element(type_: str, **more: Any) -> Element:
    values = {"key": "x", "name": {"zh": "项", "en": "Item"}, "grade": 1, "personal": False}
    return Element.model_validate({**values, "type": type_, **more}, strict=False)


def refused(of: Element, raw: str, **more: Any) -> BadInput:
    with pytest.raises(BadInput) as error:
        read_value(of, raw, today=TODAY, **more)
    assert error.value.zh
    assert error.value.en
    assert error.value.zh != error.value.en
    return error.value


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    division = draw(st.sampled_from(sorted(PROVINCES))) + f"{draw(st.integers(0, 9999)):04d}"
    born = draw(st.dates(OLDEST_BIRTH, TODAY))
    first = f"{division}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return first + id_check_character(first)


@st.composite
def credit_codes(draw: st.DrawFn) -> str:
    letters = st.sampled_from(USCC_ALPHABET)
    first = draw(letters) + draw(letters) + f"{draw(st.integers(0, 999999)):06d}"
    first += "".join(draw(letters) for _ in range(9))
    return first + uscc_check_character(first)


def test_published_examples_of_the_standards_have_their_check_characters() -> None:
    # GB 11643-1999, annex A; GB 32100-2015 as printed on a well-known licence
    assert id_check_character("11010519491231002") == "X"
    assert id_check_character("44052418800101001") == "4"
    assert uscc_check_character("91350100M000100Y4") == "3"
    assert tuple(2 ** (17 - i) % 11 for i in range(17)) == ID_WEIGHTS


@given(number=id_numbers())
def test_every_well_formed_id_number_is_taken(number: str) -> None:
    assert read_id_card(number, today=TODAY) == number
    assert read_id_card(f" {number[:6]} {number[6:14]}-{number[14:].lower()} ", today=TODAY) == number


@given(number=id_numbers(), place=st.integers(0, 17), other=st.sampled_from("0123456789X"))
def test_any_single_changed_digit_of_an_id_number_is_found(number: str, place: int, other: str) -> None:
    assume(other != number[place])
    with pytest.raises(BadInput):
        read_id_card(number[:place] + other + number[place + 1 :], today=TODAY)


@given(number=id_numbers(), place=st.integers(0, 15))
def test_two_neighbouring_digits_exchanged_are_found(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    changed = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(BadInput):
        read_id_card(changed, today=TODAY)


@given(number=id_numbers())
def test_full_width_characters_of_an_input_method_are_understood(number: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    assert read_id_card(wide, today=TODAY) == number


@given(number=id_numbers())
def test_no_message_repeats_an_id_number(number: str) -> None:
    for wrong in (number[:-1] + ("1" if number[-1] != "1" else "2"), number + "0", number[:15]):
        with pytest.raises(BadInput) as error:
            read_id_card(wrong, today=TODAY)
        assert wrong not in error.value.say("zh") + error.value.say("en")


def with_check(first_17: str) -> str:
    return first_17 + id_check_character(first_17)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("110105491231002", "15-digit number"),
        ("1101051949123100", "18 characters"),
        ("1101051949123100299", "18 characters"),
        ("11010519491231002A", "17 digits"),
        (with_check("00010519491231002"), "known division"),
        (with_check("11010520230229001"), "does not exist"),
        (with_check("11010520231301001"), "does not exist"),
        (with_check("11010520261124001"), "in the future"),
        (with_check("11010518790101001"), "too early"),
        ("110105194912310021", "check character"),
    ],
)
def test_an_id_number_is_refused_with_the_reason(number: str, words: str) -> None:
    assert words in refused(element("id_card"), number).en


def test_the_length_found_is_told() -> None:
    error = refused(element("id_card"), "1101051949123100")
    assert (error.found, error.expected) == ("16", "18")


def test_a_demo_citys_own_division_is_taken_only_where_it_is_named() -> None:
    number = with_check("99990019900101123")
    assert read_id_card(number, today=TODAY, divisions=("999900",)) == number
    with pytest.raises(BadInput):
        read_id_card(number, today=TODAY)


def test_a_foreigners_residence_number_is_taken() -> None:
    number = with_check("91115619800101003")
    assert read_id_card(number, today=TODAY) == number


@given(code=credit_codes())
def test_every_well_formed_credit_code_is_taken(code: str) -> None:
    assert read_uscc(code.lower()) == code


@given(code=credit_codes(), place=st.integers(0, 17), other=st.sampled_from(USCC_ALPHABET))
def test_any_single_changed_character_of_a_credit_code_is_found(code: str, place: int, other: str) -> None:
    assume(other != code[place])
    with pytest.raises(BadInput):
        read_uscc(code[:place] + other + code[place + 1 :])


@pytest.mark.parametrize(
    ("code", "words"),
    [("9135010", "18 characters"), ("91350100M000100Y4O", "without I, O"), ("91350100M000100Y44", "check")],
)
def test_a_credit_code_is_refused_with_the_reason(code: str, words: str) -> None:
    assert words in refused(element("uscc"), code).en


@given(number=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_every_mobile_number_is_taken_however_it_is_grouped(number: str) -> None:
    assert read_mobile(number) == number
    assert read_mobile(f"+86 {number[:3]}-{number[3:7]}-{number[7:]}") == number
    assert read_mobile(f"0086{number}") == number


@given(digits=st.from_regex(r"1[3-9][0-9]{0,20}", fullmatch=True))
def test_a_mobile_number_of_another_length_is_told_how_many_digits_were_found(digits: str) -> None:
    assume(len(digits) != 11)
    error = refused(element("mobile"), digits)
    assert error.found == str(len(digits))
    assert f"{len(digits)} 位" in error.zh


@pytest.mark.parametrize(("raw", "words"), [("12345678901", "13 to 19"), ("1380013800a", "digits only")])
def test_what_is_no_mobile_number_is_refused(raw: str, words: str) -> None:
    assert words in refused(element("mobile"), raw).en


@given(day=st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_a_date_is_read_in_every_usual_form(day: date) -> None:
    forms = (
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month:02d}.{day.day:02d}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f" {day.year} 年 {day.month:02d} 月 {day.day} 号 ",
    )
    for form in forms:
        assert read_value(element("date"), form, today=TODAY) == day.isoformat()


@pytest.mark.parametrize(
    "raw",
    ["2026-02-30", "2026年13月1日", "2026-1/2", "09/11/2026", "2026", "明天", "2026-11-09T10:00", "0000-01-01"],
)
def test_what_is_no_date_is_refused(raw: str) -> None:
    refused(element("date"), raw)


def test_a_date_may_be_bound_to_the_past_and_to_an_earliest_day() -> None:
    bound = element("date", not_future=True, earliest=date(2000, 1, 1))
    assert read_value(bound, TODAY.isoformat(), today=TODAY) == TODAY.isoformat()
    assert "future" in refused(bound, (TODAY + timedelta(days=1)).isoformat()).en
    assert read_value(bound, "2000-01-01", today=TODAY) == "2000-01-01"
    assert "before 2000-01-01" in refused(bound, "1999-12-31").en
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    assert read_value(element("date"), tomorrow, today=TODAY) == tomorrow


@given(number=st.integers(-(10**17), 10**17))
def test_a_whole_number_is_read_with_and_without_separators(number: int) -> None:
    assert read_value(element("integer"), str(number), today=TODAY) == number
    assert read_value(element("integer"), f"{number:,}", today=TODAY) == number


def test_a_whole_number_has_its_range() -> None:
    bound = element("integer", minimum=1, maximum=30)
    assert read_value(bound, "１２", today=TODAY) == 12
    for raw in ("0", "31", "-5"):
        assert refused(bound, raw).expected == "1 – 30"
    for raw in ("1.5", "一", "1e3", "0x10", "٣"):
        refused(bound, raw)


def test_yes_and_no_are_understood_and_nothing_else() -> None:
    for word in YES:
        assert read_value(element("boolean"), word, today=TODAY) is True
    for word in NO:
        assert read_value(element("boolean"), word.upper(), today=TODAY) is False
    refused(element("boolean"), "也许")


def test_a_code_is_taken_by_itself_or_by_its_name() -> None:
    code = element("code", code_list="sex")
    for raw in ("1", "男", "Male"):
        assert read_value(code, raw, today=TODAY, codes=SEX) == "1"
    error = refused(code, "3", codes=SEX)
    assert error.expected == "1 男、2 女"
    refused(code, "1")  # without its code list nothing is a code


@pytest.mark.parametrize(("raw", "ok"), [("100000", True), ("10000", False), ("1000000", False), ("10000a", False)])
def test_a_postal_code_has_six_digits(raw: str, ok: bool) -> None:
    if ok:
        assert read_value(element("postal_code"), raw, today=TODAY) == raw
    else:
        refused(element("postal_code"), raw)


def test_text_is_normalised_trimmed_and_bounded() -> None:
    text = element("text", max_length=5)
    assert read_value(text, "  e\u0301a \t b ", today=TODAY) == "éa b"
    assert read_value(text, "一二三四五", today=TODAY) == "一二三四五"
    error = refused(text, "一二三四五六")
    assert (error.found, error.expected) == (6, "≤ 5")
    assert refused(element("text"), "字" * 201).found == 201


@pytest.mark.parametrize("raw", ["", "   ", "\t\r\n", "\u3000"])
def test_nothing_is_no_value_of_any_type(raw: str) -> None:
    for type_ in ("text", "date", "integer", "boolean", "code", "id_card", "mobile", "uscc", "address"):
        assert "filled in" in refused(element(type_), raw).en


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x7f", "\u202e", "\u200b", "\ufeff", "\ud800", "\ue000", "\u2028"])
def test_characters_nobody_can_see_are_refused_with_their_place(bad: str) -> None:
    error = refused(element("text"), f"张{bad}三")
    assert error.found == f"U+{ord(bad):04X} @ 2"


def test_a_pattern_covers_the_whole_text() -> None:
    number = element("text", pattern="[A-Z][0-9]{3}|x", example="A123")
    assert read_value(number, "A123", today=TODAY) == "A123"
    assert read_value(number, "x", today=TODAY) == "x"
    for raw in ("A1234", "xx", "zA123", "a123"):
        assert refused(number, raw).expected == "A123"


def test_a_pattern_that_would_run_for_ever_in_a_backtracking_engine_ends() -> None:
    hostile = element("text", pattern="(a+)+$", max_length=4000)
    refused(hostile, "a" * 3999 + "b")


@settings(deadline=None)
@given(raw=st.text(max_size=60), type_=st.sampled_from(
    ("text", "date", "integer", "boolean", "code", "id_card", "mobile", "uscc", "postal_code", "address")
))  # fmt: skip
def test_whatever_is_typed_gives_a_stable_value_or_a_reason(raw: str, type_: str) -> None:
    of = element(type_, max_length=40)
    try:
        value = read_value(of, raw, today=TODAY, codes=SEX)
    except BadInput as error:
        error.say("zh")
        error.say("en")
        return
    # reading the canonical value again changes nothing
    again = "true" if value is True else "false" if value is False else str(value)
    assert read_value(of, again, today=TODAY, codes=SEX) == value


@given(text=st.text(max_size=60))
def test_cleaned_text_is_normal_and_stays_as_it_is(text: str) -> None:
    try:
        cleaned = clean(text)
    except BadInput:
        return
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert clean(cleaned) == cleaned


def test_narrowing_drops_separators_only() -> None:
    assert narrow("１３８ 0013－8000") == "13800138000"
    assert narrow("ａｂ·c") == "ABC"
