# SPDX-License-Identifier: Apache-2.0
"""Tables for spreadsheets: a text that a spreadsheet would take for a formula is handed out as text.

Whoever types `=HYPERLINK(…)` into a form must not run it on the desk of the clerk who opens the export (OWASP, CSV
injection). Every writer of CSV or TSV passes its cells through here.
"""

from __future__ import annotations

FORMULA = frozenset("=+-@＝＋－＠\t\r\n")
"""What begins a formula, or hides that one begins; the full-width forms count in Chinese and Japanese editions."""


def harmless(value: object) -> object:
    """`value`, with an apostrophe before a text that would be a formula. Numbers stay numbers."""
    if isinstance(value, str) and value.lstrip(" \u00a0\u3000")[:1] in FORMULA and value.strip(" \u00a0\u3000"):
        return f"'{value}"
    return value
