# SPDX-License-Identifier: Apache-2.0
"""YAML as data with lines: the plain core schema, marks for every part, no recursion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.city.source import MAX_DEPTH, dotted, parse, read, walk

words = st.text(alphabet="abcdefghij中文 -_.:#", min_size=1, max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)
documents = st.dictionaries(words, values, min_size=1, max_size=5)


@settings(deadline=None)
@given(data=documents, flow=st.booleans())
def test_what_a_yaml_writer_writes_is_read_back(data: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    document = parse(text.encode(), "f")
    assert document.faults == []
    assert document.data == data


@settings(deadline=None)
@given(data=documents)
def test_json_is_yaml(data: dict[str, Any]) -> None:
    assert parse(json.dumps(data).encode(), "f").data == data


@settings(deadline=None)
@given(data=documents)
def test_every_part_has_a_line_at_or_below_its_parents(data: dict[str, Any]) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=False, sort_keys=False)
    document = parse(text.encode(), "f")
    lines = text.split("\n")
    for path, value in walk(document.data):
        line = document.marks[path].line
        assert 1 <= line <= len(lines)
        if path:
            assert line >= document.marks[path[:-1]].line
        if isinstance(value, int) and not isinstance(value, bool):
            assert str(value) in lines[line - 1]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("", None),
        ("08", "08"),
        ("0", 0),
        ("-3", -3),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("9:00", "9:00"),
        ("2026-01-01", "2026-01-01"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".", "."),
        ("'5'", "5"),
        ("999900000000000000000", "999900000000000000000"),
    ],
)
def test_plain_words_mean_what_the_core_schema_says(written: str, value: object) -> None:
    found = parse(f"a: {written}\n".encode(), "f").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_parts_stand_where_a_reader_looks_for_them() -> None:
    text = "a: 1\nb:\n  - x: 1\n    y: |\n      one\n      two\n  - [p,\n     q]\n"
    document = parse(text.encode(), "f")
    assert document.line(("a",)) == 1
    assert document.line(("b",)) == 2  # a collection stands at its key
    assert document.line(("b", 0, "y")) == 4
    assert document.marks["b", 0, "y"].text_line == 5
    assert document.line(("b", 1, 1)) == 8
    assert document.line(("b", 0, "absent")) == 3
    assert document.line(("absent",)) == 1
    assert document.key_line(("b", 0, "x")) == 3


def test_the_first_of_two_equal_keys_counts_and_the_second_is_told() -> None:
    document = parse(b"a: 1\nb: {c: 1, c: {d: 2}}\na: [5]\n", "f")
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert [(fault.line, fault.field) for fault in document.faults] == [(2, "b.c"), (3, "a")]
    assert document.readable


def test_a_byte_order_mark_and_windows_line_ends_are_harmless() -> None:
    document = parse(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", "f")
    assert (document.data, document.line(("b",))) == ({"a": 1, "b": "x"}, 2)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"a: 1\n---\nb: 2\n", "one document only"),
        (b"<<: {a: 1}\n", "merge keys"),
        (b"? [1]\n: 2\n", "key must be text"),
        (b"a: *nothing\n", "no such anchor"),
        (b'a: "\\ud800"\n', "syntax error"),
        (b"%YAML 9.9\n---\na: 1\n", "syntax error"),
        (b"a: \xe2\x80\xa8b\n", "control character"),
    ],
)
def test_what_yaml_allows_and_a_city_file_does_not_is_named(raw: bytes, words: str) -> None:
    document = parse(raw, "f")
    assert words in document.faults[0].en
    assert not document.readable


@given(depth=st.integers(1, MAX_DEPTH + 20))
def test_depth_has_a_limit_and_up_to_it_all_is_read(depth: int) -> None:
    document = parse(b"[" * depth + b"]" * depth, "f")
    assert bool(document.faults) == (depth > MAX_DEPTH)


def test_a_file_that_cannot_be_opened_is_a_fault(tmp_path: Path) -> None:
    document = read(tmp_path / "gone.yaml", "gone.yaml")
    assert not document.readable
    assert document.faults[0].file == "gone.yaml"


def test_paths_are_written_as_people_read_them() -> None:
    assert dotted(("fields", 2, "element")) == "fields[2].element"
    assert dotted((0, "key")) == "[0].key"
    assert dotted(()) == ""
