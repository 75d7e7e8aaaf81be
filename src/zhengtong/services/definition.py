# SPDX-License-Identifier: Apache-2.0
"""The city files of this room: regimes, external systems, public services (事项) and life events (一件事)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from zhengtong.city import kinds
from zhengtong.city.definition import DepartmentRef, Element, ElementRef, VariableName
from zhengtong.city.kinds import Condition, Definition, Key, Kind, Line, Reference, wrong
from zhengtong.city.text import Text
from zhengtong.errors import BadInput, Fault
from zhengtong.services import item_files  # noqa: F401  # registers its kinds
from zhengtong.services.checks import (
    check_asked_once,
    check_choices,
    check_materials,
    check_outputs,
    check_regime,
    check_service,
    check_situations,
    check_templates,
    is_whole,
)
from zhengtong.services.consent_files import ConsentFile, check_consents
from zhengtong.services.decision_files import DecisionFile
from zhengtong.services.decision_use import check_decisions
from zhengtong.services.rating_files import RepeatedFile
from zhengtong.services.rules.itemcode import check_item_code
from zhengtong.services.rules.plan import StepPlan, ordered
from zhengtong.services.rules.ratings import RatingRules
from zhengtong.services.special_checks import check_inspections
from zhengtong.services.special_files import (
    CommitmentFile,
    ExtensionFile,
    FeeFile,
    InspectionFile,
    PartFile,
    PublicityFile,
    ReasonRef,
    ToleranceFile,
    TransferFile,
)
from zhengtong.services.special_files import LimitFile as LimitFile  # noqa: PLC0414  # read from here by others
from zhengtong.services.stages import check_stage

if TYPE_CHECKING:
    from zhengtong.city.load import City


class RegimeFile(Definition):
    """A regime of limits (时限制度): what the law sets for a type of matter. Only a licence has deemed acceptance."""

    key: Key
    name: Text
    accept: LimitFile | None = None
    deemed: bool = False
    corrections: Annotated[int, Field(ge=0, le=9)] = 1
    decide: LimitFile | None = None
    joint: LimitFile | None = None
    extension: ExtensionFile | None = None
    joint_extension: ExtensionFile | None = None
    inspection_pause: ReasonRef | None = None
    deliver: LimitFile | None = None
    source: Text
    verified: bool = False


class ReasonFile(Definition):
    """A reason that may be named for an act, with its basis and the remedies open."""

    key: Key
    name: Text
    use: Literal["refuse", "not_accept", "pause", "revoke", "cancel"]
    basis: Text | None = None


class RemedyFile(Definition):
    """A way open against a decision, and within what time: printed on every refusal."""

    key: Key
    way: Text
    within: Text
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    months: Annotated[int, Field(ge=1, le=120)] | None = None
    basis: Line
    verified: bool = False


class LevelFile(Definition):
    value: Annotated[int, Field(ge=1, le=9)]
    name: Text


class AspectFile(Definition):
    key: Key
    name: Text


class RatingFile(Definition):
    """好差评: the levels, from which of them a rating is bad, and the days of checking and repairing."""

    key: Key
    name: Text
    levels: Annotated[list[LevelFile], Field(min_length=2)]
    bad_up_to: Annotated[int, Field(ge=1, le=9)]
    aspects: list[AspectFile] = []
    check: LimitFile
    repair: LimitFile
    repeated: RepeatedFile | None = None
    source: Text
    verified: bool = False

    def compiled(self) -> RatingRules:
        levels = tuple(level.value for level in self.levels)
        return RatingRules(levels, self.bad_up_to, self.check.days, self.repair.days)


class ReconcileFile(Definition):
    """对账: how the system's own daily list is held against ours."""

    since_days: Annotated[int, Field(ge=1, le=366)]
    settling_minutes: Annotated[int, Field(ge=0, le=10_080)]
    source: Text
    verified: bool = False


class SystemFile(Definition):
    """A system of another authority that decides steps. Its address and secret are settings of the place, not files."""

    key: Key
    name: Text
    department: DepartmentRef
    reconcile: ReconcileFile | None = None


class MaterialFile(Definition):
    key: Key
    name: Text
    necessity: Literal["required", "optional", "deferrable"]
    origin: Literal["self", "government", "output"]
    output: Key | None = None
    hint: Text | None = None
    tolerance: ToleranceFile | None = None
    commitment: CommitmentFile | None = None


