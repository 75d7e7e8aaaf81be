# SPDX-License-Identifier: Apache-2.0
"""No cell of an export is a formula, and what is none comes out as it went in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.city.spreadsheets import FORMULA, harmless

SOURCE = Path(__file__).resolve().parents[2] / "src/zhengtong"


@pytest.mark.parametrize(
    "wicked",
    ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u3000=1", "\u00a0@x",
     "＝HYPERLINK(1)", "＋1", "－1", "＠x"],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_text(wicked: str) -> None:
    assert harmless(wicked) == "'" + wicked


@pytest.mark.parametrize("plain", ["", " ", "林知夏", "a=b", "3-4", "M26-000001", 0, -5, -1.5, None, True])
def test_what_is_none_is_left_alone(plain: object) -> None:
    assert harmless(plain) == plain


@settings(deadline=None, max_examples=200)
@given(text=st.text(max_size=20))
def test_nothing_comes_out_that_begins_a_formula_and_nothing_is_lost(text: str) -> None:
    out = str(harmless(text))
    assert out.lstrip(" \u00a0\u3000")[:1] not in FORMULA
    assert out in (text, "'" + text)


def test_every_writer_of_csv_passes_its_cells_through_it() -> None:
    writers = [
        path for path in SOURCE.rglob("*.py") if re.search(r"csv\.(?:writer|DictWriter)\(", path.read_text("utf-8"))
    ]
    assert writers, "the search finds them"
    assert [path.name for path in writers if "harmless(" not in path.read_text("utf-8")] == []
