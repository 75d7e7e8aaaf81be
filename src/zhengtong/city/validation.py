# SPDX-License-Identifier: Apache-2.0
"""One object of a city file against its model: Pydantic's errors as faults with line, found and expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from zhengtong.city.conditions import nearest
from zhengtong.city.marks import Path, find
from zhengtong.city.source import Document, dotted
from zhengtong.errors import Fault

# what Pydantic calls it → (zh, en, expected); {…} are filled from the error's context
SENTENCES: dict[str, tuple[str, str, str]] = {
    "missing": ("缺少必填的键", "a required key is missing", ""),
    "string_type": ("应为文字", "this must be text", "文字 text"),
    "int_type": ("应为整数", "this must be a whole number", "整数 integer"),
    "int_from_float": ("应为整数", "this must be a whole number", "整数 integer"),
    "float_type": ("应为数字", "this must be a number", "数字 number"),
    "bool_type": ("应为 true 或 false", "this must be true or false", "true | false"),
    "tuple_type": ("应为列表", "this must be a list", "列表 list"),
    "list_type": ("应为列表", "this must be a list", "列表 list"),
    "frozen_set_type": ("应为列表", "this must be a list", "列表 list"),
    "set_type": ("应为列表", "this must be a list", "列表 list"),
    "dict_type": ("应为映射", "this must be a mapping", "映射 mapping"),
    "model_type": ("应为映射", "this must be a mapping", "映射 mapping"),
    "date_type": ("应为日期", "this must be a date", "YYYY-MM-DD"),
    "date_parsing": ("不是有效的日期", "this is not a valid date", "YYYY-MM-DD"),
    "date_from_datetime_parsing": ("不是有效的日期", "this is not a valid date", "YYYY-MM-DD"),
    "date_from_datetime_inexact": ("应为日期，不带时刻", "this must be a date without time", "YYYY-MM-DD"),
    "literal_error": ("不在允许的值之中", "this is not one of the values allowed", "{expected}"),
    "enum": ("不在允许的值之中", "this is not one of the values allowed", "{expected}"),
    "string_pattern_mismatch": ("写法不对", "this is not written as it must be", "{pattern}"),
    "string_too_short": ("太短", "this is too short", "≥ {min_length}"),
    "string_too_long": ("太长", "this is too long", "≤ {max_length}"),
    "too_short": ("项目太少", "there are too few entries", "≥ {min_length}"),
    "too_long": ("项目太多", "there are too many entries", "≤ {max_length}"),
    "greater_than": ("数值太小", "the number is too small", "> {gt}"),
    "greater_than_equal": ("数值太小", "the number is too small", "≥ {ge}"),
    "less_than": ("数值太大", "the number is too large", "< {lt}"),
    "less_than_equal": ("数值太大", "the number is too large", "≤ {le}"),
    "union_tag_invalid": ("不在允许的值之中", "this is not one of the values allowed", "{expected_tags}"),
    "union_tag_not_found": ("缺少区分类型的键", "the key that tells the type is missing", "{discriminator}"),
}


def validate(model: type[BaseModel], data: Any, document: Document, at: Path) -> tuple[BaseModel | None, list[Fault]]:
    """The object, or None and its faults. `at` is where `data` stands in the document."""
    try:
        # JSON in strict mode: a list is a tuple, ISO text is a date, but "1" is no number and 1 no text
        return model.model_validate_json(json.dumps(data)), []
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    except RecursionError:  # pragma: no cover - source.MAX_DEPTH keeps data far from it
        return None, [Fault(document.file, document.line(at), dotted(at), "嵌套太深", "too deeply nested")]
    return None, _faults(model, data, document, at, problems)


def _faults(model: type[BaseModel], data: Any, document: Document, at: Path, problems: list[Any]) -> list[Fault]:
    fields = {found.path: tuple(found.mark.model_fields) for found in find(model, data) if isinstance(found.mark, type)}
    faults: dict[Path, Fault] = {}
    meant: set[Path] = set()
    for problem in problems:
        if problem["type"] != "extra_forbidden":
            continue
        path = _path(data, problem["loc"])
        open_names = [n for n in fields.get(path[:-1], ()) if n not in (_at(data, path[:-1]) or {})]
        near = nearest(str(path[-1]), open_names) if path else None
        if near is not None:
            meant.add((*path[:-1], near))
        faults[path] = Fault(
            document.file,
            document.key_line((*at, *path)),
            dotted((*at, *path)),
            "没有这个键" + (f"，是不是 {near}？" if near else ""),
            "unknown key" + (f", did you mean {near}?" if near else ""),
            found=str(path[-1]) if path else "",
            expected=near or ", ".join(open_names[:8]),
        )
    for problem in problems:
        path = _path(data, problem["loc"], missing=problem["type"] == "missing")
        if problem["type"] == "extra_forbidden" or path in faults or path in meant:
            continue
        faults[path] = _fault(problem, data, document, at, path)
    return list(faults.values())


def _fault(problem: Mapping[str, Any], data: Any, document: Document, at: Path, path: Path) -> Fault:
    context: dict[str, Any] = dict(problem.get("ctx") or {})
    kind = problem["type"]
    found = "" if kind == "missing" else shown(_at(data, path))
    if kind == "zhengtong":
        zh, en, expected = context["zh"], context["en"], context["expected"]
        found = context["found"] or found
    else:
        zh, en, template = SENTENCES.get(kind, ("内容不对", str(problem["msg"]), ""))
        expected = template.format_map(context) if template else ""
    if kind == "string_type" and isinstance(_at(data, path), int | float):
        expected += f'："{_at(data, path)}"'
    return Fault(document.file, document.line((*at, *path)), dotted((*at, *path)), zh, en, found, expected)


def shown(value: Any) -> str:
    """A value as a fault shows it, short."""
    if value is None:
        return "空 null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "映射 mapping"
    if isinstance(value, list):
        return f"列表 list ({len(value)})"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _path(data: Any, loc: tuple[str | int, ...], *, missing: bool = False) -> Path:
    """Pydantic's location with the parts that are not in the data left out: names of union arms, `[key]`."""
    path: list[str | int] = []
    here = data
    for i, part in enumerate(loc):
        if isinstance(here, dict):
            inside = part in here
        else:
            inside = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if inside:
            here = here[part]
            path.append(part)
        elif missing and i == len(loc) - 1:
            path.append(part)
    return tuple(path)


def _at(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
