# SPDX-License-Identifier: Apache-2.0
"""Decision tables: what the proof says is what trying every value says, and a life event acts on what a table says."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.errors import BadInput
from zhengtong.services.rules import decisions
from zhengtong.services.rules.cells import read_cell
from zhengtong.services.rules.decisions import (
    Choices,
    DecisionTable,
    Gap,
    Input,
    Members,
    Overlap,
    Row,
    Spans,
    Unreachable,
    Whole,
    Words,
    decide,
    flaws,
)

COLOURS = Choices(("red", "green", "blue"))
YES_NO = Choices((True, False))
SMALL = Whole(0, 6)
VALUES: dict[Any, list[Any]] = {COLOURS: ["red", "green", "blue"], YES_NO: [True, False], SMALL: list(range(7))}


def table(hit: str, inputs: dict[str, Any], *rows: list[Any]) -> DecisionTable:
    """Rows as a city file writes them: a cell an input, then the one output `out`."""
    columns = tuple(Input(name, domain) for name, domain in inputs.items())
    return DecisionTable(
        "table",
        hit,  # type: ignore[arg-type]
        columns,
        tuple(
            Row(tuple(read_cell(c, i.domain) for c, i in zip(row[:-1], columns, strict=True)), {"out": row[-1]})
            for row in rows
        ),
    )


# --- cells --------------------------------------------------------------------------------------------------------

CELLS: dict[str, tuple[Any, Any, list[Any]]] = {
    "any": ("-", COLOURS, ["red", "green", "blue"]),
    "one": ("red", COLOURS, ["red"]),
    "several": ("red, blue", COLOURS, ["red", "blue"]),
    "none of": ("not(red, blue)", COLOURS, ["green"]),
    "yes": (True, YES_NO, [True]),
    "no in words": ("false", YES_NO, [False]),
    "a number": (3, SMALL, [3]),
    "below": ("< 3", SMALL, [0, 1, 2]),
    "at most": ("<= 3", SMALL, [0, 1, 2, 3]),
    "above": ("> 4", SMALL, [5, 6]),
    "at least": (">= 5", SMALL, [5, 6]),
    "closed": ("[2..4]", SMALL, [2, 3, 4]),
    "open": ("(2..4)", SMALL, [3]),
    "half open": ("[2..4)", SMALL, [2, 3]),
    "two spans": ("< 1, [5..6]", SMALL, [0, 5, 6]),
    "outside": ("not([1..5])", SMALL, [0, 6]),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_holds_for_what_it_says(name: str) -> None:
    raw, domain, expected = CELLS[name]
    cell = read_cell(raw, domain)
    assert [v for v in VALUES[domain] if cell is None or cell.holds(v)] == expected


WRONG_CELLS = {
    "no choice": ("rde", COLOURS, "red"),
    "nothing": ("", COLOURS, "-"),
    "a hole": ("red,,blue", COLOURS, ""),
    "no number": ("many", SMALL, "5 | < 5"),
    "no date": ("2026-02-30", Whole(dates=True), "2026-01-31"),
    "a range the wrong way round": ("[4..2]", SMALL, ""),
    "an empty open range": ("(2..3)", SMALL, ""),
    "half a bound": ("<", SMALL, "5 | < 5"),
}


@pytest.mark.parametrize("name", WRONG_CELLS)
def test_a_cell_that_is_no_test_is_refused_with_what_would_be_right(name: str) -> None:
    raw, domain, expected = WRONG_CELLS[name]
    with pytest.raises(BadInput) as error:
        read_cell(raw, domain)
    assert expected in str(error.value.expected or "")


# --- the proof against trying everything ----------------------------------------------------------------------------

CELL_OF = {
    COLOURS: st.sampled_from(["-", "red", "green, blue", "not(green)", "blue"]),
    YES_NO: st.sampled_from(["-", "true", "false"]),
    SMALL: st.one_of(
        st.just("-"),
        st.integers(-1, 7).map(lambda n: f"< {n}"),
        st.integers(-1, 7).map(lambda n: f">= {n}"),
        st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda p: f"[{min(p)}..{max(p)}]"),
    ),
}


@st.composite
def tables(draw: st.DrawFn) -> DecisionTable:
    domains = draw(st.lists(st.sampled_from([COLOURS, YES_NO, SMALL]), min_size=1, max_size=3))
    inputs = {f"i{n}": domain for n, domain in enumerate(domains)}
    rows = draw(st.lists(st.tuples(*(CELL_OF[d] for d in domains)), min_size=1, max_size=6))
    hit = draw(st.sampled_from(["unique", "first", "collect"]))
    return table(hit, inputs, *([*row, n] for n, row in enumerate(rows, 1)))


def combinations(of: DecisionTable) -> list[dict[str, Any]]:
    names = [one.name for one in of.inputs]
    return [dict(zip(names, c, strict=True)) for c in itertools.product(*(VALUES[one.domain] for one in of.inputs))]


def matching(of: DecisionTable, values: dict[str, Any]) -> list[int]:
    """By brute force: the numbers of the rows all of whose cells hold."""
    cells = [(n, zip(of.inputs, row.cells, strict=True)) for n, row in enumerate(of.rows, 1)]
    return [n for n, pairs in cells if all(c is None or c.holds(values[i.name]) for i, c in pairs)]


@given(tables())
@settings(deadline=None, max_examples=150)
def test_the_proof_says_what_trying_every_value_says(made: DecisionTable) -> None:
    found = flaws(made)
    tried = [(values, matching(made, values)) for values in combinations(made)]
    gaps = [flaw for flaw in found if isinstance(flaw, Gap)]
    assert bool(gaps) == (made.hit != "collect" and any(not rows for _, rows in tried))
    for gap in gaps:
        assert matching(made, dict(gap.example)) == []
    overlaps = {(flaw.first, flaw.second): flaw.example for flaw in found if isinstance(flaw, Overlap)}
    pairs = {pair for _, rows in tried for pair in itertools.combinations(rows, 2)}
    assert set(overlaps) == (pairs if made.hit == "unique" else set())
    for pair, example in overlaps.items():
        assert set(pair) <= set(matching(made, dict(example)))
    reached = {n for _, rows in tried for n in (rows[:1] if made.hit == "first" else rows)}
    assert {flaw.row for flaw in found if isinstance(flaw, Unreachable)} == set(range(1, len(made.rows) + 1)) - reached


@given(tables(), st.data())
@settings(deadline=None, max_examples=100)
def test_what_is_decided_with_a_value_missing_is_decided_the_same_whatever_it_is(
    made: DecisionTable, data: st.DataObject
) -> None:
    if flaws(made):
        return
    known = data.draw(st.sampled_from(combinations(made)))
    left = data.draw(st.sampled_from(list(known)))
    try:
        early = decide(made, {name: value for name, value in known.items() if name != left})
    except BadInput as error:
        assert left in error.en
        return
    for value in VALUES[next(one.domain for one in made.inputs if one.name == left)]:
        assert decide(made, {**known, left: value}) == early


def test_hit_policies_choose_the_only_row_the_first_or_all() -> None:
    rows = [["< 3", "low"], ["-", "any"]]
    assert decide(table("first", {"n": SMALL}, *rows), {"n": 1}).outputs == {"out": "low"}
    assert decide(table("first", {"n": SMALL}, *rows), {"n": 5}).rows == (2,)
    assert decide(table("collect", {"n": SMALL}, *rows, ["0", "low"]), {"n": 0}).outputs == {"out": ("low", "any")}
    assert decide(table("collect", {"n": SMALL}, rows[0]), {"n": 5}).outputs == {"out": ()}
    with pytest.raises(BadInput, match="several rows"):
        decide(table("unique", {"n": SMALL}, *rows), {"n": 1})
    with pytest.raises(BadInput, match="no row"):
        decide(table("unique", {"n": SMALL}, rows[0]), {"n": 5})


def test_text_dates_and_numbers_without_end_are_proven_too() -> None:
    words = table("unique", {"w": Words()}, ["a", 1], ["b", 2])
    (gap,) = flaws(words)
    assert isinstance(gap, Gap) and gap.example["w"] not in {"a", "b"}
    assert not flaws(table("unique", {"w": Words()}, ["a", 1], ["not(a)", 2]))
    days = Whole(date(2020, 1, 1).toordinal(), dates=True)
    (gap,) = flaws(table("unique", {"d": days}, ["< 2026-01-01", 1], ["> 2026-01-01", 2]))
    assert isinstance(gap, Gap) and gap.example == {"d": "2026-01-01"}
    assert decide(
        table("unique", {"d": days}, ["< 2026-01-01", 1], [">= 2026-01-01", 2]), {"d": "2026-01-01"}
    ).rows == (2,)
    open_ended = table("unique", {"n": Whole()}, ["< -5", 1], ["[-5..5]", 2], ["> 6", 3])
    assert [flaw.example for flaw in flaws(open_ended) if isinstance(flaw, Gap)] == [{"n": 6}]
    (below,) = flaws(table("unique", {"n": Whole()}, [">= 0", 1]))
    assert isinstance(below, Gap) and int(below.example["n"]) < 0
    (above,) = flaws(table("unique", {"n": Whole(high=9)}, ["<= 8", 1]))
    assert isinstance(above, Gap) and above.example == {"n": 9}


def test_a_table_too_large_to_prove_says_so_instead_of_passing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "BUDGET", 3)
    large = table("unique", {f"i{n}": SMALL for n in range(5)}, *([*([f"{n}"] * 5), n] for n in range(6)))
    with pytest.raises(BadInput, match="too large"):
        flaws(large)


def test_cells_of_ordered_and_listed_values_are_different_things() -> None:
    assert read_cell("5", SMALL) == Spans(((5, 5),))
    assert read_cell("5", Words()) == Members(frozenset({"5"}))
