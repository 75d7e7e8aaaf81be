# SPDX-License-Identifier: Apache-2.0
"""From the rows of another system's tables to cases, each row checked, every fault with its table and row.

Nothing is guessed: an unknown code, a time that cannot be read, a case number that stands twice or belongs to no
application is a fault, and a case with a fault is left out whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from zhengtong.services.engine.case_mapping import TABLES, CaseMap
from zhengtong.services.engine.case_tables import Row, read_table
from zhengtong.services.rules.imported import SourceCase, Special, Stage, When, problems

_TIME = re.compile(
    r"(\d{4})[-/年.](\d{1,2})[-/月.](\d{1,2})日?(?:[ T]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?)?秒?)?"
    r"|(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?",
    re.ASCII,
)
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", re.ASCII)


WORDS = {
    "number": ("办件编号不对", "the case number is none"),
    "duplicate": ("同一编号有两条不同的记录", "two different rows of one number"),
    "orphan": ("没有对应的申请", "there is no application of this number"),
    "time": ("时间读不出来", "the time cannot be read"),
    "days": ("天数不对", "the number of days is wrong"),
    "code": ("代码不认识", "the code is not known"),
    "outcome": ("结果不该出现在这张表", "this outcome does not belong in this table"),
    "limit": ("没有承诺时限", "there is no promised limit"),
}


@dataclass(frozen=True)
class RowFault:
    """One fault of one row; `number` the case it belongs to."""

    table: str
    row: int
    number: str
    code: str
    zh: str
    en: str
    found: str = ""
    expected: str = ""


@dataclass
class Dump:
    """What was read: the cases that are whole, the faults, and how many rows each table had."""

    cases: list[SourceCase] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)


def read_dump(folder: Path, mapping: CaseMap, services: Mapping[str, str], zone: tzinfo, now_us: int) -> Dump:
    """`services` maps item codes to keys of the city's services. Raises what `read_table` raises."""
    return _Reader(folder, mapping, services, zone, now_us).read()


