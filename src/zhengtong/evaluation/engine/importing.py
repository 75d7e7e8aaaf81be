# SPDX-License-Identifier: Apache-2.0
"""Importing a log as a source: read within limits, checked row by row, written aside, renamed. All of it or
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from zhengtong.errors import BadInput, Conflict
from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.engine import delimited, normalise, ocel, opening, sources
from zhengtong.evaluation.engine.duck import connect, path_literal, sql
from zhengtong.evaluation.engine.opening import HashingFile, Limits, Progress
from zhengtong.evaluation.engine.plan import Plan, resolve
from zhengtong.evaluation.engine.sources import Source
from zhengtong.evaluation.engine.xes import XesReader

IMPORTER = 1
"""Raised when the same file and mapping would give another source."""

SHOWN = 10


@dataclass(frozen=True)
class Imported:
    """`fresh` is false where this very file was imported under this name and mapping before."""

    source: Source
    fresh: bool


@dataclass(frozen=True)
class _Raw:
    """Rows of text ready for DuckDB; `table` is the copied CSV (path, delimiter, quote), `traces` and `events`
    the staged XES.
    """

    select: str
    plan: Plan
    table: tuple[Path, str, str] | None = None
    traces: str | None = None
    events: str | None = None


def import_log(
    file: Path,
    name: str,
    state: Path,
    *,
    now_us: int,
    mapping: LogMapping | None = None,
    replace: bool = False,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Imported:
    """`now_us` is written into source.json as the time of import and nowhere else.

    Raises `BadInput` for a file or mapping that does not fit, `Conflict` where the name holds something else
    and `replace` is not given. Whatever is raised, and however the process dies, no source appears.
    """
    sources.check_name(name)
    mapping, limits = mapping or LogMapping(), limits or Limits()
    if not file.is_file():
        raise BadInput("没有这个文件", "there is no such file", found=file.name)
    known = ocel.sniff(file, limits)
    kind, head = known or opening.sniff(file, limits)
    _check_mapping(mapping, kind, file.name, is_ocel=known is not None)
    sha256 = opening.file_sha256(file)
    same = _already(state, name, sha256, mapping, replace)
    if same is not None:
        return Imported(same, fresh=False)
    encoding = opening.encoding_of(head, kind, mapping.encoding, file.name)
    with sources.staging(state) as folder, connect(folder / "work.duckdb", spill=folder / "spill") as connection:
        if known:
            taken = ocel.read(file, known[0], folder, encoding=encoding, limits=limits, progress=progress)
            _unchanged(taken.sha256, sha256, file.name)
            counts = ocel.build(connection, folder, taken.paths, mapping, file.name)
        else:
            with HashingFile(file, progress) as stream:
                pieces = opening.utf8(opening.unpacked(stream, file.name, limits), encoding, file.name)
                stage = _stage_xes if kind == "xes" else _stage_table
                raw = stage(pieces, folder, mapping, file.name, limits)
                _unchanged(stream.sha256(), sha256, file.name)
            counts = _build(connection, folder, raw, mapping, file.name)
        about = {
            **_about(file, name, mapping, sha256=sha256, kind=kind, encoding=encoding),
            "importer": IMPORTER,
            "imported_us": now_us,
            **counts,
        }
        connection.close()
        return Imported(_commit(state, folder, about, replace), fresh=True)


def _check_mapping(mapping: LogMapping, kind: str, name: str, *, is_ocel: bool) -> None:
    """Raises `BadInput` where the mapping speaks of another format."""
    if mapping.format and mapping.format != kind:
        raise BadInput(
            "文件格式与映射不符", "the file is not of the mapped format",
            where=name, found=kind, expected=mapping.format,
        )  # fmt: skip
    if is_ocel:
        ocel.check_mapping(mapping, name)
    elif mapping.case_type:
        raise BadInput(
            "只有 OCEL 日志才有对象类型可选", "only an OCEL log has types of objects to choose from",
            where=name, found=mapping.case_type,
        )  # fmt: skip


def _about(file: Path, name: str, mapping: LogMapping, *, sha256: str, kind: str, encoding: str) -> dict[str, Any]:
    """What source.json says of where the source came from."""
    came = {
        "name": file.name,
        "sha256": sha256,
        "bytes": file.stat().st_size,
        "format": kind,
        "encoding": encoding,
    }
    read_as = {"sha256": mapping.digest(), **mapping.model_dump(mode="json", exclude_defaults=True)}
    return {"name": name, "file": came, "mapping": read_as}


def _unchanged(read: str, expected: str, name: str) -> None:
    if read != expected:
        raise Conflict("文件在导入时被改动", "the file changed while it was read", where=name)


def _already(state: Path, name: str, sha256: str, mapping: LogMapping, replace: bool) -> Source | None:
    present = sources.find_source(state, name)
    if present is None:
        return None
    about = present.about
    if (
        about["file"]["sha256"] == sha256
        and about["mapping"]["sha256"] == mapping.digest()
        and about["importer"] == IMPORTER
    ):
        return present
    if not replace:
        raise Conflict(
            "这个名称下已有另一份日志；确要替换请加 --replace",
            "this name holds another log; add --replace to put this one in its place",
            found=f"{name} ({about['file']['name']})",
        )
    return None


def _stage_table(pieces: Any, folder: Path, mapping: LogMapping, name: str, limits: Limits) -> _Raw:
    copy = folder / "copy.csv"
    delimited.copy_table(pieces, copy, name, limits)
    delimiter, header = delimited.read_header(copy, name, mapping.delimiter, mapping.quote)
    plan = resolve(mapping, header, name)
    select = sql(
        "SELECT row_number() OVER () - 1 AS position, CAST(NULL AS BIGINT) AS line, CAST(NULL AS BIGINT) AS trace,"
        " CAST(NULL AS VARCHAR) AS attributes, $picked FROM $table",
        picked=", ".join(f"c{header.index(column)} AS r{index}" for index, column in enumerate(plan.columns)),
        table=delimited.table_expression(copy, header, delimiter, mapping.quote, limits),
    )
    return _Raw(select, plan, table=(copy, delimiter, mapping.quote))


def _stage_xes(pieces: Any, folder: Path, mapping: LogMapping, name: str, limits: Limits) -> _Raw:
    plan = resolve(mapping, None, name)
    events, traces = path_literal(folder / "raw_events.parquet"), path_literal(folder / "raw_traces.parquet")
    select, trace_keys, event_keys = normalise.raw_of_traces(plan, events, traces)
    reader = XesReader(name, folder, trace_keys, event_keys, limits)
    reader.read(pieces)
    for part in ("activity", "timestamp"):
        for key in plan.parts[part]:
            if reader.position and not key.startswith("case:") and key not in reader.seen_event_keys:
                raise BadInput(
                    f"没有一个事件有 {part} 键",
                    f"no event has the key for {part}",
                    where=name,
                    found=", ".join(sorted(reader.seen_event_keys)[:40]),
                    expected=key,
                )
    return _Raw(select, plan.without_absent(reader.seen_trace_keys, mapping), traces=traces, events=events)


def _build(
    connection: duckdb.DuckDBPyConnection, folder: Path, raw: _Raw, mapping: LogMapping, name: str
) -> dict[str, Any]:
    shape = normalise.create_parsed(connection, raw.select, mapping, raw.plan)
    skipped = _judge(connection, raw, mapping, shape, name)
    normalise.write_output(connection, folder, mapping, raw.plan, shape, traces=raw.traces)
    row = connection.execute(
        """SELECT count(*), count(DISTINCT case_id), count(DISTINCT activity), min(time_us), max(time_us)
        FROM parsed WHERE fault IS NULL"""
    ).fetchone()
    events, cases, activities, first, last = row or (0, 0, 0, None, None)
    if not events:
        raise BadInput(
            "没有可导入的事件（检查筛选与生命周期设置）",
            "no event is left to import (see filter and lifecycle)",
            where=name,
        )
    notes = normalise.notes(connection, mapping, shape, raw.traces, raw.events)
    if skipped:
        notes["rows_skipped"] = skipped
    finished = raw.plan.end or (list(mapping.finished_activities) or None)
    return {
        "events": events,
        "cases": cases,
        "activities": activities,
        "first_us": first,
        "last_us": last,
        "end": finished,
        "due": list(raw.plan.due),
        "notes": notes,
    }


def _judge(
    connection: duckdb.DuckDBPyConnection, raw: _Raw, mapping: LogMapping, shape: normalise.Shape, name: str
) -> int:
    """Faulty rows are listed with their lines and refused; or, where the mapping says so, counted and left
    out.
    """
    found: list[tuple[int, str, str]] = []
    total = 0
    if raw.table:
        total, ragged = delimited.ragged_rows(connection)
        found = [(line, zh, en) for line, zh, en in ragged]
    row = connection.execute("SELECT count(*) FROM parsed WHERE fault IS NOT NULL").fetchone()
    faults = row[0] if row else 0
    total += faults
    if not total:
        return 0
    if mapping.bad_rows == "skip":
        return total
    rows = connection.execute(
        "SELECT position, line, fault, fault_text FROM parsed WHERE fault IS NOT NULL ORDER BY position LIMIT ?",
        [SHOWN],
    ).fetchall()
    lines = {} if raw.table is None else delimited.lines_of(raw.table[0], [row[0] for row in rows], *raw.table[1:])
    # a ragged row is not among the positions, so where there are any, lines are those of the file's own count
    for position, line, fault, text in rows:
        check = shape.checks[fault]
        shown = f" ({str(text)[:80]!r})" if text is not None else ""
        place = line if line is not None else lines.get(position, 0)
        found.append((place, f"{check.field}：{check.zh}{shown}", f"{check.field}: {check.en}{shown}"))
    raise _refused(sorted(found)[:SHOWN], total, name)


def _refused(found: Sequence[tuple[int, str, str]], total: int, name: str) -> BadInput:
    return BadInput(
        f"共 {total} 行有误" + "".join(f"\n  {name}:{line} {zh}" for line, zh, _ in found),
        f"{total} rows are faulty" + "".join(f"\n  {name}:{line} {en}" for line, _, en in found),
        where=name,
    )


def _commit(state: Path, folder: Path, about: dict[str, Any], replace: bool) -> Source:
    for path in folder.iterdir():
        if path.name not in (sources.EVENTS, sources.CASES, *ocel.PARTS.values()):
            _remove(path)
    about["output"] = {
        path.name: {"sha256": opening.file_sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
    }
    home = sources.shelf(state)
    with sources.locked(home):
        present = sources.find_source(state, about["name"])
        if present is not None and not replace:
            raise Conflict("这个名称刚被另一次导入占用", "another import has just taken this name", found=about["name"])
        about["replaces"] = present.id if present else None
        about["id"] = sources.source_id(about)
        return sources.commit(folder, home, about)


def _remove(path: Path) -> None:
    if path.is_dir():
        for inner in path.iterdir():
            _remove(inner)
        path.rmdir()
    else:
        path.unlink()
