# SPDX-License-Identifier: Apache-2.0
"""Logs out: a source or the city's own record as OCEL 2.0, XES or Parquet, written aside and then renamed.

The own record holds codes, references and hashes, never names. Its pseudonyms and case numbers stay what they are:
references, which remain personal information to whoever can resolve them.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import duckdb

from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.engine import ocel, ocel_tables, ocel_writing
from zhengtong.evaluation.engine.duck import connect, sql
from zhengtong.evaluation.engine.exporting_xes import write_xes
from zhengtong.evaluation.engine.ocel_flat import flatten
from zhengtong.evaluation.engine.sources import CASES, EVENTS, Source
from zhengtong.evaluation.engine.times import literal
from zhengtong.ledger.engine.segments import Segments

Format = Literal["ocel-json", "ocel-xml", "ocel-sqlite", "xes", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
ABOUT: Final = "about.json"
_WRITERS = {
    "ocel-json": ocel_writing.write_json,
    "ocel-xml": ocel_writing.write_xml,
    "ocel-sqlite": ocel_writing.write_sqlite,
}


@dataclass(frozen=True)
class Exported:
    """`leaves` is the size of the own record as it was exported; `cases` and `left_out` (events that concern no
    case) are told of XES only.
    """

    path: Path
    events: int
    objects: int
    leaves: int | None = None
    cases: int | None = None
    left_out: int | None = None


def export_log(
    origin: Source | Segments,
    out: Path,
    format: Format,
    *,
    case_type: str | None = None,
    as_of: int | None = None,
    replace: bool = False,
) -> Exported:
    """`case_type` (XES only) is the type of object that plays the case; `as_of` the leaves of the own record.

    Raises `Conflict` where `out` is there and `replace` is not given, `NotFound` for a record without events,
    `BadInput` for what the format cannot hold, `Contradicted` where the origin was changed behind our back. Whatever
    is raised, `out` is as it was.
    """
    if case_type and format != "xes":
        raise BadInput("只有导出 XES 才需要 --case-type", "--case-type is for XES only", found=format)
    with tempfile.TemporaryDirectory(prefix="zhengtong-export-") as work, _aside(out, format, replace) as aside:
        spill = Path(work)
        leaves = None
        if isinstance(origin, Segments):
            connection, leaves = ocel_tables.of_record(origin, as_of)
            connection.execute(sql("SET temp_directory = $folder", folder=literal(work)))
            connection.execute("SET TimeZone = 'UTC'")
        else:
            connection = connect(spill=spill)
            ocel_tables.of_source(connection, origin)
        with connection:
            events, objects = _count(connection)
            if not events:
                raise NotFound(
                    "没有可导出的事件；先运行 zhengtong ledger seal",
                    "no event to export; run zhengtong ledger seal first",
                )
            cases = left_out = None
            if format == "xes":
                cases, left_out = _xes(connection, origin, aside, spill, case_type)
            elif format == "parquet":
                _parquet(connection, aside, origin, leaves)
            else:
                _WRITERS[format](connection, aside)
    return Exported(out, events, objects, leaves, cases, left_out)


def _count(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    row = connection.execute("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM objects)").fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _xes(
    connection: duckdb.DuckDBPyConnection, origin: Source | Segments, aside: Path, work: Path, case_type: str | None
) -> tuple[int, int]:
    """Cases written, and events left out because they concern none."""
    prefix = ""
    if isinstance(origin, Source) and case_type in (None, origin.about.get("case_type", ocel_tables.CASE)):
        folder = origin.folder
    else:
        folder = work
        case_type = case_type or ocel_tables.CASE
        prefix = f"{case_type}:" if isinstance(origin, Segments) else ""
        _check_type(connection, case_type)
        flatten(connection, folder, case_type, LogMapping(), aside.name)
    name = origin.name if isinstance(origin, Source) else origin.origin
    with connect(spill=work) as reading:
        cases, written = write_xes(reading, folder / EVENTS, folder / CASES, aside, name=name, prefix=prefix)
    return cases, _count(connection)[0] - written


def _check_type(connection: duckdb.DuckDBPyConnection, case_type: str) -> None:
    known = list(ocel_writing.read_types(connection, "object"))
    if case_type not in known:
        raise BadInput(
            "没有这个对象类型", "there are no objects of this type", found=case_type, expected=", ".join(known)
        )


def _parquet(connection: duckdb.DuckDBPyConnection, aside: Path, origin: Source | Segments, leaves: int | None) -> None:
    aside.mkdir()
    for table, columns in ocel.COLUMNS.items():
        connection.execute(
            sql(
                "COPY (SELECT $columns FROM $table) TO $file (FORMAT parquet, COMPRESSION zstd)",
                columns=", ".join(columns),
                table=table,
                file=literal(str(aside / f"{table}.parquet")),
            )
        )
    about: dict[str, Any] = {"format": "ocel-parquet", "times": "microseconds since 1970-01-01T00:00:00Z"}
    if isinstance(origin, Segments):
        manifest = origin.manifest()
        about |= {"log": origin.origin, "leaves": leaves, "root": manifest.root if manifest.size == leaves else None}
    else:
        about |= {"source": origin.name, "source_id": origin.id, "file_sha256": origin.about["file"]["sha256"]}
    (aside / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=2, sort_keys=True) + "\n", "utf-8")


@contextmanager
def _aside(out: Path, format: Format, replace: bool) -> Iterator[Path]:
    """A place beside `out` that takes its name when all is written, and is gone when not."""
    if not out.parent.is_dir():
        raise BadInput("没有这个目录", "there is no such folder", found=str(out.parent))
    if out.exists() or out.is_symlink():
        if not replace:
            raise Conflict(
                "这个文件已经存在；确要替换请加 --replace", "it is there already; add --replace", found=str(out)
            )
        _check_replaceable(out, folder=format == "parquet")
    aside = out.with_name(f".{out.name[:80]}.{secrets.token_hex(8)}.part")
    try:
        yield aside
        _sync(aside)
        if out.is_dir():
            old = aside.with_suffix(".old")
            out.rename(old)
            aside.rename(out)
            shutil.rmtree(old)
        else:
            aside.replace(out)
    finally:
        if aside.is_dir():
            shutil.rmtree(aside)
        else:
            aside.unlink(missing_ok=True)


def _check_replaceable(out: Path, *, folder: bool) -> None:
    """A folder is replaced only where everything in it is of an export; a file only by a file."""
    ours = {ABOUT, *(f"{table}.parquet" for table in ocel.COLUMNS)}
    if out.is_dir() != folder or (folder and {path.name for path in out.iterdir()} - ours):
        raise Conflict(
            "这里不是一次导出的结果，不会替换", "this is no earlier export and is not replaced", found=str(out)
        )


def _sync(path: Path) -> None:
    for one in (*(path.iterdir() if path.is_dir() else ()), path):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
