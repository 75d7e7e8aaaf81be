# SPDX-License-Identifier: Apache-2.0
"""Conditions of city files: CEL, compiled and type-checked against declared variables, never `eval`.

CEL has no loops but over given lists, no side effects, and its `matches` is RE2: a condition always ends.
Dates are CEL timestamps at midnight UTC: `birth_date < timestamp("2026-01-01T00:00:00Z")`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Any

from cel_expr_python import cel

from zhengtong.errors import BadInput

TYPES: dict[str, Any] = {
    "string": cel.Type.STRING,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "bool": cel.Type.BOOL,
    "timestamp": cel.Type.TIMESTAMP,
    "list": cel.Type.List(cel.Type.STRING),
    "dyn": cel.Type.DYN,
}
"""Names callers use. `list` holds strings; `dyn` is for a variable whose own definition is broken."""

PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "double": (float, int),
    "bool": (bool,),
    "timestamp": (datetime, date, str),
    "list": (list, tuple, frozenset),
}
ANSWERS = 1_000
"""Answers a condition remembers at most."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REPEATED = re.compile(r"(\[\^?(?:\\.|[^\]\\\[])+\])\{(\d{1,3})(?:(,)(\d{0,3}))?\}", re.DOTALL)
"""One class of characters, so many times."""
_FAULT = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \||\nERROR: | \[[A-Z_]+\]|\Z)", re.S)
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_SYNTAX = "Syntax error: "


class BadCondition(BadInput):
    """A condition that cannot be used; `line` and `column` count from 1 within its text."""

    code = "bad_condition"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        line: int = 1,
        column: int = 1,
        found: object = None,
        expected: object = None,
    ) -> None:
        super().__init__(zh, en, found=found, expected=expected)
        self.line, self.column = line, column


@dataclass(frozen=True)
class Program:
    """A compiled condition. Threads may share it."""

    expression: str
    variables: tuple[tuple[str, str], ...]
    _compiled: Any
    _answers: dict[tuple[object, ...], bool | str] = field(default_factory=dict, repr=False, compare=False)
    """Answers given before, or why there is none: cases of one situation ask the same, and CEL takes a millisecond."""

    @cached_property
    def mentioned(self) -> tuple[tuple[str, str], ...]:
        """The variables whose names stand in the text: no other can matter."""
        words = set(_WORD.findall(self.expression))
        return tuple((name, kind) for name, kind in self.variables if name in words)

    def __call__(self, values: Mapping[str, object]) -> bool:
        """Whether the condition holds. `values` may hold more than the variables declared.

        Raises BadInput where a variable has a value of another type, or the evaluation itself fails: a
        variable that is needed and absent, a division by zero.
        """
        data = {name: _value(name, kind, values[name]) for name, kind in self.mentioned if name in values}
        key = tuple((name, type(it), tuple(it) if isinstance(it, list) else it) for name, it in data.items())
        value = self._answers.get(key)
        if value is None:
            result = self._compiled.eval(data=data)
            value = result.value() if result.type() == cel.Type.BOOL else str(result.value())
            if len(self._answers) >= ANSWERS:
                self._answers.clear()
            self._answers[key] = value
        if isinstance(value, bool):
            return value
        missing = re.search(r'No value with name "([^"]*)"', value)
        if missing:
            raise BadInput(
                f"判断条件需要“{missing[1]}”，但没有填",
                f"the condition needs {missing[1]}, which has no value",
                where=self.expression,
            )
        raise BadInput(
            "条件算不出结果",
            "the condition cannot be evaluated",
            where=self.expression,
            found=value[:200],
        )


def compile_condition(expression: str, variables: Mapping[str, str]) -> Program:
    """Compile and type-check; `variables` maps names to `string|int|bool|timestamp|double|list`.

    Raises BadCondition with the column for a syntax error, an unknown name (naming the nearest), a
    comparison of different types, or a result that is not true or false. The same arguments give the same
    program again.
    """
    return _compiled(expression, tuple(sorted(variables.items())))


def evaluate(expression: str, variables: Mapping[str, str], values: Mapping[str, object]) -> bool:
    """`compile_condition` and call, for callers that keep no program."""
    return compile_condition(expression, variables)(values)


def check_syntax(expression: str) -> None:
    """Raises BadCondition where the text is no CEL at all, whatever its variables mean."""
    try:
        cel.NewEnv(variables={}).compile(_encodable(expression), disable_check=True)
    except RuntimeError as error:
        raise _explain(str(error), ()) from None


