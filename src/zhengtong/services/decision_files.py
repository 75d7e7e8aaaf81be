# SPDX-License-Identifier: Apache-2.0
"""Decision tables (决策表) as city files: the model, what it compiles to, and the proof that `zhengtong check` runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field, model_validator

from zhengtong.city import kinds
from zhengtong.city.definition import CodeList, Department, Element, ElementRef, VariableName
from zhengtong.city.kinds import Definition, Key, Kind, wrong
from zhengtong.city.text import Text
from zhengtong.errors import BadInput, Fault
from zhengtong.services.rules.cells import read_cell
from zhengtong.services.rules.decisions import (
    Choices,
    DecisionTable,
    Domain,
    Gap,
    Given,
    Hit,
    Input,
    Overlap,
    Row,
    Unreachable,
    Whole,
    Words,
    flaws,
)

if TYPE_CHECKING:
    from zhengtong.city.load import City

Entry = bool | int | str


class QuestionFile(Definition):
    """A question of a life event, with the options the table answers for."""

    key: Key
    options: Annotated[list[Key], Field(min_length=2, max_length=12)]


class InputFile(Definition):
    """What the table looks at: a data element, whose domain is known, or a question."""

    element: ElementRef | None = None
    question: QuestionFile | None = None

    @model_validator(mode="after")
    def _one(self) -> InputFile:
        if (self.element is None) == (self.question is None):
            raise wrong(
                "须写 element 或 question 之一", "name either an element or a question", expected="element | question"
            )
        return self

    @property
    def name(self) -> str:
        return self.element or (self.question.key if self.question else "")


class ChoiceFile(Definition):
    key: Key
    name: Text


class DecisionOutputFile(Definition):
    """What the table says. `options` belong to a `choice`; a `department` names one of the city's."""

    key: VariableName
    name: Text
    type: Literal["choice", "integer", "boolean", "department"]
    options: list[ChoiceFile] = []
    shown: bool = True

    def variable_type(self, hit: Hit) -> str:
        if hit == "collect":
            return "list"
        return {"integer": "int", "boolean": "bool"}.get(self.type, "string")


class RuleFile(Definition):
    """One row: a cell for every input, a value for every output, in their order. `why` is told to people."""

    when: list[Entry]
    then: list[Entry]
    why: Text | None = None


class DecisionFile(Definition):
    """A decision table. Its outputs are names that the conditions of a life event listing it may use."""

    key: Key
    name: Text
    hit: Hit
    inputs: Annotated[list[InputFile], Field(min_length=1, max_length=12)]
    outputs: Annotated[list[DecisionOutputFile], Field(min_length=1, max_length=12)]
    rules: Annotated[list[RuleFile], Field(min_length=1, max_length=400)]
    source: Text
    verified: bool = False

    def variables(self) -> dict[str, str]:
        """The names its outputs give to conditions, and their CEL types."""
        return {output.key: output.variable_type(self.hit) for output in self.outputs}

    def departments(self) -> list[str]:
        """Every department that a row names."""
        places = [n for n, output in enumerate(self.outputs) if output.type == "department"]
        return list(dict.fromkeys(str(rule.then[n]) for rule in self.rules for n in places if n < len(rule.then)))

    def row_why(self, numbers: Iterable[int]) -> list[Text]:
        return [why for n in numbers if (why := self.rules[n - 1].why) is not None]

    def compiled(self, elements: Mapping[str, Element], codes: Mapping[str, CodeList]) -> DecisionTable:
        """Raises BadInput for a cell that cannot be read; `zhengtong check` has named its line before."""
        inputs = tuple(Input(one.name, domain(one, elements, codes)) for one in self.inputs)
        rows = tuple(
            Row(
                tuple(read_cell(cell, column.domain) for cell, column in zip(rule.when, inputs, strict=True)),
                {out.key: value for out, value in zip(self.outputs, rule.then, strict=True)},
            )
            for rule in self.rules
        )
        return DecisionTable(self.key, self.hit, inputs, rows)


def domain(given: InputFile, elements: Mapping[str, Element], codes: Mapping[str, CodeList]) -> Domain:
    """Which values an input may have: a data element says by its type, code list and bounds; a question by its
    options."""
    if given.question is not None:
        return Choices(tuple(given.question.options))
    element = elements[given.element or ""]
    match element.type:
        case "code":
            return Choices(tuple(codes[element.code_list or ""].names()))
        case "boolean":
            return Choices((True, False))
        case "integer":
            return Whole(element.minimum, element.maximum)
        case "date":
            return Whole((element.earliest or date.min).toordinal(), None, dates=True)
        case "text" | "address" | "id_card" | "mobile" | "uscc" | "postal_code":
            return Words()
        case _:
            assert_never(element.type)


def check_decision(city: City, decision: DecisionFile) -> Iterable[Fault]:
    """Cells and values of the wrong shape, then the proof: gaps, overlaps, rows that never apply."""
    shape = [*_names(city, decision), *_rows(city, decision)]
    yield from shape
    if shape:
        return
    try:
        found = flaws(decision.compiled(_elements(city, decision), _codes(city, decision)))
    except BadInput as fault:
        yield _told(city, decision, ("rules",), fault)
        return
    for flaw in found:
        yield _flaw(city, decision, flaw)


