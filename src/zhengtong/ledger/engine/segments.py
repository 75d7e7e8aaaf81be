# SPDX-License-Identifier: Apache-2.0
"""The sealed record as immutable Parquet: leaf ranges, listed in a manifest that is renamed last.

A reader who opened a manifest keeps a whole picture: files a rewrite no longer lists stay until the rewrite after it.
Order is the tree's, so an event that was committed late simply lies in a later segment.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zhengtong.errors import Contradicted

FORMAT = 1
EVENTS = pa.schema(
    [
        ("leaf_index", pa.int64()),
        ("event_id", pa.string()),
        ("act", pa.string()),
        ("type", pa.string()),
        ("time_us", pa.int64()),
        ("recorded_us", pa.int64()),
        ("actor", pa.string()),
        ("department", pa.string()),
        ("attributes", pa.string()),
    ]
)
"""Times are µs since 1970 UTC; `attributes` is JSON text."""
OBJECTS = pa.schema(
    [
        ("leaf_index", pa.int64()),
        ("event_id", pa.string()),
        ("object_type", pa.string()),
        ("object_id", pa.string()),
        ("qualifier", pa.string()),
    ]
)
COMPACT_BELOW = 100_000
"""Leaves below which neighbouring segments are merged."""

COMPACT_LEAST = 8
"""Small neighbours it takes to merge them: each leaf is then rewritten a few times, not at every sealing."""

Row = tuple[object, ...]
Chunk = tuple[Sequence[Row], Sequence[Row]]
"""Rows of `EVENTS` and of `OBJECTS` for the same leaves, in order of leaves."""


@dataclass(frozen=True)
class Segment:
    """Leaves `[start, end)`: two files and the SHA-256 of each."""

    start: int
    end: int
    events: str
    objects: str
    events_sha256: str
    objects_sha256: str


@dataclass(frozen=True)
class Manifest:
    """`root` (hex) is the tree's at `size` leaves: tying the files to one log. `retired` files go next time."""

    origin: str
    size: int = 0
    root: str = ""
    segments: tuple[Segment, ...] = ()
    retired: tuple[str, ...] = field(default=())


