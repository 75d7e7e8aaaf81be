# SPDX-License-Identifier: Apache-2.0
"""Between the shelf of item lists and the city: import as an act, the city's services beside a list, conformance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from zhengtong.acts.actor import Actor
from zhengtong.acts.perform import perform
from zhengtong.acts.serving import city
from zhengtong.city.load import City
from zhengtong.errors import BadInput, Contradicted
from zhengtong.services.actions.import_item_list import ImportItemList
from zhengtong.services.definition import PublicServiceFile, RegimeFile
from zhengtong.services.engine.conforming import QualityRule, conform_rows, conform_snapshot, quality_rule
from zhengtong.services.engine.itemimport import Layout, Progress, import_items
from zhengtong.services.engine.itemstore import FAULTS, ROWS, Snapshot, open_snapshot, query, verify
from zhengtong.services.item_files import ConformanceFile, ItemMapping, load_item_mapping
from zhengtong.services.models import ItemSnapshot
from zhengtong.services.rules.conformance import Judged
from zhengtong.services.rules.itemcode import check_item_code
from zhengtong.services.rules.itemfields import ItemValue

Known = frozenset[str]
OwnRow = tuple[str, str, Mapping[str, ItemValue | None], Known]


def shelf() -> Path:
    return Path(settings.ZHENGTONG_STATE) / "items"


def import_list(
    file: Path, mapping_file: Path, source: str, actor: Actor, progress: Progress | None = None
) -> Snapshot:
    """Read a list into a snapshot and record it. The file is written first: a record without its rows proves nothing,
    rows without a record are told apart by `zhengtong items list`.
    """
    if not file.is_file():
        raise BadInput("没有这个文件", "there is no such file", found=str(file))
    mapping = load_item_mapping(mapping_file)
    digest = hashlib.sha256(mapping_file.read_bytes()).hexdigest()
    about = {"mapping_sha256": digest}
    snapshot = import_items(file, layout(mapping), shelf(), source, about=about, progress=progress)
    verify(snapshot)
    m = snapshot.manifest
    action = ImportItemList(
        hash=snapshot.hash,
        source=source,
        file_sha256=m["file_sha256"],
        mapping_sha256=m["mapping_sha256"],
        rows_sha256=m["files"][ROWS],
        faults_sha256=m["files"][FAULTS],
        rows=m["rows"],
        rejected=m["rejected"],
        faults=m["faults"],
    )
    perform(action, actor, f"items/{snapshot.hash}")
    return snapshot


def layout(mapping: ItemMapping) -> Layout:
    columns = {name: (one.column, one.required, one.values, one.split) for name, one in mapping.columns.items()}
    return Layout(mapping.key, columns, mapping.encoding, mapping.delimiter, mapping.sheet, mapping.header)


def recorded(name: str) -> tuple[ItemSnapshot, Snapshot]:
    """A recorded snapshot and its files. Raises NotFound; Contradicted where the files are not those of the record."""
    snapshot = open_snapshot(shelf(), name)
    row = ItemSnapshot.objects.filter(hash=snapshot.hash).first()
    if row is None:
        raise Contradicted(
            "这份快照没有记录在案", "the record knows nothing of this snapshot", found=snapshot.hash[:12]
        )
    held = snapshot.manifest["files"]
    if (held[ROWS], held[FAULTS]) != (row.rows_sha256, row.faults_sha256):
        raise Contradicted(
            "快照与记录不符", "the snapshot is not what was recorded", where=row.hash[:12], found=held[ROWS][:12],
            expected=row.rows_sha256[:12],
        )  # fmt: skip
    verify(snapshot)
    return row, snapshot


# --- the city's own services as items -------------------------------------------------------------------------------

OWN: Known = frozenset(
    {
        "task_code", "name", "department", "item_type", "level", "kind", "statutory_days", "statutory_unit",
        "promised_days", "promised_unit", "visits", "online_depth", "online", "legal_basis", "result_name",
    }
)  # fmt: skip
"""What a service's file says of an item. Of the rest nothing is known, so nothing is judged by it."""
COMPARED = (
    "name", "kind", "statutory_days", "statutory_unit", "promised_days", "promised_unit", "visits", "online_depth",
    "result_name",
)  # fmt: skip


def own_rows(of: City) -> list[OwnRow]:
    """The city's public services as items, by their keys."""
    return [(service.key, service.department, _own(of, service), OWN) for service in of.all(PublicServiceFile)]


def _own(of: City, service: PublicServiceFile) -> dict[str, ItemValue | None]:
    regime = of.get(RegimeFile, service.regime)
    statute = service.statutory or regime.decide
    parts = check_item_code(service.code) if service.code else None
    return {
        "task_code": service.code,
        "name": service.name.zh,
        "department": service.department,
        "item_type": parts.type if parts else None,
        "level": parts.level if parts else None,
        "kind": service.kind,
        "statutory_days": statute.days if statute else None,
        "statutory_unit": statute.unit if statute else None,
        "promised_days": service.promised.days,
        "promised_unit": service.promised.unit,
        "visits": service.visits,
        "online_depth": service.online_depth,
        "online": service.online_depth > 1,
        "legal_basis": service.source.zh,
        "result_name": service.output.name.zh,
    }