class OutputFile(Definition):
    key: Key
    name: Text
    kind: Literal["licence", "approval", "other"]
    issuer: Annotated[str, Reference("system")] | None = None
    parts: list[PartFile] = []


class PublicServiceFile(Definition):
    """A public service (事项). `statutory` replaces the regime's limit where a law sets another one."""

    key: Key
    name: Text
    summary: Text
    code: Line | None = None
    department: DepartmentRef
    kind: Literal["immediate", "promised"]
    regime: Annotated[str, Reference("regime")]
    statutory: LimitFile | None = None
    promised: LimitFile
    external: Annotated[str, Reference("system")] | None = None
    visits: Annotated[int, Field(ge=0, le=20)] = 0
    fee: FeeFile | None = None
    online_depth: Annotated[int, Field(ge=1, le=4)]
    elements: list[ElementRef]
    materials: list[MaterialFile] = []
    output: OutputFile
    transfer: TransferFile | None = None
    publicity: PublicityFile | None = None
    source: Text
    verified: bool = False

    @field_validator("code")
    @classmethod
    def _code(cls, code: str | None) -> str | None:
        if code is not None:
            try:
                check_item_code(code)
            except BadInput as fault:
                raise wrong(
                    fault.zh, fault.en, found=str(fault.found or ""), expected=str(fault.expected or "")
                ) from None
        return code


class OptionFile(Definition):
    key: Key
    name: Text


class SituationFile(Definition):
    """A question to the applicant whose answer decides what is asked for."""

    key: Key
    question: Text
    hint: Text | None = None
    options: Annotated[list[OptionFile], Field(min_length=2, max_length=12)]


class ServiceUse(Definition):
    """One service of a life event. `department_from` names the output of a decision that says who does it."""

    service: Annotated[str, Reference("service")]
    when: Condition | None = None
    department_from: VariableName | None = None


class AskFile(Definition):
    """What only some situations ask for: one element or one material, `when` the condition holds."""

    element: ElementRef | None = None
    material: Key | None = None
    when: Condition


class BeforeFile(Definition):
    """Figures from before a reform. `comparable` only where its method counts what the ledger counts."""

    name: Text
    services: list[Key]
    method: Text
    comparable: bool
    steps: Annotated[int, Field(ge=0)] | None = None
    days: Annotated[int, Field(ge=0)] | None = None
    materials: Annotated[int, Field(ge=0)] | None = None
    visits: Annotated[int, Field(ge=0)] | None = None
    fields: Annotated[int, Field(ge=0)] | None = None
    departments: Annotated[int, Field(ge=0)] | None = None
    source: Text
    verified: bool = False


class LifeEventFile(Definition):
    """A life event (一件事): the services it joins, the questions it asks first, and what it replaced."""

    key: Key
    name: Text
    summary: Text
    stage: Annotated[str, Reference("stage")]
    audience: Literal["person", "business"]
    words: Text
    lead: DepartmentRef
    promised: LimitFile
    situations: list[SituationFile] = []
    decisions: list[Annotated[str, Reference("decision")]] = []
    services: Annotated[list[ServiceUse], Field(min_length=1)]
    asks: list[AskFile] = []
    joint: bool = False
    inspections: list[InspectionFile] = []
    before: list[BeforeFile] = []
    consents: list[ConsentFile] = []


def condition_variables(city: City, event: LifeEventFile) -> Mapping[str, str]:
    """What a life event's conditions may name: its situations (as text), the elements its services ask for, and what
    its decision tables say."""
    names = {situation.key: "string" for situation in event.situations}
    for decision in event.decisions:
        names |= city.get(DecisionFile, decision).variables()
    for use in event.services:
        service = city.get(PublicServiceFile, use.service)
        for key in service.elements:
            names[key] = city.get(Element, key).variable_type()
    return names


def needs(services: Iterable[PublicServiceFile]) -> dict[str, frozenset[str]]:
    """Which services wait for which others: those whose material is another's issued output."""
    services = list(services)
    issuers = {service.output.key: service.key for service in services}
    return {
        service.key: frozenset(
            issuers[material.output]
            for material in service.materials
            if material.origin == "output" and material.output in issuers
        )
        for service in services
    }


