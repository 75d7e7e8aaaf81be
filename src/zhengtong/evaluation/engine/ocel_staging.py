# SPDX-License-Identifier: Apache-2.0
"""OCEL 2.0 as rows of text: what every reader writes and nobody has judged yet.

Seven tables, each a Parquet file written in batches, so that a log larger than memory can be read. `line` is the line
of the file (JSON, XML) or the row of the table (SQLite) on which something stands: faults are told with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from zhengtong.errors import BadInput

Kind = Literal["ocel-json", "ocel-xml", "ocel-sqlite"]
KINDS: tuple[Kind, ...] = ("ocel-json", "ocel-xml", "ocel-sqlite")
Given = Literal["text", "number", "boolean"]
"""What a value was in the file: XML knows only text, and text may stand for any type."""

TABLES: dict[str, tuple[str, ...]] = {
    "types": ("scope", "type", "attribute", "kind"),
    "events": ("id", "type", "time"),
    "event_values": ("owner", "name", "value", "given"),
    "event_objects": ("owner", "object", "qualifier"),
    "objects": ("id", "type"),
    "object_values": ("owner", "name", "time", "value", "given"),
    "object_objects": ("owner", "object", "qualifier"),
}
"""`types` has one row a type with neither attribute nor kind, and one an attribute."""
_BATCH = 50_000


class Staging:
    """Gathers rows of `TABLES`; `paths` holds the files once `close` was called."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.paths = {table: folder / f"staged_{table}.parquet" for table in TABLES}
        self._schemas = {
            table: pa.schema([("position", pa.int64()), ("line", pa.int64()), *((one, pa.string()) for one in columns)])
            for table, columns in TABLES.items()
        }
        self._writers = {
            table: pq.ParquetWriter(path, self._schemas[table], compression="snappy")
            for table, path in self.paths.items()
        }
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        self._counts = dict.fromkeys(TABLES, 0)

    def add(self, table: str, line: int, *values: str | None) -> None:
        """One row, its columns in the order of `TABLES`. Raises `BadInput` for text that is no Unicode."""
        for value in values:
            if value is not None and not value.isascii():
                self._check(value, line)
        rows = self._rows[table]
        rows.append((self._counts[table], line, *values))
        self._counts[table] += 1
        if len(rows) >= _BATCH:
            self._flush(table)

    def _check(self, value: str, line: int) -> None:
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadInput(
                "文字中有半个代理对，不是合法的 Unicode",
                "the text holds half a surrogate pair, which is no Unicode",
                where=f"{self.name}:{line}",
                found=repr(value[error.start : error.start + 1]),
            ) from error

    def _flush(self, table: str) -> None:
        if rows := self._rows[table]:
            schema = self._schemas[table]
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            self._writers[table].write_table(pa.Table.from_arrays(arrays, schema=schema))
            self._rows[table] = []

    def close(self) -> None:
        for table in TABLES:
            self._flush(table)
            self._writers[table].close()


@contextmanager
def staged(name: str, folder: Path) -> Iterator[Staging]:
    """`name` is what faults call the file."""
    staging = Staging(name, folder)
    try:
        yield staging
    finally:
        staging.close()
