# SPDX-License-Identifier: Apache-2.0
"""Mapping files: how the columns of somebody else's log become cases, activities and instants.

    format: csv                       # or xes; else seen from the file itself
    encoding: gb18030                 # default utf-8 (XES: what the file declares)
    delimiter: Annotated[str | None, BeforeValidator(_delimiter)] = None
    zone: Europe/Amsterdam            # of times written without one; also decides the local date of all times
    columns:
      case: Zaaknummer
      activity: Handeling
      timestamp: [Datum, Tijd]        # several are joined by a blank; or {column: Datum, formats: [dd.mm.yyyy]}
    time_formats: ["dd.mm.yyyy hh:mm"]
    case_attributes:
      due: {column: Uiterlijk, type: time}
      closed: {column: Gereed, type: time}
    end: closed                       # a case is finished when this attribute has a value
    due: [due]

Everything may be left out: the keys of the XES standard and the names pm4py writes are known. In XES a column
is a key of the event, `case:KEY` one of the trace. An OCEL log says itself what its columns are: there only
`zone`, `rename`, `finished_activities` and `case_type` (the type of object that plays the case) mean something.
Errors are `BadInput` naming file, line and field of every fault.
"""

from __future__ import annotations

import hashlib
import json
import zoneinfo
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from zhengtong.city import source
from zhengtong.errors import BadInput, Fault
from zhengtong.evaluation.engine.times import DEFAULT_FORMATS, compile_format

END_KEYS = ("enddate", "end_date", "case_end")
DUE_KEYS = ("deadline", "enddate_planned", "due", "due_date", "duedate")
START_KEYS = ("startdate", "start_date")


def _several(value: object) -> object:
    return (value,) if isinstance(value, str | int) else value


def _null_words(value: object) -> object:
    """YAML reads an unquoted NULL as nothing at all; here the word is meant."""
    given = _several(value)
    return ["NULL" if word is None else word for word in given] if isinstance(given, list | tuple) else given


def _delimiter(value: object) -> object:
    if value in ("tab", "\\t"):
        return "\t"
    if isinstance(value, str) and len(value) != 1:
        raise ValueError("分隔符应为一个字符，或 tab ‖ a delimiter is one character, or tab")
    return value


def _time_field(value: object) -> object:
    if isinstance(value, str | list | tuple):
        return {"column": value}
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]


class _Strict(BaseModel):
    # a column may well be called 2026; YAML reads that as a number
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


def _known_formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    for name in formats:
        compile_format(name)
    return formats


class TimeField(_Strict):
    """Columns joined by one blank, read by the first of `formats` that fits (default: the file's
    `time_formats`).
    """

    column: Names
    formats: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()

    _formats = field_validator("formats")(_known_formats)


Time = Annotated[TimeField, BeforeValidator(_time_field)]


class Columns(_Strict):
    case: str | None = None
    activity: str | None = None
    timestamp: Time | None = None
    start: Time | None = None
    lifecycle: str | None = None
    resource: str | None = None
    department: str | None = None


class CaseAttribute(_Strict):
    column: Names
    type: Literal["time", "int", "decimal", "text"] = "text"
    formats: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()

    _formats = field_validator("formats")(_known_formats)


class Lifecycle(_Strict):
    """Only events whose transition is in `count` (compared without case) are events of the source."""

    count: Names


class Filter(_Strict):
    column: str
    keep: Annotated[tuple[str, ...] | None, BeforeValidator(_several)] = None
    drop: Annotated[tuple[str, ...] | None, BeforeValidator(_several)] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.keep is None) == (self.drop is None):
            raise ValueError("keep 与 drop 应恰有其一 ‖ give exactly one of keep and drop")
        return self


_NO_ROLE = "{0} 不是 case_attributes 中的时间 ‖ {0} is no case attribute of type time; end and due name such"