@dataclass(frozen=True)
class Linked:
    """One of the city's services beside the list: `differs` holds (field, the list's, the city's); `found` False where
    the list does not hold its code."""

    service: str
    code: str
    found: bool
    differs: tuple[tuple[str, object, object], ...] = ()


def linked(snapshot: Snapshot, of: City) -> list[Linked]:
    """Which of the city's services are in the list, by code, and where they differ from it."""
    if "task_code" not in snapshot.known:
        raise BadInput("清单没有实施编码，无法对照", "the list carries no implementation codes to compare by")
    own = {str(row["task_code"]): (key, row) for key, _, row, _ in own_rows(of) if row["task_code"]}
    fields = [name for name in COMPARED if name in snapshot.known]
    marks = ", ".join("?" * len(own))
    columns = ", ".join(["task_code", *fields])
    found: dict[str, dict[str, object]] = {}
    if own:
        statement = f"SELECT {columns} FROM read_parquet(?) WHERE task_code IN ({marks}) ORDER BY line DESC"  # noqa: S608  # names are ours
        for code, *values in query(statement, [str(snapshot.rows), *own]):
            found[str(code)] = dict(zip(fields, values, strict=True))
    result = []
    for code, (key, row) in sorted(own.items(), key=lambda item: item[1][0]):
        theirs = found.get(code)
        differs = () if theirs is None else tuple((n, theirs[n], row[n]) for n in fields if theirs[n] != row[n])
        result.append(Linked(key, code, theirs is not None, differs))
    return result


# --- conformance ----------------------------------------------------------------------------------------------------


def quality_rules(of: City) -> list[QualityRule]:
    return [quality_rule(rule.key, rule.when, rule.holds) for rule in of.all(ConformanceFile)]


def conform_own(of: City) -> list[Judged]:
    """The city's own services under its rules of quality."""
    return conform_rows(own_rows(of), quality_rules(of))


def conform_list(snapshot: Snapshot, of: City | None = None) -> list[Judged]:
    """A snapshot under the city's rules. Kept while the process lives: neither of the two changes under its hash."""
    of = of or city()
    return list(_conformed(str(snapshot.folder), of.digest))


@lru_cache(maxsize=8)
def _conformed(folder: str, _digest: str) -> tuple[Judged, ...]:
    path = Path(folder)
    return tuple(conform_snapshot(open_snapshot(path.parent, path.name), quality_rules(city())))


# --- what a snapshot says of itself ---------------------------------------------------------------------------------


def fault_counts(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    """(field, code, how many), most first."""
    counted = "SELECT field, code, count(*) FROM read_parquet(?) GROUP BY ALL ORDER BY 3 DESC, 1, 2"
    return [(f, c, int(n)) for f, c, n in query(counted, [str(snapshot.faults)])]


def faults(snapshot: Snapshot, *, first: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    names = ("line", "column", "field", "code", "zh", "en", "found", "expected", "rejected")
    statement = (
        'SELECT line, "column", field, code, zh, en, found, expected, rejected FROM read_parquet(?) '
        "ORDER BY line LIMIT ? OFFSET ?"
    )
    return [dict(zip(names, row, strict=True)) for row in query(statement, [str(snapshot.faults), limit, first])]


def present(snapshot: Snapshot) -> dict[str, int]:
    """How many items carry each field."""
    counted = ", ".join(f"count({name})" for name in sorted(snapshot.known))
    ((*counts,),) = query(f"SELECT {counted} FROM read_parquet(?)", [str(snapshot.rows)])  # noqa: S608  # names are ours
    return dict(zip(sorted(snapshot.known), map(int, counts), strict=True))


def repeated_codes(snapshot: Snapshot) -> tuple[int, int]:
    """(codes that stand more than once, items that carry one of them)."""
    if "task_code" not in snapshot.known:
        return 0, 0
    statement = (
        "SELECT count(*), coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM read_parquet(?) "
        "WHERE task_code IS NOT NULL GROUP BY task_code HAVING count(*) > 1)"
    )
    ((codes, items),) = query(statement, [str(snapshot.rows)])
    return int(codes), int(items)


def names_of(snapshot: Snapshot, keys: Iterable[str]) -> dict[str, str]:
    """Names of some items, for lists of them."""
    wanted = list(keys)
    if not wanted or "name" not in snapshot.known:
        return {}
    marks = ", ".join("?" * len(wanted))
    statement = f"SELECT key, coalesce(name, '') FROM read_parquet(?) WHERE key IN ({marks})"  # noqa: S608  # only marks
    return dict(query(statement, [str(snapshot.rows), *wanted]))
