# SPDX-License-Identifier: Apache-2.0
"""The table of GovStack's requirements: whole, counted rightly, and every place it names is there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "docs/reference/govstack-registration.md"


def rows() -> list[list[str]]:
    """The cells of every requirement."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d", line)]


def test_every_requirement_has_its_number_its_standing_and_its_place() -> None:
    numbers = [row[0] for row in rows()]
    assert len(numbers) == len(set(numbers)) > 40
    for row in rows():
        assert len(row) == 5 and row[1]
        assert row[2] in {"required", "recommended", "optional", "extension"}, row[0]
        assert row[3] in {"met", "partly", "not"}, row[0]
        assert row[3] == "not" or len(row[4]) > 10, row[0]


def test_what_is_met_names_a_file_and_every_file_named_is_there() -> None:
    for row in rows():
        links = re.findall(r"\]\(([^)]+)\)", row[4])
        assert links or row[3] != "met", row[0]
        assert [link for link in links if not (TABLE.parent / link).is_file()] == [], row[0]


def test_the_count_at_the_head_is_the_count_of_the_table() -> None:
    counted = Counter(row[3] for row in rows())
    head = f"Of {len(rows())}: {counted['met']} met, {counted['partly']} partly, {counted['not']} not."
    assert head in TABLE.read_text(encoding="utf-8")