def _elements(city: City, decision: DecisionFile) -> dict[str, Element]:
    return {one.element: city.get(Element, one.element) for one in decision.inputs if one.element}


def _codes(city: City, decision: DecisionFile) -> dict[str, CodeList]:
    lists = (element.code_list for element in _elements(city, decision).values())
    return {key: city.get(CodeList, key) for key in lists if key}


def _names(city: City, decision: DecisionFile) -> Iterable[Fault]:
    names = [one.name for one in decision.inputs] + [one.key for one in decision.outputs]
    for index, name in enumerate(names):
        if name in names[:index]:
            group, at = ("inputs", index) if index < len(decision.inputs) else ("outputs", index - len(decision.inputs))
            yield city.fault("decision", decision.key, (group, at), "重复", "this stands twice", found=name)
    for place, output in enumerate(decision.outputs):
        here = ("outputs", place)
        if (output.type == "choice") != bool(output.options):
            yield city.fault(
                "decision", decision.key, here,
                "choice 类型要写 options，其他类型不写", "a choice has options, and no other type does",
                found=output.type, expected="type: choice + options",
            )  # fmt: skip
        if decision.hit == "collect" and output.type in {"integer", "boolean"}:
            yield city.fault(
                "decision", decision.key, (*here, "type"),
                "collect 表的结果是清单，只能是 choice 或 department",
                "a collect table lists its results; they are choices or departments",
                found=output.type, expected="choice | department",
            )  # fmt: skip


def _rows(city: City, decision: DecisionFile) -> Iterable[Fault]:
    elements, codes = _elements(city, decision), _codes(city, decision)
    domains = [domain(one, elements, codes) for one in decision.inputs]
    for index, rule in enumerate(decision.rules):
        for name, given, wanted in (("when", rule.when, decision.inputs), ("then", rule.then, decision.outputs)):
            if len(given) != len(wanted):
                yield city.fault(
                    "decision", decision.key, ("rules", index, name),
                    "这一行的格数与表头不符", "the row has not as many cells as the table has columns",
                    found=str(len(given)), expected=str(len(wanted)),
                )  # fmt: skip
        for place, (cell, of) in enumerate(zip(rule.when, domains, strict=False)):
            try:
                read_cell(cell, of)
            except BadInput as fault:
                yield _told(city, decision, ("rules", index, "when", place), fault)
        for place, (value, output) in enumerate(zip(rule.then, decision.outputs, strict=False)):
            expected = _unfit(city, value, output)
            if expected is not None:
                yield city.fault(
                    "decision", decision.key, ("rules", index, "then", place),
                    "结果的值不符合它的类型", "the value is not of the output's type",
                    found=str(value), expected=expected,
                )  # fmt: skip


def _unfit(city: City, value: Entry, output: DecisionOutputFile) -> str | None:
    """What was expected, where the value is no value of the output."""
    match output.type:
        case "integer":
            return None if isinstance(value, int) and not isinstance(value, bool) else "integer"
        case "boolean":
            return None if isinstance(value, bool) else "true | false"
        case "choice":
            keys = [option.key for option in output.options]
            return None if value in keys else ", ".join(keys)
        case "department":
            return None if isinstance(value, str) and city.has(Department, value) else "department"


def _told(city: City, decision: DecisionFile, at: tuple[str | int, ...], fault: BadInput) -> Fault:
    return city.fault(
        "decision",
        decision.key,
        at,
        fault.zh,
        fault.en,
        found=str(fault.found or ""),
        expected=str(fault.expected or ""),
    )


def _flaw(city: City, decision: DecisionFile, flaw: Gap | Overlap | Unreachable) -> Fault:
    match flaw:
        case Gap(example):
            return city.fault(
                "decision", decision.key, ("rules",),
                "决策表不完整：有的情形没有任何一行适用",
                "the decision table is incomplete: no row covers this example",
                found=_example(example), expected="每种情形都有一行 · a row for every case",
            )  # fmt: skip
        case Overlap(first, second, example):
            return city.fault(
                "decision", decision.key, ("rules", second - 1),
                f"第 {first} 行与第 {second} 行同时适用，unique 表不允许",
                f"rows {first} and {second} both apply, which a unique table does not allow",
                found=_example(example),
            )  # fmt: skip
        case Unreachable(row, behind):
            return city.fault(
                "decision", decision.key, ("rules", row - 1),
                f"第 {row} 行永远轮不到：前面的行总是先适用" if behind else f"第 {row} 行永远不会适用",
                f"row {row} " + ("is never reached: earlier rows always apply first" if behind else "can never apply"),
            )  # fmt: skip


def _example(example: Mapping[str, Given]) -> str:
    shown = {name: str(value).lower() if isinstance(value, bool) else value for name, value in example.items()}
    return ", ".join(f"{name} = {value}" for name, value in shown.items())


kinds.register(
    Kind("decision", "decisions", DecisionFile, Text(zh="决策表", en="decision table"), check=check_decision)
)
