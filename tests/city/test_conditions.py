# SPDX-License-Identifier: Apache-2.0
"""Conditions: compiled against declared names, faults at their column, values of the declared type only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.city.conditions import BadCondition, check_syntax, compile_condition, evaluate, nearest, pattern
from zhengtong.errors import BadInput, ZhengtongError

NAMES = {
    "age": "int",
    "name": "string",
    "born": "timestamp",
    "tags": "list",
    "married": "bool",
    "share": "double",
}


def bad(expression: str) -> BadCondition:
    with pytest.raises(BadCondition) as error:
        compile_condition(expression, NAMES)
    return error.value


@given(age=st.integers(-(2**62), 2**62), limit=st.integers(-(2**62), 2**62))
def test_a_condition_says_what_the_same_comparison_says(age: int, limit: int) -> None:
    assert evaluate(f"age < {limit}", NAMES, {"age": age}) == (age < limit)


@given(name=st.text(max_size=20), start=st.text(alphabet="张王李ab", max_size=2))
def test_texts_are_compared_as_they_are(name: str, start: str) -> None:
    if any(0xD800 <= ord(c) < 0xE000 for c in name):
        return
    assert evaluate(f'name.startsWith("{start}")', NAMES, {"name": name}) == name.startswith(start)


@given(born=st.dates(date(1900, 1, 1), date(2090, 1, 1)))
def test_dates_are_midnight_utc_however_they_come(born: date) -> None:
    condition = 'born < timestamp("2026-01-01T00:00:00Z")'
    instant = datetime(born.year, born.month, born.day, tzinfo=UTC)
    for value in (born, born.isoformat(), instant):
        assert evaluate(condition, NAMES, {"born": value}) == (born < date(2026, 1, 1))


@given(padding=st.integers(0, 40), prefix=st.sampled_from(["", 'name == "中文" && ', "married || "]))
def test_the_column_of_an_unknown_name_is_counted_in_characters(padding: int, prefix: str) -> None:
    text = prefix + " " * padding + "agee > 1"
    error = bad(text)
    assert error.column == text.index("agee") + 1
    assert (error.found, error.expected) == ("agee", "age")
    assert f"第 {error.column} 列" in error.zh


@pytest.mark.parametrize(
    ("expression", "line", "column", "words"),
    [
        ("age >", 1, 6, "syntax error"),
        ("", 1, 1, "syntax error"),
        ("age > 1 &&\n  (married", 2, 11, "syntax error"),
        ('age > "1"', 1, 5, "types do not fit"),
        ("share > 1", 1, 7, "types do not fit"),
        ("name.shout()", 1, 11, "there is no shout"),
        ("年龄 > 1", 1, 1, "syntax error"),
        ("age + 1", 1, 1, "true or false"),
        ("dyn(age)", 1, 1, "true or false"),
        ("(" * 100 + "married" + ")" * 100, 1, 1, "not valid"),
        ("married\ud800", 1, 8, "invalid character"),
        ("age > 99999999999999999999", 1, 7, "types do not fit"),
    ],
)
def test_a_fault_has_its_place(expression: str, line: int, column: int, words: str) -> None:
    error = bad(expression)
    assert (error.line, error.column) == (line, column)
    assert words in error.en
    assert error.zh != error.en


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("age", "3"),
        ("age", True),
        ("age", 1.0),
        ("age", None),
        ("age", 2**70),
        ("name", 3),
        ("married", 1),
        ("married", "true"),
        ("born", "2026-02-30"),
        ("born", "20260101"),
        ("born", datetime(2026, 1, 1)),  # noqa: DTZ001
        ("born", 5),
        ("tags", "ab"),
    ],
)
def test_a_value_of_another_type_is_refused_not_converted(name: str, value: object) -> None:
    uses = {"age": "age > 0", "name": 'name == "a"', "married": "married", "tags": '"a" in tags'}
    condition = uses.get(name, 'born < timestamp("2026-01-01T00:00:00Z")')
    with pytest.raises(BadInput) as error:
        evaluate(condition, NAMES, {name: value})
    assert error.value.zh != error.value.en


def test_an_absent_value_is_an_error_only_where_it_is_needed() -> None:
    assert evaluate("married || age > 1", NAMES, {"married": True}) is True
    with pytest.raises(BadInput) as error:
        evaluate("married || age > 1", NAMES, {"married": False})
    assert "age" in error.value.en
    assert "没有填" in error.value.zh


def test_an_evaluation_that_fails_says_so_and_does_not_answer() -> None:
    with pytest.raises(BadInput) as error:
        evaluate("10 / age > 1", NAMES, {"age": 0})
    assert "divide by zero" in str(error.value.found)


def test_lists_and_whole_numbers_as_shares_are_taken() -> None:
    assert evaluate('"a" in tags && tags.all(t, size(t) == 1)', NAMES, {"tags": ("a", "b")})
    assert evaluate("share >= 1.0", NAMES, {"share": 1})


def test_the_same_condition_is_compiled_once() -> None:
    assert compile_condition("age > 1", NAMES) is compile_condition("age > 1", dict(reversed(NAMES.items())))
    assert compile_condition("age > 1", NAMES) is not compile_condition("age > 1", {"age": "int"})


def test_threads_share_a_program() -> None:
    program = compile_condition('age > 5 && name.startsWith("a")', NAMES)

    def ask(age: int) -> bool:
        return all(program({"age": age, "name": "ab"}) == (age > 5) for _ in range(2000))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(16)))


@settings(deadline=None)
@given(expression=st.text(max_size=60) | st.text(alphabet="age()&|!<>=+-*/.\"'1[] \n", max_size=60))
def test_any_text_is_a_condition_or_refused_by_name(expression: str) -> None:
    for ask in (lambda: evaluate(expression, NAMES, {"age": 1}), lambda: check_syntax(expression)):
        try:
            ask()
        except ZhengtongError as error:
            error.say("zh")
            assert error.en


def test_syntax_alone_can_be_checked_without_knowing_names() -> None:
    check_syntax("whatever > 1 && other.thing(3)")
    with pytest.raises(BadCondition):
        check_syntax("whatever >")


@pytest.mark.parametrize("expression", ["(a", "a)|(b", r"(?=x)", r"\1", "a{9999}", "[z-a]", "*"])
def test_a_pattern_that_is_none_is_refused_when_it_is_made(expression: str) -> None:
    with pytest.raises(BadCondition):
        pattern(expression)


@given(text=st.text(alphabet="abc1", max_size=8))
def test_a_pattern_is_about_the_whole_text(text: str) -> None:
    assert pattern("a+|b1?")(text) == (text in ("b", "b1") or (text != "" and set(text) == {"a"}))


def test_the_nearest_name_is_offered_only_if_it_is_near() -> None:
    assert nearest("polise", ["police", "health"]) == "police"
    assert nearest("xyz", ["police", "health"]) is None
