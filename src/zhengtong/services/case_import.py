# SPDX-License-Identifier: Apache-2.0
"""Bringing another system's case tables into the record: many cases in one transaction, each an act of its own."""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import Bulk, bulk, now_us
from zhengtong.acts.serving import city
from zhengtong.city.spreadsheets import harmless
from zhengtong.errors import BadInput, ZhengtongError
from zhengtong.ledger.ids import new_id
from zhengtong.ledger.rules.canonical import canonical
from zhengtong.services.actions.import_case import ImportCase
from zhengtong.services.casework import calendar
from zhengtong.services.definition import PublicServiceFile
from zhengtong.services.engine.case_mapping import CaseMap
from zhengtong.services.engine.case_reading import RowFault, read_dump
from zhengtong.services.models import ImportedCase
from zhengtong.services.rules.imported import SourceCase

BATCH = 200
Progress = Callable[[int, int], None]


@dataclass
class Report:
    """What one import did. `on_time` compares the source's own flag with our clock: agree, only_ours (late by our clock
    alone), only_theirs (late by theirs alone), not_told."""

    source: str
    dry_run: bool
    rows: Mapping[str, int]
    cases: Counter[str] = field(default_factory=Counter)
    on_time: Counter[str] = field(default_factory=Counter)
    faults: list[RowFault] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rows_per_second(self) -> int:
        return round(sum(self.rows.values()) / self.seconds) if self.seconds else 0

    def plain(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "dry_run": self.dry_run,
            "rows": dict(self.rows),
            "cases": dict(self.cases),
            "on_time": dict(self.on_time),
            "rows_per_second": self.rows_per_second,
            "faults": [asdict(fault) for fault in self.faults],
        }


@dataclass(frozen=True)
class ServiceOfSource:
    """What one source told of one service. `closed` are those decided; late also what is late and still open."""

    source: str
    service: str
    cases: int
    closed: int
    late: int
    late_there: int
    differ: int


def imported_figures() -> list[ServiceOfSource]:
    """On time by our clock and by the source's own flag, service by service."""
    late, late_there = Q(late=True), Q(source_on_time=False)
    differ = (late & Q(source_on_time=True)) | (Q(late=False) & late_there)
    rows = ImportedCase.objects.values("source", "service").annotate(
        cases=Count("id"),
        closed=Count("id", filter=Q(late__isnull=False, case__closed_us__isnull=False)),
        late_ones=Count("id", filter=late),
        late_there=Count("id", filter=late_there),
        differ=Count("id", filter=differ),
    )
    names = ("source", "service", "cases", "closed", "late_ones", "late_there", "differ")
    return [ServiceOfSource(*row) for row in rows.order_by("source", "service").values_list(*names)]


def import_cases(folder: Path, mapping: CaseMap, *, dry_run: bool = False, progress: Progress | None = None) -> Report:
    """Read, check and import. A dry run does all of it and keeps nothing. Raises what reading a table raises; what is
    wrong with single rows and cases stands in the report."""
    began = time.perf_counter()
    dump = read_dump(folder, mapping, _codes(), calendar().zone, now_us())
    report = Report(mapping.source, dry_run, dump.rows, faults=list(dump.faults))
    report.cases["left_out"] = len(dump.left_out)
    known = dict(ImportedCase.objects.filter(source=mapping.source).values_list("source_number", "content"))
    told = [(case, _content(case, mapping)) for case in dump.cases]
    new = [(case, content) for case, content in told if known.get(case.number) != content]
    report.cases["unchanged"] = len(told) - len(new)
    for start in range(0, len(new), BATCH):
        with bulk() as batch:
            for case, content in new[start : start + BATCH]:
                _one(batch, ImportCase(mapping.source, content, mapping.unit, case), report)
            if dry_run:
                transaction.set_rollback(True)
        if progress:
            progress(min(start + BATCH, len(new)), len(new))
    report.seconds = time.perf_counter() - began
    return report


def _codes() -> dict[str, str]:
    """Item codes that mean a service of this city: the service's own key, and its 31 characters."""
    found: dict[str, str] = {}
    for service in city().all(PublicServiceFile):
        found[service.key] = service.key
        if service.code:
            found[service.code] = service.key
    return found


def _content(told: SourceCase, mapping: CaseMap) -> str:
    """SHA-256 of what the source says of a case: the same again is nothing new."""
    return hashlib.sha256(canonical({"told": asdict(told), "unit": mapping.unit})).hexdigest()


def _one(batch: Bulk, action: ImportCase, report: Report) -> None:
    told = action.told
    try:
        result = batch.attempt(action, SYSTEM, f"import/{new_id()}").result
    except ZhengtongError as error:
        report.cases["left_out"] += 1
        expected = str(error.expected or "")
        report.faults.append(
            RowFault(
                "applications", 0, told.number, error.code, error.zh, error.en, str(error.found or "")[:200], expected
            )
        )
        return
    report.cases[result["done"]] += 1
    if result["late"] is not None:
        report.on_time[_compared(result["late"], told.on_time)] += 1


def _compared(late: bool, on_time: bool | None) -> str:
    if on_time is None:
        return "not_told"
    if late == (not on_time):
        return "agree"
    return "only_ours" if late else "only_theirs"


def write_report(report: Report, path: Path) -> None:
    """The whole report as JSON, or its faults as CSV. Raises `BadInput` for another ending."""
    match path.suffix.lower():
        case ".json":
            path.write_text(json.dumps(report.plain(), ensure_ascii=False, indent=2) + "\n", "utf-8")
        case ".csv":
            _faults_as_csv(report.faults, path)
        case other:
            raise BadInput(
                "报告文件须是 .json 或 .csv", "a report is .json or .csv",
                where=str(path), found=other or None, expected=".json | .csv",
            )  # fmt: skip


def _faults_as_csv(faults: Sequence[RowFault], path: Path) -> None:
    """With a mark by which Excel knows UTF-8; what looks like a formula is kept from being one."""
    names = [f.name for f in fields(RowFault)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for fault in faults:
            writer.writerow([harmless(str(getattr(fault, name))) for name in names])
