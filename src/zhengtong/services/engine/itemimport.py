# SPDX-License-Identifier: Apache-2.0
"""From a file of items to a snapshot: every cell read by its field, every fault kept with its row.

A row enters with what could be read of it. It is rejected only where it cannot be told apart: no key, or a key that
stood before; or where its cells do not fit the header.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zhengtong.errors import BadInput
from zhengtong.services.engine.itemfile import Table, read_table
from zhengtong.services.engine.itemstore import Row, RowFault, Snapshot, Writer, file_sha256
from zhengtong.services.rules.itemfields import FIELDS, ItemField, ItemValue, read_cell

SHOWN: Final = 80
NO_KEY: Final = ("没有主键，未收入", "there is no key; the row is left out")
REMEMBERED: Final = 5_000
"""Different cells of a column kept read; a column with more of them (names, codes) would only fill memory."""
Progress = Callable[[int], None]
_Wrong = tuple[str, str, str, str]
_Read = tuple[ItemValue | None, _Wrong | None]


@dataclass(frozen=True)
class Column:
    """One field of the list: its place in a row, and how its words are read."""

    field: ItemField
    name: str
    place: int
    required: bool
    values: Mapping[str, str]
    split: str
    read: dict[str, _Read] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """Cells read before: lists repeat their words."""


@dataclass(frozen=True)
class Layout:
    """A mapping as the import needs it, without the model it came from."""

    key: str
    columns: Mapping[str, tuple[str, bool, Mapping[str, str], str]]
    """Field → (column, required, values, split)."""
    encoding: str = "auto"
    delimiter: str = "auto"
    sheet: str = ""
    header: int = 1


def import_items(
    path: Path, layout: Layout, shelf: Path, source: str, *, about: Mapping[str, Any], progress: Progress | None = None
) -> Snapshot:
    """Read `path` into a snapshot on `shelf`. Raises BadInput where the file or its header cannot be used at all."""
    table = read_table(
        path, encoding=layout.encoding, delimiter=layout.delimiter, sheet=layout.sheet, header=layout.header
    )
    columns = _columns(table, layout)
    writer = Writer(shelf, [column.field.name for column in columns])
    try:
        _read(table, columns, layout.key, writer, progress)
        if not writer.rows_kept:
            raise BadInput("清单里没有一行可用", "the list holds no usable row", where=path.name, found=writer.faults)
        known = {"file": path.name, "file_sha256": file_sha256(path), "encoding": table.encoding, "key": layout.key}
        return writer.finish(source, {**about, **known})
    finally:
        writer.discard()


def _columns(table: Table, layout: Layout) -> list[Column]:
    places = {name: n for n, name in enumerate(table.header)}
    missing = [column for column, *_ in layout.columns.values() if column not in places]
    if missing:
        raise BadInput(
            "清单里没有映射文件写的列", "the list has no such column as the mapping names",
            found=", ".join(missing), expected=", ".join(table.header),
        )  # fmt: skip
    return [
        Column(FIELDS[name], column, places[column], required, values, split)
        for name, (column, required, values, split) in layout.columns.items()
    ]


def _read(table: Table, columns: list[Column], key: str, writer: Writer, progress: Progress | None) -> None:
    seen: dict[str, int] = {}
    width = len(table.header)
    of_key = next(column for column in columns if column.field.name == key)
    for count, (line, given) in enumerate(table.rows, 1):
        if progress is not None and count % 5000 == 0:
            progress(count)
        cells = given if any(cell.strip() for cell in given[width:]) else given[:width]
        if len(cells) != width:
            writer.fault(_width_fault(line, len(cells), width))
            continue
        row, faults = _row(line, cells, columns)
        name = row.get(key)
        if not isinstance(name, str):
            faults.append(_key_fault(line, of_key, "no_key", NO_KEY))
        elif name in seen:
            words = (f"主键与第 {seen[name]} 行重复", f"the key stands in row {seen[name]} already")
            faults.append(_key_fault(line, of_key, "duplicate", words, found=name))
        else:
            seen[name] = line
            writer.add(name, line, row)
        for fault in faults:
            writer.fault(fault)


def _row(line: int, cells: list[str], columns: list[Column]) -> tuple[Row, list[RowFault]]:
    row: Row = {}
    faults: list[RowFault] = []
    for column in columns:
        value, wrong = _cell(column, cells[column.place])
        if wrong is not None:
            zh, en, found, expected = wrong
            faults.append(RowFault(line, column.name, column.field.name, "value", zh, en, found, expected, False))
        elif value is None and column.required:
            zh, en = "必填项为空", "a required field is empty"
            faults.append(RowFault(line, column.name, column.field.name, "missing", zh, en, "", column.field.zh, False))
        row[column.field.name] = value
    return row, faults


def _cell(column: Column, text: str) -> _Read:
    known = column.read.get(text)
    if known is not None:
        return known
    try:
        found: _Read = (read_cell(column.field, text, values=column.values, split=column.split), None)
    except BadInput as fault:
        shown = text.strip() if fault.found is None else str(fault.found)
        found = (None, (fault.zh, fault.en, shown[:SHOWN], str(fault.expected or "")[:200]))
    if len(column.read) < REMEMBERED:
        column.read[text] = found
    return found


def _key_fault(line: int, column: Column, code: str, words: tuple[str, str], *, found: str = "") -> RowFault:
    zh, en = words
    return RowFault(line, column.name, column.field.name, code, zh, en, found[:SHOWN], "", True)


def _width_fault(line: int, found: int, expected: int) -> RowFault:
    zh, en = (
        "格数与表头不符，可能有未转义的分隔符",
        "the row has not as many cells as the header; a delimiter may stand unquoted",
    )
    return RowFault(line, "", "", "width", zh, en, str(found), str(expected), True)