@lru_cache(maxsize=4096)
def _compiled(expression: str, variables: tuple[tuple[str, str], ...]) -> Program:
    try:
        compiled = _environment(variables).compile(_encodable(expression))
    except RuntimeError as error:
        raise _explain(str(error), [name for name, _ in variables]) from None
    result = compiled.return_type()
    if result != cel.Type.BOOL:
        raise BadCondition(
            "条件的结果必须是“是”或“否”",
            "a condition must yield true or false",
            found=result.name(),
            expected="BOOL",
        )
    return Program(expression, variables, compiled)


@lru_cache(maxsize=256)
def _environment(variables: tuple[tuple[str, str], ...]) -> Any:
    return cel.NewEnv(variables={name: TYPES[kind] for name, kind in variables})


@lru_cache(maxsize=512)
def pattern(expression: str) -> Callable[[str], bool]:
    """A regular expression (RE2 syntax) as a test of the whole text, in time linear in its length.

    Raises BadCondition for what RE2 does not know, look-around and back-references among it.
    """
    text = _encodable(expression)
    program = cel.NewEnv(variables={"value": cel.Type.STRING, "pattern": cel.Type.STRING}).compile(
        "value.matches(pattern)"
    )

    def matches(value: str, whole: str) -> bool:
        answer = program.eval(data={"value": value, "pattern": whole}).value()
        if not isinstance(answer, bool):
            raise BadCondition(
                "正则表达式无效",
                "the regular expression is not valid",
                found=str(answer)[:200],
                expected="RE2",
            )
        return answer

    matches("", text)  # on its own first: `a)|(b` would only be valid inside the group
    matches("", rf"\A(?:{text})\z")
    repeated = _REPEATED.fullmatch(text)
    if repeated is None:
        return lambda value: matches(value, rf"\A(?:{text})\z")
    # RE2 compiles the pattern at every call: 7 ms for fifty copies of all Chinese characters, so ask by character.
    least, most = int(repeated[2]), int(repeated[4] or (sys.maxsize if repeated[3] else repeated[2]))
    belongs = lru_cache(maxsize=20_000)(lambda character: matches(character, rf"\A{repeated[1]}\z"))
    return lambda value: least <= len(value) <= most and all(map(belongs, value))


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The known name a reader most likely meant, if one is near."""
    found = get_close_matches(name, list(names), n=1, cutoff=0.6)
    return found[0] if found else None


def _encodable(expression: str) -> str:
    try:
        expression.encode()
    except UnicodeEncodeError as error:
        raise BadCondition(
            "条件含有无效字符", "the condition holds an invalid character", column=error.start + 1
        ) from None
    return expression


def _explain(message: str, names: Iterable[str]) -> BadCondition:
    match = _FAULT.search(message)
    if not match:
        return BadCondition("条件无效", "the condition is not valid", found=message[:200])
    line, column, text = int(match[1]), int(match[2]), match[3].strip()
    undeclared = _UNDECLARED.search(text)
    if undeclared:
        name, near = undeclared[1], nearest(undeclared[1], names)
        return BadCondition(
            f"条件第 {column} 列：没有“{name}”这个名称",
            f"the condition, column {column}: there is no {name}",
            line=line,
            column=column,
            found=name,
            expected=near,
        )
    if text.startswith(_SYNTAX):
        # the list of all tokens a parser would take helps nobody
        text = text.removeprefix(_SYNTAX).partition(" expecting {")[0]
        return BadCondition(
            f"条件第 {column} 列：语法错误",
            f"the condition, column {column}: syntax error",
            line=line,
            column=column,
            found=text[:200],
        )
    return BadCondition(
        f"条件第 {column} 列：类型不符",
        f"the condition, column {column}: the types do not fit",
        line=line,
        column=column,
        found=text[:200],
    )


def _value(name: str, kind: str, value: object) -> object:
    """`value` as the CEL library wants it; it takes true for 1 and naive times as local ones, so both are
    refused.
    """
    fits = kind == "dyn" or (isinstance(value, PYTHON[kind]) and (kind == "bool" or not isinstance(value, bool)))
    if fits and kind == "timestamp":
        if isinstance(value, str):
            value = _midnight(value)
        elif isinstance(value, datetime):
            fits = value.tzinfo is not None
        elif isinstance(value, date):
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        fits = fits and value is not None
    if not fits:
        raise BadInput(
            f"“{name}”的值类型不对",
            f"{name} has a value of the wrong type",
            found=f"{value!r}"[:80],
            expected=kind,
        )
    return list(value) if isinstance(value, tuple | frozenset) else value


def _midnight(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text + "T00:00:00+00:00") if len(text) == 10 else None
    except ValueError:
        return None
