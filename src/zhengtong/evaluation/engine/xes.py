# SPDX-License-Identifier: Apache-2.0
"""Reading XES (IEEE 1849) in constant memory: every event and every trace goes to a staged Parquet file as
text.

A document type is refused before anything in it is read, so there are no entities to expand or fetch.
`<global>` defaults are not applied: they name a type, and real logs put 1970 there. Attributes inside
attributes, lists and containers are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.parsers import expat  # a document type is refused: there is no entity to expand

import pyarrow as pa
import pyarrow.parquet as pq

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.opening import Limits

_BATCH = 50_000
_VALUED = frozenset({"string", "date", "int", "float", "boolean", "id"})
CASE_KEY = "concept:name"


class _Rows:
    """Columns of text gathered and written in batches."""

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        numbers, texts = ("trace", "position", "line"), ("attributes", *keys)
        self.schema = pa.schema([*((n, pa.int64()) for n in numbers), *((t, pa.string()) for t in texts)])
        self.writer = pq.ParquetWriter(path, self.schema, compression="snappy")
        self.rows: list[tuple[Any, ...]] = []

    def add(self, row: tuple[Any, ...]) -> None:
        self.rows.append(row)
        if len(self.rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        if self.rows:
            columns = zip(*self.rows, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, self.schema, strict=True)]
            self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
            self.rows = []

    def close(self) -> None:
        self.flush()
        self.writer.close()


class XesReader:
    """`trace_keys` and `event_keys` become columns named `k0`, `k1`, … in that order; all else the column
    `attributes`.

    `attributes` is JSON `{key: [type, value]}`, so that nothing of the source is lost for an export.
    """

    def __init__(
        self, name: str, folder: Path, trace_keys: Sequence[str], event_keys: Sequence[str], limits: Limits
    ) -> None:
        self.name, self.limits = name, limits
        self.trace_keys, self.event_keys = tuple(trace_keys), tuple(event_keys)
        self.events_path, self.traces_path = folder / "raw_events.parquet", folder / "raw_traces.parquet"
        self.events = _Rows(self.events_path, [f"k{i}" for i in range(len(self.event_keys))])
        self.traces = _Rows(self.traces_path, [f"k{i}" for i in range(len(self.trace_keys))])
        self.seen_event_keys: set[str] = set()
        self.seen_trace_keys: set[str] = set()
        self.depth = self.trace = self.position = 0
        self.trace_line = self.event_line = 0
        self.in_trace = False
        self.in_event = False
        self.trace_values: dict[str, tuple[str, str]] = {}
        self.event_values: dict[str, tuple[str, str]] = {}
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def read(self, pieces: Iterator[bytes]) -> None:
        """Raises `BadInput` with the line of the fault."""
        fed = 0
        try:
            for piece in pieces:
                fed += len(piece)
                self.parser.Parse(piece, False)
                if fed - self.parser.CurrentByteIndex > self.limits.record_bytes:
                    raise self._bad(
                        "单个元素过大", "a single element is too large", expected=f"≤ {self.limits.record_bytes} bytes"
                    )
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise BadInput(
                "XML 不完整或不合法",
                "the XML is truncated or malformed",
                where=f"{self.name}:{error.lineno}",
                found=expat.errors.messages[error.code],
            ) from error
        finally:
            self.events.close()
            self.traces.close()

    def _bad(self, zh: str, en: str, *, found: object = None, expected: object = None) -> BadInput:
        where = f"{self.name}:{self.parser.CurrentLineNumber}"
        return BadInput(zh, en, where=where, found=found, expected=expected)

    def _doctype(self, *_: object) -> None:
        raise self._bad(
            "XES 文件不得含有文档类型声明（可能是实体炸弹或外部实体）",
            "a XES file may not hold a document type (it may be an entity bomb or an external entity)",
            found="<!DOCTYPE",
        )

    def _start(self, tag: str, given: dict[str, str]) -> None:
        self.depth += 1
        depth = self.depth
        if depth > 4:
            if depth > self.limits.depth:
                raise self._bad("元素嵌套过深", "elements are nested too deep", expected=f"≤ {self.limits.depth}")
            return
        tag = tag.rpartition(":")[2]
        if depth == 4:
            if self.in_event and tag in _VALUED:
                self._attribute(self.event_values, tag, given)
        elif depth == 3 and self.in_trace:
            if tag == "event":
                self.in_event, self.event_values = True, {}
                self.event_line = self.parser.CurrentLineNumber
            elif tag in _VALUED:
                self._attribute(self.trace_values, tag, given)
        elif depth == 2:
            if tag == "trace":
                self.in_trace, self.trace_values = True, {}
                self.trace_line = self.parser.CurrentLineNumber
            elif tag == "event":
                raise self._bad("事件不在任何 trace 中", "an event stands outside every trace")
        elif depth == 1 and tag != "log":
            raise self._bad("这不是 XES 文件", "this is no XES file", found=f"<{tag}>", expected="<log>")

    def _attribute(self, values: dict[str, tuple[str, str]], tag: str, given: dict[str, str]) -> None:
        key, value = given.get("key"), given.get("value")
        if key is None or value is None:
            missing = "key" if key is None else "value"
            raise self._bad(
                "属性缺少 key 或 value", "an attribute lacks its key or value", found=f"<{tag}>", expected=missing
            )
        if len(value) > self.limits.record_bytes:
            raise self._bad(
                "单个元素过大", "a single element is too large", expected=f"≤ {self.limits.record_bytes} bytes"
            )
        values[key] = (tag, value)

    def _end(self, _tag: str) -> None:
        depth = self.depth
        self.depth -= 1
        if depth == 3 and self.in_event:
            self.in_event = False
            self.seen_event_keys.update(self.event_values)
            self.events.add((self.trace, self.position, self.event_line, *_row(self.event_values, self.event_keys)))
            self.position += 1
        elif depth == 2 and self.in_trace:
            self.in_trace = False
            self.seen_trace_keys.update(self.trace_values)
            self.traces.add((self.trace, self.position, self.trace_line, *_row(self.trace_values, self.trace_keys)))
            self.trace += 1


def _row(values: dict[str, tuple[str, str]], keys: Sequence[str]) -> list[str | None]:
    named = [values[key][1] if key in values else None for key in keys]
    rest = {key: value for key, value in values.items() if key not in keys}
    return [json.dumps(rest, ensure_ascii=False) if rest else None, *named]
