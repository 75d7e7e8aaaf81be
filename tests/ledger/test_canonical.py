# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: against an implementation written from the RFC's text, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.errors import BadInput
from zhengtong.ledger.rules.canonical import SAFE, canonical, leaf_bytes, strict_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
SHORT = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}


def independent(value: object) -> str:
    """RFC 8785 §3.2, letter by letter, sharing nothing with the code under test."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            letters = (
                SHORT.get(ord(letter), letter if ord(letter) >= 0x20 else f"\\u{ord(letter):04x}") for letter in value
            )
            return f'"{"".join(letters)}"'
        case list():
            return f"[{','.join(map(independent, value))}]"
        case dict():
            units = sorted(value, key=lambda key: memoryview(key.encode("utf-16-le")).cast("H").tolist())
            return f"{{{','.join(f'{independent(key)}:{independent(value[key])}' for key in units)}}}"
    raise AssertionError(type(value))


@settings(deadline=None, max_examples=500)
@given(VALUES)
def test_it_agrees_with_an_independent_implementation(value: object) -> None:
    assert canonical(value).decode() == independent(value)  # type: ignore[arg-type]
    assert json.loads(canonical(value)) == value  # type: ignore[arg-type]


def test_keys_are_ordered_by_utf_16_code_units_not_by_code_points() -> None:
    """RFC 8785 §3.2.3: U+1F600 is D83D DE00 in UTF-16 and so comes before U+FB33."""
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical(keys)).values()) == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), SAFE + 1, -SAFE - 1, {1: "a"}, {"a": {None: 1}}, b"x", {"a": {1, 2}}, [object()], "\ud800"],
)
def test_what_could_be_read_in_two_ways_is_refused(value: object) -> None:
    with pytest.raises(BadInput):
        canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', '{"a":1.0}', "[NaN]", "[1e3]", "{", "[" * 100_000])
def test_stored_text_that_two_readers_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        strict_json(text)


EVENT = {
    "id": "01997a00000070008000000000000001",
    "act": "01997a00000070008000000000000000",
    "type": "case_submitted",
    "time_us": 1,
    "recorded_us": 2,
    "actor": "p-1",
    "department": "",
    "attributes": {"b": 1, "a": True},
    "objects": [("step", "M26-1/birth", ""), ("case", "M26-1", "state")],
}


def test_a_leaf_is_a_version_byte_and_canonical_json_with_its_objects_sorted() -> None:
    leaf = leaf_bytes(**EVENT)  # type: ignore[arg-type]
    assert leaf[:1] == b"\x01"
    content = json.loads(leaf[1:])
    assert leaf[1:] == canonical(content)
    assert content["objects"] == [["case", "M26-1", "state"], ["step", "M26-1/birth", ""]]
    assert content | {"objects": 0} == EVENT | {"objects": 0}
    assert leaf == leaf_bytes(**{**EVENT, "objects": EVENT["objects"][::-1]})  # type: ignore[arg-type, index]


@pytest.mark.parametrize("name", [name for name in EVENT if name not in {"attributes", "objects"}])
def test_every_field_of_an_event_is_in_its_leaf(name: str) -> None:
    value = EVENT[name]
    changed = {**EVENT, name: value + 1 if isinstance(value, int) else f"{value}x"}
    assert leaf_bytes(**changed) != leaf_bytes(**EVENT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change", [{"time_us": 1.0}, {"recorded_us": True}, {"actor": 5}, {"objects": [("case", 7, "")]}]
)
def test_a_field_of_another_type_makes_no_leaf(change: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        leaf_bytes(**(EVENT | change))  # type: ignore[arg-type]
