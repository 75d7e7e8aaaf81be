# SPDX-License-Identifier: Apache-2.0
"""A published life event: everything a case needs of the city's files, frozen and named by its content's hash.

Running cases stay on the version they began with, whatever the files say later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from zhengtong.city.conditions import evaluate
from zhengtong.city.definition import CodeList, Department, Element
from zhengtong.city.elements import Value, read_value
from zhengtong.city.load import City
from zhengtong.city.text import Text
from zhengtong.errors import BadInput, FormFaults, NotFound, ZhengtongError
from zhengtong.ledger.rules.canonical import canonical
from zhengtong.services.decision_files import DecisionFile
from zhengtong.services.definition import (
    LifeEventFile,
    MaterialFile,
    PublicServiceFile,
    ReasonFile,
    RegimeFile,
    RemedyFile,
    needs,
    step_plan,
)
from zhengtong.services.rules.decisions import Decided, DecisionTable, decide
from zhengtong.services.rules.plan import Plan, StepPlan, ordered
from zhengtong.services.rules.regimes import Allowance, Extension, LimitKind, Regime, Source, Terms
from zhengtong.services.special_files import LimitFile

Answers = Mapping[str, str]
Values = Mapping[str, Value]


@dataclass(frozen=True)
class Field:
    """One question of the one form, and the services that need its answer."""

    element: Element
    codes: Mapping[str, Text]
    services: tuple[str, ...]
    asked: bool  # False: this situation does not ask it


@dataclass(frozen=True)
class MaterialAsk:
    """A material the applicant has to bring, or that another step of the case brings."""

    material: MaterialFile
    services: tuple[str, ...]
    asked: bool


@dataclass(frozen=True)
class LifeEvent:
    """The compiled version. `hash` names its content."""

    hash: str
    event: LifeEventFile
    services: Mapping[str, PublicServiceFile]
    elements: Mapping[str, Element]
    codes: Mapping[str, CodeList]
    regimes: Mapping[str, RegimeFile]
    reasons: Mapping[str, ReasonFile]
    remedies: Mapping[str, RemedyFile]
    departments: Mapping[str, Department]
    division: str
    variables: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[str, DecisionFile] = field(default_factory=dict)
    tables: Mapping[str, DecisionTable] = field(default_factory=dict)
    _terms: dict[str, Terms] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key(self) -> str:
        return self.event.key

    def _holds(self, condition: str | None, answers: Answers, values: Values) -> bool:
        """A condition over what is known so far; an answer still missing makes it false."""
        if condition is None:
            return True
        said = {name: value for one in self.decided(answers, values).values() for name, value in one.outputs.items()}
        try:
            return evaluate(condition, self.variables, {**values, **answers, **said})
        except BadInput:
            return False

    def decided(self, answers: Answers, values: Values) -> dict[str, Decided]:
        """What each decision table says; one that still waits for an answer is left out."""
        found: dict[str, Decided] = {}
        for key, table in self.tables.items():
            try:
                found[key] = decide(table, {**values, **answers})
            except BadInput:
                continue
        return found

    def check_answers(self, answers: Answers) -> dict[str, str]:
        """The answers to the situation questions. Raises `FormFaults` for one that is missing or no option."""
        faults: dict[str, ZhengtongError] = {}
        for situation in self.event.situations:
            options = [option.key for option in situation.options]
            if answers.get(situation.key) not in options:
                faults[situation.key] = BadInput("请选择一项", "please choose one")
        if faults:
            raise FormFaults(faults)
        return {situation.key: answers[situation.key] for situation in self.event.situations}

    def uses(self, answers: Answers, values: Values | None = None) -> list[PublicServiceFile]:
        """The services this situation needs."""
        return [
            self.services[use.service] for use in self.event.services if self._holds(use.when, answers, values or {})
        ]

    def plan(self, answers: Answers, values: Values) -> Plan:
        """The steps of a case in this situation."""
        services = self.uses(answers, values)
        waits = needs(services)
        return ordered(self._step(s, waits[s.key], answers, values) for s in services)

    def _step(self, service: PublicServiceFile, waits: frozenset[str], answers: Answers, values: Values) -> StepPlan:
        """The step of a service, of the department that a decision names where the life event leaves it to one."""
        step = step_plan(service, self.regimes[service.regime], waits, self.event)
        named = next((use.department_from for use in self.event.services if use.service == service.key), None)
        if named is not None:
            for one in self.decided(answers, values).values():
                if named in one.outputs:
                    return replace(step, department=str(one.outputs[named]))
        return step

    def _asked(self, kind: str, key: str, answers: Answers, values: Values) -> bool:
        rules = [ask.when for ask in self.event.asks if getattr(ask, kind) == key]
        return not rules or any(self._holds(rule, answers, values) for rule in rules)

    def fields(self, answers: Answers, values: Values) -> list[Field]:
        """Every element once, in the order in which the services name them."""
        users: dict[str, list[str]] = {}
        for service in self.uses(answers, values):
            for key in service.elements:
                users.setdefault(key, []).append(service.key)
        return [
            Field(
                self.elements[key],
                self.codes[self.elements[key].code_list or ""].names() if self.elements[key].code_list else {},
                tuple(services),
                self._asked("element", key, answers, values),
            )
            for key, services in users.items()
        ]

    def materials(self, answers: Answers, values: Values) -> list[MaterialAsk]:
        """Every material once."""
        users: dict[str, tuple[MaterialFile, list[str]]] = {}
        for service in self.uses(answers, values):
            for material in service.materials:
                users.setdefault(material.key, (material, []))[1].append(service.key)
        return [
            MaterialAsk(material, tuple(services), self._asked("material", key, answers, values))
            for key, (material, services) in users.items()
        ]

    def uploads(self, answers: Answers, values: Values) -> list[MaterialAsk]:
        """The materials the applicant himself has to bring."""
        return [m for m in self.materials(answers, values) if m.asked and m.material.origin != "output"]

    def read_form(self, answers: Answers, raw: Mapping[str, str], *, today: date) -> dict[str, Value]:
        """The form's canonical values. Raises `FormFaults` with one error a field, all at once.

        A field that the situation does not ask for is dropped, so that nothing is kept without a need; what it holds
        decides nothing either.
        """
        read, faults = self._read(raw, today)
        values: dict[str, Value] = {}
        asked: list[str] = []
        for _ in range(len(self.elements) + 1):  # each value known may ask for more, and never for less
            asked = [f.element.key for f in self.fields(answers, values) if f.asked]
            known = {key: read[key] for key in asked if key in read}
            if known == values:
                break
            values = known
        missing = BadInput("请填写这一项", "this has to be filled in")
        wrong = {key: faults.get(key, missing) for key in asked if key not in values}
        if wrong:
            raise FormFaults(wrong)
        return values

    def _read(self, raw: Mapping[str, str], today: date) -> tuple[dict[str, Value], dict[str, ZhengtongError]]:
        """Every element that was filled in, asked for or not, as its value or its error."""
        values: dict[str, Value] = {}
        faults: dict[str, ZhengtongError] = {}
        for key, element in self.elements.items():
            codes = self.codes[element.code_list].names() if element.code_list else {}
            text = raw.get(key, "").strip()
            if text:
                try:
                    values[key] = read_value(element, text, today=today, codes=codes, divisions=[self.division])
                except BadInput as fault:
                    faults[key] = fault
        return values, faults

    def terms(self, service: PublicServiceFile) -> Terms:
        """What this service's clocks run on."""
        known = self._terms.get(service.key)
        if known is None:
            known = self._terms[service.key] = self._compiled(service)
        return known

    def _compiled(self, service: PublicServiceFile) -> Terms:
        own: dict[LimitKind, Allowance] = {}
        if service.statutory:
            own["decide"] = _allowance(service.statutory, service.statutory.source)
        promised: dict[LimitKind, Allowance] = {"decide": _allowance(service.promised, None)}
        regime = _regime(self.regimes[service.regime])
        joint = self.event.joint and regime.joint is not None and not own
        return Terms(regime, joint, own, promised)


