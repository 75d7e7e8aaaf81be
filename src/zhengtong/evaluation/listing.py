# SPDX-License-Identifier: Apache-2.0
"""A table of figures once: shown on a page, and the same rows as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.html import format_html

from zhengtong.city.spreadsheets import harmless
from zhengtong.ui.forms import Words
from zhengtong.ui.language import say
from zhengtong.ui.parts import Column, State, Table
from zhengtong.ui.templatetags.ui import local_date, local_time, number, percent

Kind = Literal["text", "count", "share", "days", "elapsed", "date", "time"]
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Field:
    """`key` names the column in files. Shares are numbers from 0 to 1; `elapsed` µs, shown in days; times µs."""

    key: str
    label: Words
    kind: Kind = "text"


@dataclass(frozen=True)
class Cell:
    """`value` goes into files; the page shows `words` (else the value), as a link where there is a `url`."""

    value: object
    words: Words = ""
    url: str = ""
    state: str = ""


@dataclass(frozen=True)
class Listing:
    """`key` names the file, `anchor` the table on a page that shows several of a key. A cell is a value or a `Cell`."""

    key: str
    caption: Words
    columns: Sequence[Field]
    rows: Sequence[Sequence[object]]
    wide: bool = False
    anchor: str = ""

    def table(self) -> Table:
        """As the page shows it."""
        columns = [Column(c.label, numeric=c.kind in {"count", "share", "days", "elapsed"}) for c in self.columns]
        rows = [[_shown(cell, c.kind) for cell, c in zip(row, self.columns, strict=True)] for row in self.rows]
        return Table(self.caption, columns, rows, key=self.anchor or self.key, wide=self.wide)

    def values(self) -> list[list[object]]:
        """As files hold it: numbers as numbers, texts in the reader's language."""
        return [[_plain(cell) for cell in row] for row in self.rows]

    def csv(self) -> bytes:
        """UTF-8 with a byte-order mark, without which spreadsheets guess the encoding of Chinese; no cell is a
        formula."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([c.key for c in self.columns])
        writer.writerows([[harmless(value) for value in row] for row in self.values()])
        return out.getvalue().encode("utf-8-sig")

    def parquet(self) -> bytes:
        rows = self.values()
        types = {"text": pa.string(), "share": pa.float64(), "days": pa.float64()}
        arrays = [
            pa.array([_typed(row[n], c.kind) for row in rows], types.get(c.kind, pa.int64()))
            for n, c in enumerate(self.columns)
        ]
        out = io.BytesIO()
        pq.write_table(pa.table(arrays, names=[c.key for c in self.columns]), out, compression="zstd")
        return out.getvalue()


def _plain(cell: object) -> object:
    value = cell.value if isinstance(cell, Cell) else cell
    return value if value is None or isinstance(value, bool | int | float) else str(say(value))


def _typed(value: object, kind: Kind) -> object:
    if value is None:
        return None
    if kind == "text":
        return str(value)
    return float(str(value)) if kind in {"share", "days"} else int(str(value))


def days_of(value: float) -> str:
    """Elapsed µs in days, to a tenth."""
    return f"{value / DAY_US:.1f}"


_SHOWN: dict[str, Callable[[float], str]] = {
    "count": number,
    "share": lambda value: percent(value, 1),
    "days": lambda value: f"{value:.1f}".removesuffix(".0"),
    "elapsed": days_of,
    "date": lambda value: local_date(int(value)),
    "time": lambda value: local_time(int(value)),
}


def _shown(cell: object, kind: Kind) -> object:
    whole = cell if isinstance(cell, Cell) else Cell(cell)
    if whole.words:
        words = whole.words
    elif whole.value is None:
        return "–"
    else:
        words = _SHOWN[kind](whole.value) if kind in _SHOWN and not isinstance(whole.value, str) else whole.value  # type: ignore[arg-type]  # numbers by kind
    if whole.state:
        return State(whole.state, words)  # type: ignore[arg-type]  # a state's kind
    if kind == "date" and not whole.url:
        return format_html('<span class="day">{}</span>', say(words))
    if whole.url:
        return format_html('<a href="{}">{}</a>', whole.url, say(words))
    return words
