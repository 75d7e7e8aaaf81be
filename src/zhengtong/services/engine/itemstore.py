# SPDX-License-Identifier: Apache-2.0
"""The shelf of item lists: `STATE/items/<hash>/` with `rows.parquet`, `faults.parquet` and `manifest.json`.

A snapshot is named by the hash of its content (source, known fields, rows in order of their keys), so the same list as
CSV or Excel, in whatever order, is one snapshot. It is written aside and renamed, and never changed after.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zhengtong.errors import Contradicted, NotFound
from zhengtong.services.rules.itemfields import FIELDS, ItemValue

ROWS, FAULTS, MANIFEST = "rows.parquet", "faults.parquet", "manifest.json"
BATCH: Final = 20_000
KEY, LINE = "key", "line"
_TYPES: Final = {"whole": pa.int64(), "boolean": pa.bool_(), "list": pa.list_(pa.string())}
Row = dict[str, ItemValue | None]


@dataclass(frozen=True)
class RowFault:
    """One fault of one row: the line in the file, the column as the list calls it, what was found and expected."""

    line: int
    column: str
    field: str
    code: str
    zh: str
    en: str
    found: str
    expected: str
    rejected: bool
    """True where the row did not enter the snapshot for it."""


@dataclass(frozen=True)
class Snapshot:
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def hash(self) -> str:
        return str(self.manifest["hash"])

    @property
    def known(self) -> frozenset[str]:
        return frozenset(self.manifest["known"])

    @property
    def rows(self) -> Path:
        return self.folder / ROWS

    @property
    def faults(self) -> Path:
        return self.folder / FAULTS


def schema(known: Sequence[str]) -> pa.Schema:
    fields = [pa.field(KEY, pa.string()), pa.field(LINE, pa.int64())]
    return pa.schema(fields + [pa.field(name, _TYPES.get(FIELDS[name].type, pa.string())) for name in known])


_TEXTS: Final = ("column", "field", "code", "zh", "en", "found", "expected")
FAULT_SCHEMA = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in _TEXTS), ("rejected", pa.bool_())])


class Writer:
    """Collects rows and faults aside; `finish` gives the snapshot its name and place."""

    def __init__(self, shelf: Path, known: Sequence[str]) -> None:
        shelf.mkdir(parents=True, exist_ok=True)
        self.shelf, self.known = shelf, sorted(known)
        self.aside = Path(tempfile.mkdtemp(prefix=".tmp-", dir=shelf))
        self._schema = schema(self.known)
        self._rows = pq.ParquetWriter(self.aside / ROWS, self._schema, compression="zstd")
        self._faults = pq.ParquetWriter(self.aside / FAULTS, FAULT_SCHEMA, compression="zstd")
        self._waiting: list[dict[str, Any]] = []
        self._faulty: list[dict[str, Any]] = []
        self._hashes: list[tuple[str, bytes]] = []
        self.rows_kept = 0
        self.faults = 0
        self.rejected: set[int] = set()

    def add(self, key: str, line: int, row: Row) -> None:
        plain = json.dumps([row.get(name) for name in self.known], ensure_ascii=False, separators=(",", ":"))
        self._hashes.append((key, hashlib.sha256(plain.encode()).digest()))
        self.rows_kept += 1
        self._waiting.append({KEY: key, LINE: line, **row})
        if len(self._waiting) >= BATCH:
            self._flush()

    def fault(self, fault: RowFault) -> None:
        self.faults += 1
        if fault.rejected:
            self.rejected.add(fault.line)
        self._faulty.append(fault.__dict__)
        if len(self._faulty) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        self._rows.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))
        self._faults.write_table(pa.Table.from_pylist(self._faulty, schema=FAULT_SCHEMA))
        self._waiting, self._faulty = [], []

    def finish(self, source: str, about: Mapping[str, Any]) -> Snapshot:
        """Close the files and put the snapshot on the shelf; one of the same content already there is kept."""
        self._flush()
        self._rows.close()
        self._faults.close()
        digest = hashlib.sha256(json.dumps([source, self.known]).encode())
        for key, row in sorted(self._hashes):
            digest.update(key.encode() + b"\0" + row)
        name = digest.hexdigest()
        manifest = {
            **about,
            "hash": name,
            "source": source,
            "known": self.known,
            "rows": len(self._hashes),
            "rejected": len(self.rejected),
            "faults": self.faults,
            "files": {file: file_sha256(self.aside / file) for file in (ROWS, FAULTS)},
        }
        (self.aside / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, sort_keys=True), "utf-8")
        for written in (*self.aside.iterdir(), self.aside):
            handle = os.open(written, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        place = self.shelf / name
        if not place.exists():
            try:
                self.aside.rename(place)
            except OSError:  # another import of the same list was quicker
                if not place.exists():
                    raise
        self.discard()
        return open_snapshot(self.shelf, name)

    def discard(self) -> None:
        self._rows.close()
        self._faults.close()
        shutil.rmtree(self.aside, ignore_errors=True)


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_snapshot(shelf: Path, name: str) -> Snapshot:
    """The snapshot whose hash begins with `name` (8 digits at least). Raises NotFound, also where several do."""
    found = [one for one in shelf.glob(f"{name}*") if (one / MANIFEST).is_file()] if _is_hash(name) else []
    if len(found) != 1:
        raise NotFound(
            "没有这份事项清单快照", "there is no such snapshot of an item list",
            found=name, expected=", ".join(sorted(one.name[:12] for one in found)) or None,
        )  # fmt: skip
    return Snapshot(found[0], json.loads((found[0] / MANIFEST).read_text("utf-8")))


def _is_hash(name: str) -> bool:
    return 8 <= len(name) <= 64 and set(name) <= set("0123456789abcdef")


def verify(snapshot: Snapshot) -> None:
    """Raises Contradicted where a file is not what the import wrote."""
    for file, expected in snapshot.manifest["files"].items():
        path = snapshot.folder / file
        found = file_sha256(path) if path.is_file() else "—"
        if found != expected:
            raise Contradicted(
                "快照文件在导入之后被改动", "a file of the snapshot was changed since it was imported",
                where=f"{snapshot.hash[:12]}/{file}", found=found[:12], expected=expected[:12],
            )  # fmt: skip


def connect() -> duckdb.DuckDBPyConnection:
    """In memory; fetches no extension."""
    return duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )


def query(statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Run a statement whose names are ours (files are parameters) and fetch all of it."""
    with connect() as connection:
        return connection.execute(statement, list(parameters)).fetchall()