def _allowance(limit: LimitFile, source: Text | None, extension: Extension | None = None) -> Allowance:
    cited = Source((source or limit.source).zh, limit.verified) if source or limit.source else None  # type: ignore[union-attr]  # one of the two is there
    return Allowance(limit.days, limit.unit, cited, extension, limit.near)


def _regime(file: RegimeFile) -> Regime:
    def length(limit: LimitFile | None, extension: Extension | None = None) -> Allowance | None:
        return _allowance(limit, limit.source, extension) if limit else None

    longer = file.extension.compiled() if file.extension else None
    longer_together = file.joint_extension.compiled() if file.joint_extension else None
    return Regime(
        key=file.key,
        zh=file.name.zh,
        en=file.name.en,
        source=Source(file.source.zh, file.verified),
        accept=length(file.accept),
        deemed=file.deemed,
        corrections=file.corrections,
        decide=length(file.decide, longer),
        joint=length(file.joint, longer_together),
        deliver=length(file.deliver),
    )


def assemble(city: City, key: str) -> dict[str, Any]:
    """Everything life event `key` refers to, as JSON: the body of a version. Raises `NotFound`."""
    event = city.get(LifeEventFile, key)
    services = [city.get(PublicServiceFile, use.service) for use in event.services]
    elements = [city.get(Element, k) for k in _unique(k for s in services for k in s.elements)]
    lists = [city.get(CodeList, k) for k in _unique(e.code_list for e in elements if e.code_list)]
    regimes = [city.get(RegimeFile, k) for k in _unique(s.regime for s in services)]
    decisions = [city.get(DecisionFile, k) for k in event.decisions]
    deciders = [event.lead, *(s.department for s in services), *(k for one in decisions for k in one.departments())]
    deciders += [visit.lead for visit in event.inspections]
    deciders += [to for s in services if s.transfer for to in s.transfer.to]
    departments = [city.get(Department, k) for k in _unique(deciders)]
    groups: dict[str, Sequence[BaseModel]] = {
        "services": services,
        "elements": elements,
        "codes": lists,
        "regimes": regimes,
        "reasons": list(city.all(ReasonFile)),
        "remedies": list(city.all(RemedyFile)),
        "departments": departments,
    }
    if decisions:
        groups["decisions"] = decisions
    body: dict[str, Any] = {
        name: [item.model_dump(mode="json", exclude_defaults=True) for item in items] for name, items in groups.items()
    }
    body["event"] = event.model_dump(mode="json", exclude_defaults=True)
    body["division"] = city.meta.division
    return body


