# SPDX-License-Identifier: Apache-2.0
"""Reading a table of delimited text strictly: rows that do not fit the header are named with their lines,
never mended.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.duck import path_literal, sql
from zhengtong.evaluation.engine.opening import Limits
from zhengtong.evaluation.engine.times import literal

SHOWN = 10
_LINE_BREAK = re.compile(rb"\r\n?")
_REASONS = {
    "MISSING COLUMNS": ("列数少于表头", "fewer columns than the header"),
    "TOO MANY COLUMNS": ("列数多于表头", "more columns than the header"),
    "UNQUOTED VALUE": ("引号没有成对", "a quote is not closed"),
    "LINE SIZE OVER MAXIMUM": ("单行过长", "the line is too long"),
}


def copy_table(pieces: Iterator[bytes], target: Path, name: str, limits: Limits) -> None:
    """UTF-8 text onto the disk with `\\n` between lines. Raises `BadInput` for a line longer than a record may
    be.
    """
    lines, since, carried = 1, 0, b""
    with target.open("wb") as file:
        for piece in pieces:
            whole = carried + piece
            carried = b"\r" if whole.endswith(b"\r") else b""
            plain = _LINE_BREAK.sub(b"\n", whole.removesuffix(b"\r"))
            first = plain.find(b"\n")
            longest = since + (len(plain) if first < 0 else first)
            since = since + len(plain) if first < 0 else len(plain) - plain.rfind(b"\n") - 1
            if max(longest, since) > limits.record_bytes:
                raise BadInput(
                    "单行过长",
                    "a line is too long",
                    where=f"{name}:{lines if longest > limits.record_bytes else lines + plain.count(10)}",
                    expected=f"≤ {limits.record_bytes} bytes",
                )
            lines += plain.count(b"\n")
            file.write(plain)
        file.write(b"\n" if carried else b"")


def read_header(path: Path, name: str, delimiter: str | None, quote: str) -> tuple[str, list[str]]:
    """The delimiter (the one that cuts the first line into most columns) and the column names.

    Raises `BadInput` for repeated or empty names and for a file of nothing but its header.
    """
    with path.open(encoding="utf-8", newline="") as file:
        first = file.readline()
        more = next((line for line in file if line.strip()), None)
    if not first.strip():
        raise BadInput(
            "第一行应为表头，却是空的", "the first line should be the header and is empty", where=f"{name}:1"
        )
    cut = {sign: next(csv.reader([first], delimiter=sign, quotechar=quote)) for sign in [delimiter] if sign}
    if not cut:
        cut = {sign: next(csv.reader([first], delimiter=sign, quotechar=quote)) for sign in (",", ";", "\t", "|")}
    sign, header = max(cut.items(), key=lambda item: len(item[1]))
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise BadInput(
            "表头有重复的列名", "the header names a column twice", where=f"{name}:1", found=", ".join(map(repr, twice))
        )
    if more is None:
        raise BadInput("文件只有表头，没有事件", "the file holds a header and no events", where=f"{name}:1")
    return sign, header


def table_expression(path: Path, header: Sequence[str], delimiter: str, quote: str, limits: Limits) -> str:
    """DuckDB's strict reader over `path`: text columns `c0`, `c1`, …; what does not fit goes to
    `reject_errors`.
    """
    return sql(
        """read_csv($path, auto_detect = false, header = true, columns = {$columns}, delim = $delimiter,
             quote = $quote, escape = $quote, new_line = '\\n', strict_mode = true, nullstr = '',
             allow_quoted_nulls = true, max_line_size = $longest, store_rejects = true, rejects_limit =
             1000)""",
        path=path_literal(path),
        columns=", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(header))),
        delimiter=literal(delimiter),
        quote=literal(quote),
        longest=str(limits.record_bytes),
    )


def ragged_rows(connection: duckdb.DuckDBPyConnection) -> tuple[int, list[tuple[int, str, str]]]:
    """How many rows the reader refused (counted up to 1,000) and the first of them: line and the reason in
    both languages.
    """
    count = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
    rows = connection.execute(
        "SELECT line, min(CAST(error_type AS VARCHAR)) FROM reject_errors GROUP BY line ORDER BY line LIMIT ?", [SHOWN]
    ).fetchall()
    return (count[0] if count else 0), [(line, *_REASONS.get(kind, (kind, kind))) for line, kind in rows]


def lines_of(path: Path, ordinals: Sequence[int], delimiter: str, quote: str) -> dict[int, int]:
    """The line on which each record begins (ordinals from 0 after the header): the slow way, for faults
    only.
    """
    wanted, found = set(ordinals), {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, quotechar=quote)
        csv.field_size_limit(2**31 - 1)
        next(reader, None)
        ordinal, begins = 0, reader.line_num + 1
        for row in reader:
            if row:
                if ordinal in wanted:
                    found[ordinal] = begins
                    if len(found) == len(wanted):
                        break
                ordinal += 1
            begins = reader.line_num + 1
    return found
