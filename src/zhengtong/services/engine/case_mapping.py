# SPDX-License-Identifier: Apache-2.0
"""Mapping files of `zhengtong cases import`: which column of which table of another system means what.

    source: hall-2025
    encoding: auto                     # utf-8, gb18030, or auto: tried in this order
    tables:
      applications: {file: 申请.csv, columns: {number: 办件编号, service: 事项编码, at: 申请时间}}
      acceptances:  {file: 受理.csv, columns: {number: 办件编号, at: 受理时间, promised_days: 承诺时限}}
      processes:    {file: 过程.csv, columns: {number: 办件编号, stage: 环节, at: 办理时间}}
      specials:     {file: 特别程序.csv, columns: {number: 办件编号, kind: 种类, began: 开始时间, ended: 结束时间}}
      completions:  {file: 办结.csv, columns: {number: 办件编号, at: 办结时间, outcome: 办结结果, on_time: 是否按时}}
    services: {A001: birth-registration}
    outcomes: {准予: granted, 不予: refused, 撤回: withdrawn, 受理: accepted, 不予受理: not_accepted}
    specials: {听证: {pause: hearing}, 补正: {correction: true}}
    stages: {初审: first_review}
    flags: {是: true, 否: false}

A table is a CSV, an Excel sheet (`sheet`) or a table of SQLite (`table`). Columns that are not named are not read, so
nothing of a person enters that nobody asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from zhengtong.city import source
from zhengtong.errors import BadInput, Fault

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
TABLES = ("applications", "acceptances", "processes", "specials", "completions")
REQUIRED = {
    "applications": ("number", "service", "at"),
    "acceptances": ("number", "at"),
    "processes": ("number", "stage", "at"),
    "specials": ("number", "kind", "began"),
    "completions": ("number", "at", "outcome"),
}
POSSIBLE = {
    "applications": ("promised_days", "statutory_days"),
    "acceptances": ("outcome", "promised_days", "statutory_days"),
    "processes": (),
    "specials": ("ended",),
    "completions": ("on_time", "result"),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableMap(_Strict):
    """Where a table lies and what its columns are called there."""

    file: Name
    table: Name | None = None
    sheet: Name | None = None
    columns: dict[str, Name]


class SpecialMap(_Strict):
    """A special procedure is excluded time, with the city's reason, or a correction."""

    pause: Code | None = None
    correction: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.pause is None) == (not self.correction):
            raise ValueError("应写 pause 或 correction 之一 ‖ give either pause or correction")
        return self


class CaseMap(_Strict):
    """The whole mapping. `missing_limit` says what becomes of a case whose tables give no promised days."""

    source: Code
    encoding: Literal["auto", "utf-8", "gb18030"] = "auto"
    tables: dict[Literal["applications", "acceptances", "processes", "specials", "completions"], TableMap]
    services: dict[str, Code] = {}
    outcomes: dict[str, Literal["granted", "refused", "withdrawn", "accepted", "not_accepted"]]
    specials: dict[str, SpecialMap] = {}
    stages: dict[str, Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]] = {}
    flags: dict[str, bool] = {"1": True, "0": False, "是": True, "否": False}
    unit: Literal["working_days", "calendar_days"] = "working_days"
    missing_limit: Literal["refuse", "ours"] = "refuse"

    @model_validator(mode="after")
    def _columns(self) -> Self:
        for name in ("applications", "acceptances", "completions"):
            if name not in self.tables:
                raise ValueError(f"缺少表 {name} ‖ the table {name} is missing")
        for name, table in self.tables.items():
            for column in REQUIRED[name]:
                if column not in table.columns:
                    raise ValueError(f"表 {name} 缺少 {column} 一列 ‖ the table {name} needs the column {column}")
            for column in table.columns:
                if column not in (*REQUIRED[name], *POSSIBLE[name]):
                    known = ", ".join((*REQUIRED[name], *POSSIBLE[name]))
                    raise ValueError(
                        f"表 {name} 没有 {column} 这一项，可写：{known} ‖ {column} is nothing of {name}; known: {known}"
                    )
        return self


def load_case_map(path: Path) -> CaseMap:
    """Raises `BadInput` listing every fault with its line."""
    document = source.read(path, path.name)
    faults = list(document.faults)
    if document.readable and not faults:
        try:
            return CaseMap.model_validate(document.data)
        except ValidationError as error:
            faults = [_fault(document, item) for item in error.errors()]
    raise BadInput(
        f"映射文件有 {len(faults)} 处错误\n" + "\n".join(fault.say("zh") for fault in faults),
        f"the mapping file holds {len(faults)} faults\n" + "\n".join(fault.say("en") for fault in faults),
        where=document.file,
    )


def _fault(document: source.Document, item: Any) -> Fault:
    path: source.Path_ = tuple(item["loc"])
    zh, en = {
        "extra_forbidden": ("没有这个键", "there is no such key"),
        "missing": ("缺少必填项", "a required key is missing"),
        "literal_error": ("不是允许的值", "not one of the allowed values"),
    }.get(item["type"], ("值不合要求", "the value does not fit"))
    if item["type"] == "value_error":
        zh, _, en = item["msg"].removeprefix("Value error, ").partition(" ‖ ")
    value = item["input"]
    found = "" if isinstance(value, dict | list) else str(value)[:80]
    expected = str(item.get("ctx", {}).get("expected", ""))
    return Fault(document.file, document.line(path), source.dotted(path), zh, en, found, expected)