def _unique(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(keys))


def content_hash(body: Mapping[str, Any]) -> str:
    """SHA-256 of the body's canonical JSON (RFC 8785)."""
    return hashlib.sha256(canonical(body)).hexdigest()


def compile_body(body: Mapping[str, Any]) -> LifeEvent:
    """The body as typed models again."""

    def table(name: str, model: type[Any]) -> dict[str, Any]:
        items = [model.model_validate(item, strict=False) for item in body.get(name, ())]
        return {item.key: item for item in items}

    event = LifeEventFile.model_validate(body["event"], strict=False)
    elements: dict[str, Element] = table("elements", Element)
    variables = {situation.key: "string" for situation in event.situations}
    variables |= {key: element.variable_type() for key, element in elements.items()}
    codes: dict[str, CodeList] = table("codes", CodeList)
    decisions: dict[str, DecisionFile] = table("decisions", DecisionFile)
    for decision in decisions.values():
        variables |= decision.variables()
    return LifeEvent(
        hash=content_hash(body),
        event=event,
        services=table("services", PublicServiceFile),
        elements=elements,
        codes=codes,
        regimes=table("regimes", RegimeFile),
        reasons=table("reasons", ReasonFile),
        remedies=table("remedies", RemedyFile),
        departments=table("departments", Department),
        division=body["division"],
        variables=variables,
        decisions=decisions,
        tables={key: decision.compiled(elements, codes) for key, decision in decisions.items()},
    )


@lru_cache(maxsize=256)
def published(hash: str) -> LifeEvent:
    """The published version named by `hash`. Raises `NotFound`."""
    from zhengtong.services.models import PublishedVersion

    row = PublishedVersion.objects.filter(hash=hash).first()
    if row is None:
        raise NotFound("没有这个版本的一件事", "there is no such published version", found=hash)
    return compile_body(row.body)
