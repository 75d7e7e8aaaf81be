# SPDX-License-Identifier: Apache-2.0
"""One table, on a page and as a file."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet as pq
import pytest

from zhengtong.city.text import Text
from zhengtong.evaluation.listing import Cell, Field, Listing
from zhengtong.ui.parts import State

POLICE = Text(zh="公安局", en="Police")
POLICE_CELL = Cell("police", POLICE, "/cockpit/steps/?department=police")
ROWS = [
    [POLICE_CELL, 1204, 0.98765, 3.5, 86_400_000_000, 1_768_183_200_000_000],
    [Cell("cdc"), 0, None, None, 0, None],
]  # fmt: skip
COLUMNS = [
    Field("department", Text(zh="部门", en="Department")),
    Field("decided", "decided", "count"),
    Field("on_time", "on time", "share"),
    Field("days", "days", "days"),
    Field("waited", "waited", "elapsed"),
    Field("since", "since", "time"),
]
LISTING = Listing("departments", "Departments", COLUMNS, ROWS)


def test_a_page_shows_words_links_and_units(settings: object) -> None:
    table = LISTING.table()
    first, second = table.rows
    assert "公安局" in str(first[0]) and 'href="/cockpit/steps/?department=police"' in str(first[0])
    assert first[1:5] == ["1,204", "98.8%", "3.5", "1.0"]
    assert str(first[5]).startswith("2026-01-12 ")
    assert second == ["cdc", "0", "–", "–", "0.0", "–"]
    assert [column.numeric for column in table.columns] == [False, True, True, True, True, False]


def test_files_hold_the_values_themselves() -> None:
    rows = list(csv.reader(io.StringIO(LISTING.csv().decode("utf-8-sig"))))
    assert rows[0] == [column.key for column in COLUMNS]
    assert rows[1] == ["police", "1204", "0.98765", "3.5", "86400000000", "1768183200000000"]
    table = pq.read_table(io.BytesIO(LISTING.parquet()))
    assert table.column_names == rows[0]
    assert table.to_pylist()[1] == {
        "department": "cdc", "decided": 0, "on_time": None, "days": None, "waited": 0, "since": None,
    }  # fmt: skip


@pytest.mark.parametrize("wicked", ["=1+1", "+1", "-1", "@sum(a1)", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_is_a_formula_to_a_spreadsheet(wicked: str) -> None:
    text = Listing("x", "x", [Field("a", "a"), Field("n", "n", "count")], [[wicked, -5]]).csv().decode("utf-8-sig")
    ((cell, number),) = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert (cell, number) == ("'" + wicked, "-5"), "a number below nought is a number"


def test_a_state_is_shown_with_its_shape_and_written_as_its_code() -> None:
    one = Listing("x", "x", [Field("a", "a")], [[Cell("late", "Late", state="late")]])
    assert one.table().rows == [[State("late", "Late")]]
    assert one.values() == [["late"]]


def test_markup_in_a_name_stays_text() -> None:
    one = Listing("x", "x", [Field("a", "a")], [[Cell("k", "<b>", '/"x')]])
    assert str(one.table().rows[0][0]) == '<a href="/&quot;x">&lt;b&gt;</a>'
