# SPDX-License-Identifier: Apache-2.0
"""The page on security names code and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/explanation/security.md"


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
