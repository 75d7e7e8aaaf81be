# SPDX-License-Identifier: Apache-2.0
"""The pages on security and threats name code and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/explanation/security.md"
THREATS = PAGE.with_name("threats.md")


def test_every_defence_names_its_code_and_a_test_that_is_there() -> None:
    table = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1:]]
    assert len(rows) > 15
    for what, _done, where, tests in rows:
        places = re.findall(r"`([\w./]+)`", re.sub(r"\(`\w+`\)", "", where))
        assert places or "check --deploy" in _done, what
        assert [p for p in places if not (ROOT / "src/zhengtong" / p).exists()] == [], what
        named = re.findall(r"`(tests/[\w./]+)`", tests)
        assert named and [name for name in named if not (ROOT / name).is_file()] == [], what


def test_every_threat_names_what_stops_it_in_code_that_is_there_or_says_that_nothing_does() -> None:
    lines = [line for line in THREATS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.count("|") == 7]
    assert rows[0] == ["boundary", "who could", "what stops it", "where", "what shows it", "what remains"]
    assert len(rows) > 20
    assert {cell[0] for cell, *_ in rows[1:] if cell} == set("12345678"), "a boundary of the drawing has no row"
    for _boundary, who, stops, where, shows, remains in rows[1:]:
        places = re.findall(r"`([\w./]+)`", where)
        assert places or stops == "nothing inside can", who
        roots = (ROOT / "src/zhengtong", ROOT)
        assert [p for p in places if not any((root / p).exists() for root in roots)] == [], who
        assert stops and (shows or remains or places), who


def test_the_pages_lead_to_each_other() -> None:
    assert "(threats.md)" in PAGE.read_text("utf-8") and "(threats.md)" in PAGE.with_name("ledger.md").read_text(
        "utf-8"
    )
    for readme in ("README.md", "README.zh.md"):
        assert "docs/explanation/threats.md" in (ROOT / readme).read_text("utf-8"), readme
