# SPDX-License-Identifier: Apache-2.0
"""Tables of another system, row by row: CSV in UTF-8 or GB18030, Excel, SQLite. Only the mapped columns are read."""

from __future__ import annotations

import codecs
import csv
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zipfile import BadZipFile

from zhengtong.errors import BadInput, NotFound
from zhengtong.services.engine.case_mapping import TableMap

CELL = 2_000
"""Characters of one value at most: what is longer is no code, number or time."""


@dataclass(frozen=True)
class Row:
    """`number` counts the table's rows as a person sees them, its header being 1 (SQLite: the rowid)."""

    number: int
    values: Mapping[str, str]


def read_table(folder: Path, table: TableMap, encoding: str) -> Iterator[Row]:
    """The rows, each value trimmed text. Raises `NotFound` for no such file, `BadInput` for one that is no table or
    lacks a mapped column."""
    path = folder / table.file
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise NotFound("目录里没有这个文件", "there is no such file in the folder", where=str(folder), found=table.file)
    match path.suffix.lower():
        case ".xlsx" | ".xlsm":
            return _excel(path, table)
        case ".sqlite" | ".sqlite3" | ".db":
            return _sqlite(path, table)
        case _:
            return _csv(path, table, encoding)


def _places(header: list[str], table: TableMap) -> dict[str, int]:
    """Which place of a row holds which of our columns."""
    names = [name.strip().removeprefix("\ufeff") for name in header]
    missing = [name for name in table.columns.values() if name not in names]
    if missing:
        raise BadInput(
            "表里没有映射的列", "the table lacks a mapped column",
            where=table.file, found=", ".join(names)[:300], expected=", ".join(missing),
        )  # fmt: skip
    return {ours: names.index(theirs) for ours, theirs in table.columns.items()}


def _csv(path: Path, table: TableMap, encoding: str) -> Iterator[Row]:
    with path.open(encoding=_encoding(path, encoding), newline="") as file:
        reader = csv.reader(file)
        try:
            places = _places(next(reader, []), table)
            for cells in reader:
                if any(cells):
                    yield Row(reader.line_num, {key: _at(cells, place) for key, place in places.items()})
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadInput(
                "这个文件读不下去", "the file cannot be read any further",
                where=f"{path.name}:{reader.line_num}", found=str(error)[:120], expected="CSV, UTF-8 | GB18030",
            ) from error  # fmt: skip


def _at(cells: list[str], place: int) -> str:
    return cells[place].strip()[:CELL] if place < len(cells) else ""


def _encoding(path: Path, wanted: str) -> str:
    """The encoding given, or the first of UTF-8 and GB18030 that the whole file is."""
    if wanted != "auto":
        return "utf-8-sig" if wanted == "utf-8" else wanted
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            for piece in iter(lambda: file.read(1 << 20), b""):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8-sig"


def _excel(path: Path, table: TableMap) -> Iterator[Row]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, OSError) as error:
        raise BadInput("这不是 Excel 工作簿", "this is no Excel workbook", where=path.name) from error
    with closing(book):
        if table.sheet is not None and table.sheet not in book.sheetnames:
            raise BadInput(
                "工作簿里没有这张表", "the workbook has no such sheet",
                where=path.name, found=table.sheet, expected=", ".join(book.sheetnames),
            )  # fmt: skip
        sheet = book[table.sheet] if table.sheet else book.worksheets[0]
        rows = sheet.iter_rows(values_only=True)
        places = _places([_text(cell) for cell in next(rows, ())], table)
        for number, cells in enumerate(rows, 2):
            values = {key: _text(cells[place]) if place < len(cells) else "" for key, place in places.items()}
            if any(values.values()):
                yield Row(number, values)


def _sqlite(path: Path, table: TableMap) -> Iterator[Row]:
    name = (table.table or path.stem).replace('"', '""')
    columns = ", ".join('"' + theirs.replace('"', '""') + '"' for theirs in table.columns.values())
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            known = [row[1] for row in db.execute(f'PRAGMA table_info("{name}")')]
            _places(known, table)
            for rowid, *cells in db.execute(f'SELECT rowid, {columns} FROM "{name}"'):  # noqa: S608  # names are quoted
                yield Row(rowid, dict(zip(table.columns, (_text(cell) for cell in cells), strict=True)))
    except sqlite3.DatabaseError as error:
        raise BadInput("这不是可读的 SQLite 文件", "this is no readable SQLite file", where=path.name) from error


def _text(cell: object) -> str:
    """A cell as the CSV of the same table would have it."""
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat(" ", "seconds") if cell.time() != time() else cell.date().isoformat()
        case date():
            return cell.isoformat()
        case bool():
            return "1" if cell else "0"
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell).strip()[:CELL]