class Segments:
    """The segments of the log named `origin` in `folder`."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder, self.origin = folder, origin

    def manifest(self) -> Manifest:
        """The current manifest, an empty one where there is none. Raises `Contradicted` for another log's."""
        path = self.folder / "manifest.json"
        if not path.exists():
            return Manifest(self.origin)
        try:
            read = json.loads(path.read_text("utf-8"))
            if read.pop("format") != FORMAT:
                raise ValueError("format")
            segments = tuple(Segment(**one) for one in read.pop("segments"))
            manifest = Manifest(**{**read, "retired": tuple(read["retired"])}, segments=segments)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Contradicted("分段清单已损坏", "the manifest of segments is damaged", where=path.name) from None
        if manifest.origin != self.origin:
            raise Contradicted(
                "分段清单属于另一日志",
                "the manifest of segments belongs to another log",
                found=manifest.origin,
                expected=self.origin,
            )
        return manifest

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The one writer's lock, waited for."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def add(self, chunks: Iterable[Chunk], *, end: int, root: str) -> Manifest:
        """Write the leaves from the manifest's size up to `end` as one segment. Call within `writing()`.

        Raises `Contradicted` unless `chunks` holds exactly those leaves, in order; the manifest then stays.
        """
        before = self.manifest()
        if end == before.size:
            return before
        made = self._write(before.size, end, chunks)
        return self._publish(
            replace(before, size=end, root=root, segments=(*before.segments, made), retired=()),
            before.retired,
        )

    def compact(self, below: int = COMPACT_BELOW, least: int = COMPACT_LEAST) -> Manifest:
        """Merge runs of `least` or more neighbours smaller than `below` leaves. Call within `writing()`."""
        before = self.manifest()
        kept: list[Segment] = []
        replaced: list[str] = []
        for run in _runs(before.segments, below):
            if len(run) < max(2, least):
                kept += run
                continue
            kept.append(self._write(run[0].start, run[-1].end, self._chunks(run)))
            replaced += [name for one in run for name in (one.events, one.objects)]
        if not replaced:
            return before
        return self._publish(replace(before, segments=tuple(kept), retired=tuple(replaced)), before.retired)

    def verify(self) -> list[str]:
        """Names of listed files whose content is no longer what was written, or that are gone."""
        wrong = []
        for one in self.manifest().segments:
            for name, expected in ((one.events, one.events_sha256), (one.objects, one.objects_sha256)):
                path = self.folder / name
                if not path.exists() or _sha256(path) != expected:
                    wrong.append(name)
        return wrong

    def connect(self, as_of: int | None = None) -> tuple[duckdb.DuckDBPyConnection, int]:
        """A DuckDB connection with views `events` and `event_objects`, and the number of leaves they show.

        `as_of` shows the record as it was when the tree had that many leaves.
        """
        manifest = self.manifest()
        leaves = manifest.size if as_of is None else max(0, min(as_of, manifest.size))
        connection = duckdb.connect()
        used = [one for one in manifest.segments if one.start < leaves]
        for view, schema, names in (
            ("events", EVENTS, [one.events for one in used]),
            ("event_objects", OBJECTS, [one.objects for one in used]),
        ):
            if names:
                files = connection.read_parquet([str(self.folder / name) for name in names])
                files.filter(f"leaf_index < {leaves}").create_view(view)
            else:
                connection.register(view, schema.empty_table())
        return connection, leaves

    def _chunks(self, run: Sequence[Segment]) -> Iterator[Chunk]:
        """The rows of segments, a row group at a time."""
        for one in run:
            objects = pq.read_table(self.folder / one.objects)
            rows = list(zip(*(column.to_pylist() for column in objects.columns), strict=True))
            at = 0
            for batch in pq.ParquetFile(self.folder / one.events).iter_batches():
                events = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
                stop = at
                while stop < len(rows) and rows[stop][0] <= events[-1][0]:
                    stop += 1
                yield events, rows[at:stop]
                at = stop

    def _write(self, start: int, end: int, chunks: Iterable[Chunk]) -> Segment:
        stem = f"{start:012d}-{end:012d}-{secrets.token_hex(4)}"
        names = f"{stem}.events.parquet", f"{stem}.objects.parquet"
        paths = [self.folder / name for name in names]
        at = start
        try:
            with (
                pq.ParquetWriter(paths[0], EVENTS, compression="zstd") as events,
                pq.ParquetWriter(paths[1], OBJECTS, compression="zstd") as objects,
            ):
                for event_rows, object_rows in chunks:
                    if [row[0] for row in event_rows] != list(range(at, at + len(event_rows))):
                        raise _gap(at)
                    at += len(event_rows)
                    events.write_table(_table(event_rows, EVENTS))
                    objects.write_table(_table(object_rows, OBJECTS))
            if at != end:
                raise _gap(at)
        except BaseException:
            for path in paths:
                path.unlink(missing_ok=True)
            raise
        for path in paths:
            _sync(path)
        return Segment(start, end, *names, _sha256(paths[0]), _sha256(paths[1]))

    def _publish(self, manifest: Manifest, gone: Sequence[str]) -> Manifest:
        path = self.folder / "manifest.json"
        aside = path.with_name(f".manifest.{secrets.token_hex(8)}")
        aside.write_text(json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1), "utf-8")
        _sync(aside)
        aside.replace(path)
        _sync(self.folder)
        for name in gone:
            (self.folder / name).unlink(missing_ok=True)
        return manifest


def _runs(segments: Sequence[Segment], below: int) -> list[list[Segment]]:
    """Neighbours grouped so that each group of several is of small segments and stops once it is large enough."""
    runs: list[list[Segment]] = []
    for one in segments:
        small = one.end - one.start < below
        last = runs[-1] if runs else []
        if small and last and last[-1].end - last[-1].start < below and last[-1].end - last[0].start < below:
            last.append(one)
        else:
            runs.append([one])
    return runs


def _table(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, entry.type) for column, entry in zip(columns, schema, strict=True)], schema)


def _gap(at: int) -> Contradicted:
    return Contradicted(
        "要写入分段的叶不连续，请运行 ledger audit",
        "the leaves for a segment are not contiguous; run ledger audit",
        found=f"leaf {at}",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
