# SPDX-License-Identifier: Apache-2.0
"""Rows of an item list as text, from CSV (UTF-8 or GB18030) or Excel: what cannot be read is named by row.

Nothing is mended: a row with more or fewer cells than the header is a fault of its own and is not guessed at.
"""

from __future__ import annotations

import csv
import datetime
import zipfile
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from zhengtong.errors import BadInput

CELL: Final = 1 << 20
"""Characters of one CSV cell; a quote left open runs past this."""
UNPACKED: Final = 2 << 30
"""Bytes an Excel file may unpack to: it is a zip, and a small one can hold very much."""
DELIMITERS: Final = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Table:
    """A header and the rows after it, each with its number in the file (from 1) and one text a column."""

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    encoding: str


def read_table(
    path: Path, *, encoding: str = "auto", delimiter: str = "auto", sheet: str = "", header: int = 1
) -> Table:
    """Open a list. Raises BadInput for what is no such file, a header that repeats a name, a missing sheet."""
    if zipfile.is_zipfile(path):
        return _workbook(path, sheet, header)
    if path.suffix.lower() in {".xlsx", ".xlsm", ".xls"}:
        raise BadInput(
            "这不是 .xlsx 工作簿；请在 Excel 中另存为 .xlsx 或 CSV",
            "this is no .xlsx workbook; save it as .xlsx or CSV", where=path.name,
        )  # fmt: skip
    return _delimited(path, encoding, delimiter, header)


def detect(path: Path) -> str:
    """`utf-8-sig`, `utf-8` or `gb18030`, by reading the whole file. Raises BadInput where it is none of them."""
    with path.open("rb") as file:
        if file.read(3) == b"\xef\xbb\xbf":
            return "utf-8-sig"
    for encoding in ("utf-8", "gb18030"):
        decoder = getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while piece := file.read(1 << 20):
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise BadInput("文件编码不是 UTF-8 或 GB18030", "the file is neither UTF-8 nor GB18030", where=path.name)


def _delimited(path: Path, encoding: str, delimiter: str, header: int) -> Table:
    known = detect(path) if encoding in {"auto", "utf-8"} else encoding
    if encoding == "utf-8" and known == "gb18030":
        raise BadInput("文件编码不是 UTF-8", "the file is not UTF-8", where=path.name, expected="encoding: gb18030")
    file = path.open(encoding=known, newline="")
    lines = _decoded(file, path)
    first = next((line for n, line in enumerate(lines, 1) if n == header), "")
    signs = DELIMITERS if delimiter == "auto" else (delimiter,)
    sign = max(signs, key=lambda one: len(next(csv.reader([first], delimiter=one), [])))
    names = _header(next(csv.reader([first], delimiter=sign), []), path)
    return Table(names, _csv_rows(lines, file, sign, header, path), known)


def _decoded(file: IO[str], path: Path) -> Iterator[str]:
    try:
        yield from file
    except UnicodeDecodeError as error:
        raise BadInput(
            "文件里有不属于其编码的字节", "the file holds bytes that its encoding does not know",
            where=path.name, found=error.encoding,
        ) from None  # fmt: skip


def _csv_rows(
    lines: Iterator[str], file: IO[str], sign: str, header: int, path: Path
) -> Iterator[tuple[int, list[str]]]:
    """Row numbers are lines of the file: that is where an editor looks for them."""
    csv.field_size_limit(CELL)
    reader = csv.reader(lines, delimiter=sign, strict=True)
    with file:
        before = 0
        try:
            for row in reader:
                number, before = header + before + 1, reader.line_num
                if any(cell.strip() for cell in row):
                    yield number, row
        except csv.Error as error:
            raise BadInput(
                "这一行的引号没有成对，或内容过长", "a quote in this row is not closed, or a cell is too long",
                where=f"{path.name}:{header + before + 1}", found=str(error),
            ) from None  # fmt: skip


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice or not any(names):
        raise BadInput(
            "表头有重复的列名" if twice else "没有找到表头",
            "the header names a column twice" if twice else "there is no header",
            where=path.name, found=", ".join(twice) or None,
        )  # fmt: skip
    return names


def _workbook(path: Path, sheet: str, header: int) -> Table:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with zipfile.ZipFile(path) as packed:
        size = sum(one.file_size for one in packed.infolist())
    if size > UNPACKED:
        raise BadInput(
            "工作簿解压后过大",
            "the workbook unpacks to too much",
            where=path.name,
            found=size,
            expected=f"≤ {UNPACKED}",
        )
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BadInput(
            "不是可读的 Excel 工作簿", "this is no readable Excel workbook", where=path.name, found=str(error)[:80]
        ) from None
    if sheet and sheet not in book.sheetnames:
        raise BadInput(
            "没有这个工作表",
            "there is no such sheet",
            where=path.name,
            found=sheet,
            expected=", ".join(book.sheetnames),
        )
    rows = (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)
    cells = next((row for n, row in enumerate(rows, 1) if n == header), ())
    names = _header([_text(cell) for cell in cells], path)

    def numbered() -> Iterator[tuple[int, list[str]]]:
        for number, row in enumerate(rows, header + 1):
            texts = [_text(cell) for cell in row[: len(names)]]
            if any(texts):
                yield number, texts + [""] * (len(names) - len(texts))
        book.close()

    return Table(names, numbered(), "xlsx")


def _text(cell: Any) -> str:
    """A cell as a person reads it. Long codes that Excel took for numbers are not repaired: they lost their digits."""
    match cell:
        case None:
            return ""
        case bool():
            return "是" if cell else "否"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime.datetime() if cell.time() == datetime.time():
            return cell.date().isoformat()
        case datetime.datetime() | datetime.date():
            return cell.isoformat()
        case _:
            return str(cell).strip()