def step_plan(
    service: PublicServiceFile, regime: RegimeFile, waits: frozenset[str], event: LifeEventFile | None = None
) -> StepPlan:
    """Compile one service to the step its department takes, in `event`'s way of handling."""
    joint = bool(event and event.joint and regime.joint and not service.statutory)
    extension = None if service.statutory else regime.joint_extension if joint else regime.extension
    visits = [visit.key for visit in (event.inspections if event else ()) if service.key in visit.services]
    tolerances = {material.key: material.tolerance for material in service.materials if material.tolerance}
    return StepPlan(
        key=service.key,
        department=service.department,
        regime=service.regime,
        needs=waits,
        output=service.output.key,
        corrections=regime.corrections,
        external=service.external or "",
        extension=extension.compiled() if extension else None,
        transfers=frozenset(service.transfer.to) if service.transfer else frozenset(),
        transfer_agreed=service.transfer.agree if service.transfer else True,
        inspection=visits[0] if visits else "",
        inspection_pause=(regime.inspection_pause or "") if visits else "",
        tolerable=frozenset(tolerances),
        strict=frozenset(key for key, tolerance in tolerances.items() if tolerance.unsupplied == "refuse"),
        commitments=frozenset(material.key for material in service.materials if material.commitment),
        parts=tuple(part.key for part in service.output.parts),
    )


def _check_life_event(city: City, event: LifeEventFile) -> Iterable[Fault]:
    services = [city.get(PublicServiceFile, use.service) for use in event.services]
    if not is_whole(city, services):
        return
    keys = [service.key for service in services]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            yield city.fault(
                "life-event",
                event.key,
                ("services", index, "service"),
                "服务重复",
                "the service stands twice",
                found=key,
            )
    yield from check_stage(city, event)
    yield from check_asked_once(city, event)
    yield from check_materials(city, event, services)
    yield from check_situations(city, event)
    yield from check_choices(city, event)
    yield from check_outputs(city, event)
    yield from check_decisions(city, event)
    yield from check_inspections(city, event)
    elements = {key for service in services for key in service.elements}
    brought = {m.key for service in services for m in service.materials if m.origin != "output"}
    yield from check_consents(city, event.key, event.consents, brought, elements)
    for index, ask in enumerate(event.asks):
        if (ask.element is None) == (ask.material is None):
            yield city.fault(
                "life-event", event.key, ("asks", index), "须写 element 或 material 之一",
                "name either an element or a material",
                expected="element | material",
            )  # fmt: skip
        if ask.element and ask.element not in elements:
            yield city.fault(
                "life-event", event.key, ("asks", index, "element"),
                "没有服务用到这个数据元", "no service of the life event asks this",
                found=ask.element, expected=", ".join(sorted(elements)),
            )  # fmt: skip
    if len(set(keys)) < len(keys):
        return
    try:
        waits = needs(services)
        ordered(step_plan(service, city.get(RegimeFile, service.regime), waits[service.key]) for service in services)
    except BadInput as cycle:
        yield city.fault("life-event", event.key, ("services",), cycle.zh, cycle.en)


kinds.register(
    Kind(
        "regime",
        "standards/regimes",
        RegimeFile,
        Text(zh="时限制度", en="regime of limits"),
        one_per_file=False,
        check=check_regime,
    )
)
kinds.register(Kind("reason", "standards/reasons", ReasonFile, Text(zh="理由", en="reason"), one_per_file=False))
kinds.register(Kind("remedy", "standards/remedies", RemedyFile, Text(zh="救济途径", en="remedies"), one_per_file=False))
kinds.register(Kind("rating", "standards/ratings.yaml", RatingFile, Text(zh="好差评规则", en="rules of rating")))
kinds.register(
    Kind("system", "organization/systems", SystemFile, Text(zh="外部系统", en="external system"), one_per_file=False)
)
kinds.register(
    Kind("service", "services", PublicServiceFile, Text(zh="事项", en="public service"), check=check_service)
)
kinds.register(
    Kind(
        "life-event",
        "life-events",
        LifeEventFile,
        Text(zh="一件事", en="life event"),
        variables=condition_variables,
        check=_check_life_event,
    )
)
kinds.register_files("notices", ".typ")
kinds.register_template("zhengtong.services")
kinds.register_check(check_templates)