class LogMapping(_Strict):
    format: Literal["csv", "xes", "ocel-json", "ocel-xml", "ocel-sqlite"] | None = None
    encoding: str | None = None
    delimiter: Annotated[str | None, BeforeValidator(_delimiter)] = None
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    decimal: Literal[".", ","] = "."
    zone: str | None = None
    columns: Columns = Columns()
    time_formats: Annotated[tuple[str, ...], BeforeValidator(_several)] = DEFAULT_FORMATS
    lifecycle: Lifecycle | None = None
    null_words: Annotated[tuple[str, ...], BeforeValidator(_null_words)] = ("NULL",)
    rename: dict[str, str] = {}
    filter: tuple[Filter, ...] = ()
    case_attributes: dict[Annotated[str, Field(pattern=r"^[^\W\d]\w*$")], CaseAttribute] | None = None
    end: str | None = None
    due: Annotated[tuple[str, ...], BeforeValidator(_several)] | None = None
    finished_activities: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    bad_rows: Literal["refuse", "skip"] = "refuse"
    case_type: str | None = None

    _formats = field_validator("time_formats")(_known_formats)

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                "".encode(value)
            except LookupError as error:
                raise ValueError(
                    "编码名称未知，例如 utf-8、gb18030 ‖ no known encoding, such as utf-8 or gb18030"
                ) from error
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                zoneinfo.ZoneInfo(value)
            except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(
                    "时区名称未知，例如 Asia/Shanghai ‖ no zone of the IANA table, such as Asia/Shanghai"
                ) from error
        return value

    @model_validator(mode="after")
    def _roles(self) -> Self:
        declared = self.case_attributes
        for role in (*((self.end,) if self.end else ()), *(self.due or ())):
            if declared is None:
                if role not in (*END_KEYS, *DUE_KEYS, *START_KEYS):
                    raise ValueError(_NO_ROLE.format(role))
            elif role not in declared or declared[role].type != "time":
                raise ValueError(_NO_ROLE.format(role))
        if self.end and self.finished_activities:
            raise ValueError("end 与 finished_activities 只能有其一 ‖ give either end or finished_activities, not both")
        return self

    def attributes(self) -> dict[str, CaseAttribute]:
        """Those declared, else the well-known instants of a case (kept only where the log has them)."""
        if self.case_attributes is not None:
            return self.case_attributes
        return {key: CaseAttribute(column=(f"case:{key}",), type="time") for key in (*START_KEYS, *END_KEYS, *DUE_KEYS)}

    def in_zone(self, zone: str) -> LogMapping:
        """The same mapping with another zone. Raises `BadInput` for an unknown one."""
        return parse_mapping(json.dumps({"zone": zone}), "--zone").model_copy(update=self._but("zone"))

    def for_case_type(self, case_type: str) -> LogMapping:
        """The same mapping with another type of object as the case (OCEL only)."""
        return LogMapping(case_type=case_type).model_copy(update=self._but("case_type"))

    def _but(self, key: str) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set if name != key}

    def digest(self) -> str:
        """SHA-256 of the meaning: the same mapping in another layout has the same one."""
        meaning = self.model_dump(mode="json")
        if self.case_type is None:
            del meaning["case_type"]  # which came later: sources imported before keep their digest
        text = json.dumps(meaning, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_mapping(path: Path) -> LogMapping:
    """Raises `BadInput` listing every fault with its line."""
    return _checked(source.read(path, path.name))


def parse_mapping(text: str, name: str) -> LogMapping:
    """`load_mapping` for text already at hand; `name` is what faults call it."""
    return _checked(source.parse(text.encode(), name))


def _checked(document: source.Document) -> LogMapping:
    faults = list(document.faults)
    mapping = LogMapping()
    if document.readable and isinstance(document.data, dict):
        try:
            mapping = LogMapping.model_validate(document.data)
        except ValidationError as error:
            faults.extend(_fault(document, item) for item in error.errors())
    elif document.data is not None:
        kind = type(document.data).__name__
        faults.append(
            Fault(document.file, 1, "", "映射文件应为一组键值", "a mapping file is a set of keys and values", kind)
        )
    if faults:
        listed = sorted(set(faults))
        raise BadInput(
            f"映射文件有 {len(listed)} 处错误\n" + "\n".join(fault.say("zh") for fault in listed),
            f"the mapping file holds {len(listed)} faults\n" + "\n".join(fault.say("en") for fault in listed),
            where=document.file,
        )
    return mapping


_SENTENCES = {
    "extra_forbidden": ("没有这个键", "there is no such key"),
    "missing": ("缺少必填项", "a required key is missing"),
    "literal_error": ("不是允许的值", "not one of the allowed values"),
    "string_type": ("应为文字", "should be text"),
    "string_too_long": ("文字过长", "the text is too long"),
    "string_too_short": ("文字过短", "the text is too short"),
    "string_pattern_mismatch": (
        "名称只能由文字、数字和下划线组成",
        "a name is made of letters, digits and underscores",
    ),
    "tuple_type": ("应为列表", "should be a list"),
    "dict_type": ("应为一组键值", "should be keys and values"),
    "model_type": ("应为一组键值", "should be keys and values"),
    "too_short": ("不应为空", "should not be empty"),
}


def _fault(document: source.Document, item: Any) -> Fault:
    """A validator of ours says both sentences in one, with a double bar between."""
    path: source.Path_ = tuple(item["loc"])
    zh, en = _SENTENCES.get(item["type"], ("值不合要求", "the value does not fit"))
    expected = str(item.get("ctx", {}).get("expected", ""))
    if item["type"] == "value_error":
        zh, _, en = item["msg"].removeprefix("Value error, ").partition(" ‖ ")
    elif item["type"] == "extra_forbidden":
        expected = ", ".join(LogMapping.model_fields) if len(path) == 1 else ""
    value = item["input"]
    found = "" if isinstance(value, dict | list | tuple) else str(value)[:80]
    return Fault(document.file, document.line(path), source.dotted(path), zh, en, found, expected)