class _Reader:
    def __init__(self, folder: Path, mapping: CaseMap, services: Mapping[str, str], zone: tzinfo, now_us: int) -> None:
        self.folder, self.map, self.zone, self.now_us = folder, mapping, zone, now_us
        self.services = {**services, **mapping.services}
        self.dump = Dump()
        self.applications: dict[str, tuple[int, Row]] = {}
        self.once: dict[str, dict[str, Row]] = {"acceptances": {}, "completions": {}}
        self.many: dict[str, dict[str, list[Row]]] = {"processes": {}, "specials": {}}

    def read(self) -> Dump:
        for name in TABLES:
            rows = self._rows(name)
            if name == "applications":
                self._applications(rows)
            elif name in self.once:
                self._single(name, rows)
            else:
                self._several(name, rows)
        for number, (_, row) in self.applications.items():
            case = self._case(number, row)
            if case is not None and number not in self.dump.left_out:
                self.dump.cases.append(case)
        return self.dump

    def _rows(self, name: str) -> Iterator[Row]:
        table = self.map.tables.get(name)  # type: ignore[call-overload]  # TABLES are the map's own names
        self.dump.rows[name] = 0
        if table is None:
            return
        for row in read_table(self.folder, table, self.map.encoding):
            self.dump.rows[name] += 1
            yield row

    def _fault(self, table: str, row: Row, code: str, found: str = "", expected: str = "") -> None:
        zh, en = WORDS[code]
        self._add(RowFault(table, row.number, row.values.get("number", ""), code, zh, en, found[:80], expected))

    def _add(self, fault: RowFault) -> None:
        self.dump.faults.append(fault)
        self.dump.left_out.add(fault.number)

    def _applications(self, rows: Iterable[Row]) -> None:
        for row in rows:
            number = row.values["number"]
            if not _NUMBER.fullmatch(number):
                self._fault("applications", row, "number", number)
                continue
            if number in self.applications:
                same = self.applications[number][1].values == row.values
                if not same:
                    self._fault("applications", row, "duplicate")
                continue  # the very same row twice says nothing new
            self.applications[number] = (row.number, row)

    def _known(self, table: str, row: Row) -> bool:
        if row.values["number"] in self.applications:
            return True
        self._fault(table, row, "orphan")
        return False

    def _single(self, name: str, rows: Iterable[Row]) -> None:
        for row in rows:
            if not self._known(name, row):
                continue
            other = self.once[name].setdefault(row.values["number"], row)
            if other is not row and other.values != row.values:
                self._fault(name, row, "duplicate")

    def _several(self, name: str, rows: Iterable[Row]) -> None:
        for row in rows:
            if self._known(name, row):
                self.many[name].setdefault(row.values["number"], []).append(row)

    def _when(self, table: str, row: Row, column: str) -> When | None:
        text = row.values.get(column, "")
        match = _TIME.fullmatch(text)
        if match:
            parts = [int(part) if part else 0 for part in (match.groups()[:6] if match[1] else match.groups()[6:])]
            try:
                at = datetime(*parts, tzinfo=self.zone)  # type: ignore[arg-type, misc]  # six integers
                whole = match[4] is None and match[10] is None
                return When(_us(at), whole)
            except ValueError:
                pass
        self._fault(table, row, "time", text or "-", "2026-03-09 08:30:00")
        return None

    def _days(self, table: str, row: Row, column: str) -> int | None:
        text = row.values.get(column, "")
        if not text:
            return None
        if text.isascii() and text.isdigit() and int(text) <= 3660:
            return int(text)
        self._fault(table, row, "days", text, "0–3660")
        return None

    def _coded(self, table: str, row: Row, column: str, codes: Mapping[str, Any]) -> Any:
        text = row.values.get(column, "")
        if text in codes:
            return codes[text]
        known = ", ".join(list(codes)[:12])
        self._fault(table, row, "code", text or "-", known)
        return None

    def _case(self, number: str, row: Row) -> SourceCase | None:
        before = len(self.dump.faults)
        accepted = self.once["acceptances"].get(number)
        closed = self.once["completions"].get(number)
        given: dict[str, Any] = {
            "number": number,
            "service": self._coded("applications", row, "service", self.services),
            "applied": self._when("applications", row, "at"),
            "promised_days": self._limit(row, accepted, "promised_days"),
            "statutory_days": self._limit(row, accepted, "statutory_days"),
            "stages": tuple(self._stages(number)),
            "specials": tuple(self._specials(number)),
        }
        if accepted:
            given |= self._acceptance(accepted)
        if closed:
            given |= self._completion(closed)
        if given["promised_days"] is None and self.map.missing_limit == "refuse":
            self._fault("applications", row, "limit", "", "promised_days")
        if len(self.dump.faults) > before:
            return None
        case = SourceCase(**given)
        for problem in problems(case, now_us=self.now_us):
            several = self.many.get(problem.table, {}).get(number)
            at = several[0] if several else {"acceptances": accepted, "completions": closed}.get(problem.table) or row
            self._add(RowFault(problem.table, at.number, number, problem.code, problem.zh, problem.en))
        return case

    def _limit(self, row: Row, accepted: Row | None, column: str) -> int | None:
        own = self._days("applications", row, column)
        return own if own is not None or accepted is None else self._days("acceptances", accepted, column)

    def _acceptance(self, row: Row) -> dict[str, Any]:
        outcome = "accepted"
        if "outcome" in row.values:
            outcome = self._coded("acceptances", row, "outcome", self.map.outcomes)
            if outcome not in {None, "accepted", "not_accepted"}:
                self._fault("acceptances", row, "outcome", str(outcome))
        return {"accepted": self._when("acceptances", row, "at"), "not_accepted": outcome == "not_accepted"}

    def _completion(self, row: Row) -> dict[str, Any]:
        outcome = self._coded("completions", row, "outcome", self.map.outcomes)
        if outcome in {"accepted", "not_accepted"}:
            self._fault("completions", row, "outcome", str(outcome))
        flag = row.values.get("on_time", "")
        return {
            "closed": self._when("completions", row, "at"),
            "outcome": outcome,
            "on_time": self._coded("completions", row, "on_time", self.map.flags) if flag else None,
            "result": row.values.get("result", ""),
        }

    def _stages(self, number: str) -> Iterator[Stage]:
        for row in self.many["processes"].get(number, ()):
            code, at = self._coded("processes", row, "stage", self.map.stages), self._when("processes", row, "at")
            if code and at:
                yield Stage(code, at)

    def _specials(self, number: str) -> Iterator[Special]:
        for row in self.many["specials"].get(number, ()):
            kind = self._coded("specials", row, "kind", self.map.specials)
            began = self._when("specials", row, "began")
            ended = self._when("specials", row, "ended") if row.values.get("ended") else None
            if kind and began:
                yield Special("correction" if kind.correction else "pause", began, ended, kind.pause or "")


def _us(at: datetime) -> int:
    since = at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000