def iterate(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Every row as a dictionary, batch by batch."""
    with pq.ParquetFile(snapshot.rows) as file:
        for batch in file.iter_batches(batch_size=BATCH):
            yield from batch.to_pylist()


@dataclass(frozen=True)
class Change:
    key: str
    field: str
    before: object
    after: object


@dataclass(frozen=True)
class Difference:
    """`added` and `removed` are (key, name); `changed` holds one entry a field, in order of keys."""

    added: list[tuple[str, str]]
    removed: list[tuple[str, str]]
    changed: list[Change]


def diff(before: Snapshot, after: Snapshot) -> Difference:
    """Items added, removed and changed, by key; only fields that both lists carry are compared."""
    changed = [
        Change(str(key), field, old, new)
        for field in sorted(before.known & after.known)
        for key, old, new in query(_CHANGED.substitute(field=field), [str(before.rows), str(after.rows)])
    ]
    return Difference(_only_in(after, before), _only_in(before, after), sorted(changed, key=lambda c: (c.key, c.field)))


_CHANGED = Template(
    "SELECT key, o.$field, n.$field FROM read_parquet(?) o JOIN read_parquet(?) n USING (key) "
    "WHERE o.$field IS DISTINCT FROM n.$field"
)
_ONLY = Template("SELECT key, $name FROM read_parquet(?) a ANTI JOIN read_parquet(?) b USING (key) ORDER BY key")


def _only_in(one: Snapshot, other: Snapshot) -> list[tuple[str, str]]:
    name = "coalesce(a.name, '')" if "name" in one.known else "''"
    return [(str(key), str(word)) for key, word in query(_ONLY.substitute(name=name), [str(one.rows), str(other.rows)])]
