# SPDX-License-Identifier: Apache-2.0
"""City files about item lists: how codes are built (`standards/item-codes.yaml`), the rules of quality a list is held
to (`standards/conformance/`); and the mapping file of an import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from zhengtong.city import kinds, source
from zhengtong.city.definition import CodeListRef
from zhengtong.city.kinds import Condition, Definition, Key, Kind, wrong
from zhengtong.city.text import Text
from zhengtong.city.validation import validate
from zhengtong.errors import CityFaults, Fault
from zhengtong.services.choices import no_options
from zhengtong.services.rules.itemfields import FIELDS, variables

if TYPE_CHECKING:
    from zhengtong.city.load import City


class ItemCodesFile(Definition):
    """What follows the 31 characters of an implementation code, and where its parts are put into words."""

    key: Key
    name: Text
    handling_digits: Annotated[int, Field(ge=1, le=19)]
    case_digits: Annotated[int, Field(ge=1, le=12)]
    levels: CodeListRef
    types: CodeListRef
    divisions: CodeListRef | None = None
    source: Text
    verified: bool = False


class ConformanceFile(Definition):
    """One rule of quality: of the items that `when` speaks about, all should hold to `holds`."""

    key: Key
    name: Text
    severity: Literal["error", "warning"]
    when: Condition | None = None
    holds: Condition
    source: Text
    verified: bool = False


class ColumnFile(Definition):
    """Where a field stands in the list, and what the list's own words mean."""

    column: Annotated[str, Field(min_length=1, max_length=200)]
    required: bool = False
    values: dict[str, str] = {}
    split: str = ""

    @field_validator("split")
    @classmethod
    def _split(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as error:
            raise wrong("正则表达式无效", "the regular expression is not valid", found=str(error)) from None
        return text


class ItemMapping(Definition):
    """A mapping file: which column is which field. A column by its name alone stands for itself."""

    key: Literal["item_id", "task_code", "handling_code"]
    encoding: Literal["auto", "utf-8", "gb18030"] = "auto"
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    sheet: str = ""
    header: Annotated[int, Field(ge=1, le=50)] = 1
    columns: dict[str, ColumnFile]

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, columns: Any) -> Any:
        if not isinstance(columns, dict):
            return columns
        return {name: {"column": one} if isinstance(one, str) else one for name, one in columns.items()}

    @model_validator(mode="after")
    def _known(self) -> ItemMapping:
        for name in self.columns:
            if name not in FIELDS:
                raise wrong("没有这个字段", "there is no such field", found=name, expected=", ".join(FIELDS))
        if self.key not in self.columns:
            raise wrong("主键没有对应的列", "the key has no column", found=self.key, expected=f"columns.{self.key}")
        for name, one in self.columns.items():
            options = FIELDS[name].options
            for word in one.values.values():
                if options and word not in options:
                    raise wrong("没有这个选项", "there is no such choice", found=word, expected=" | ".join(options))
        return self

    @property
    def known(self) -> frozenset[str]:
        """The fields the list carries."""
        return frozenset(self.columns)


def load_item_mapping(path: Path) -> ItemMapping:
    """Raises CityFaults naming every fault of the file with its line."""
    document = source.read(path, path.name)
    value, faults = validate(ItemMapping, document.data, document, ()) if document.readable else (None, [])
    if document.faults or faults or not isinstance(value, ItemMapping):
        empty = [Fault(path.name, 1, "", "映射文件应为一组键值", "a mapping file is a set of keys and values")]
        raise CityFaults(sorted({*document.faults, *faults}) or empty)
    return value


def check_conformance(city: City, rule: ConformanceFile) -> Iterable[Fault]:
    """Conditions that compare a field with what it can never be."""
    choices = {field.name: field.options for field in FIELDS.values() if field.options}
    for name, condition in (("when", rule.when), ("holds", rule.holds)):
        for no in no_options(condition or "", {key: (*options, "") for key, options in choices.items()}):
            yield city.fault(
                "conformance", rule.key, (name,),
                f"“{no.name}”没有这个选项，条件永远不会成立", f"{no.name} has no such option; this can never hold",
                found=no.found, expected=", ".join(filter(None, no.options)),
            )  # fmt: skip


def _item_variables(_city: City, _rule: Any) -> Mapping[str, str]:
    return variables()


kinds.register(
    Kind("item-codes", "standards/item-codes.yaml", ItemCodesFile, Text(zh="事项编码规则", en="rules of item codes"))
)
kinds.register(
    Kind(
        "conformance",
        "standards/conformance",
        ConformanceFile,
        Text(zh="事项质量规则", en="rule of quality"),
        one_per_file=False,
        variables=_item_variables,
        check=check_conformance,
    )
)
