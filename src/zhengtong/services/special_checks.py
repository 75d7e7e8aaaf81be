# SPDX-License-Identifier: Apache-2.0
"""Checks of what city files declare beside the main line: extensions, transfers, inspections, promises, parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from zhengtong.errors import Fault

if TYPE_CHECKING:
    from zhengtong.city.load import City
    from zhengtong.services.definition import LifeEventFile, MaterialFile, PublicServiceFile, RegimeFile

APPROVERS: Final = ("head", "leader")
"""Roles that can approve an extension: the department's head, the head of the government."""


def check_regime_beside(city: City, regime: RegimeFile) -> Iterable[Fault]:
    """Extensions that nobody can approve or that extend nothing, and inspections excluded on no ground for a pause."""
    for name, extended in (("extension", regime.decide), ("joint_extension", regime.joint)):
        extension = getattr(regime, name)
        if extension is None:
            continue
        if extended is None:
            yield city.fault(
                "regime", regime.key, (name,),
                "没有可以延长的时限", "there is no limit that this could extend",
                expected="decide" if name == "extension" else "joint",
            )  # fmt: skip
        if extension.approver and extension.approver not in APPROVERS:
            yield city.fault(
                "regime", regime.key, (name, "approver"),
                "这个角色不能批准延期", "this role cannot approve an extension",
                found=extension.approver, expected=" | ".join(APPROVERS),
            )  # fmt: skip
    ground = regime.inspection_pause
    if ground and city.has("reason", ground) and city.get("reason", ground).use != "pause":
        yield city.fault(
            "regime", regime.key, ("inspection_pause",),
            "这不是暂停计时的理由", "this is no reason for a pause",
            found=city.get("reason", ground).use, expected="use: pause",
        )  # fmt: skip


def check_service_beside(city: City, service: PublicServiceFile) -> Iterable[Fault]:
    for index, material in enumerate(service.materials):
        yield from _check_material(city, service, index, material)
    parts = [part.key for part in service.output.parts]
    for index, key in enumerate(parts):
        if key in parts[:index]:
            where = ("output", "parts", index, "key")
            yield city.fault("service", service.key, where, "重复", "this stands twice", found=key)
    if len(parts) == 1:
        yield city.fault(
            "service", service.key, ("output", "parts"),
            "只有一个分项，不能部分准予", "a single part cannot be granted in part", found="1", expected="≥ 2",
        )  # fmt: skip
    if service.transfer and service.department in service.transfer.to:
        at = ("transfer", "to", service.transfer.to.index(service.department))
        yield city.fault(
            "service", service.key, at, "不能移送给本部门", "a step is not transferred to its own department",
            found=service.department,
        )  # fmt: skip
    if service.external and service.publicity:
        yield city.fault(
            "service", service.key, ("publicity",),
            "外部系统办理的事项由它公示", "what an external system decides is made public there",
            found=service.external,
        )  # fmt: skip
    if service.external and (parts or service.transfer):
        yield city.fault(
            "service", service.key, ("output", "parts") if parts else ("transfer",),
            "外部系统办理的事项不能移送，也不能部分准予",
            "what an external system decides is neither transferred nor granted in part",
            found=service.external,
        )  # fmt: skip


def _check_material(city: City, service: PublicServiceFile, index: int, material: MaterialFile) -> Iterable[Fault]:
    at = ("materials", index)
    if material.tolerance and material.necessity != "deferrable":
        yield city.fault(
            "service", service.key, (*at, "tolerance"),
            "只有容缺后补的材料可以写 tolerance", "only a deferrable document has a rule of tolerance",
            found=material.necessity, expected="deferrable",
        )  # fmt: skip
    if material.commitment and material.necessity != "required":
        yield city.fault(
            "service", service.key, (*at, "commitment"),
            "不是必须提交的材料，用不着承诺", "what need not be brought needs no commitment",
            found=material.necessity, expected="required",
        )  # fmt: skip
    offered = "tolerance" if material.tolerance else "commitment" if material.commitment else ""
    if offered and (material.origin == "output" or service.external):
        yield city.fault(
            "service", service.key, (*at, offered),
            "由其他环节产生或由外部系统办理的，不能容缺或承诺",
            "nothing is promised that another step brings or an external system decides on",
            found=service.external or material.origin,
        )  # fmt: skip


def check_inspections(city: City, event: LifeEventFile) -> Iterable[Fault]:
    """A visit of services that are of this life event, each once, none waiting for another, with a lead among them."""
    used = {use.service for use in event.services}
    seen: set[str] = set()
    for index, visit in enumerate(event.inspections):
        at = ("inspections", index)
        for place, key in enumerate(visit.services):
            if key not in used or key in seen:
                yield city.fault(
                    "life-event", event.key, (*at, "services", place),
                    "勘验的事项须属于这件事，且只勘验一次",
                    "an inspected service belongs to the life event, and to one visit",
                    found=key, expected=", ".join(sorted(used - seen)),
                )  # fmt: skip
            seen.add(key)
        services = [city.get("service", key) for key in visit.services if key in used]
        for service in services:
            if service.external:
                yield city.fault(
                    "life-event", event.key, (*at, "services"),
                    "外部系统办理的事项不参加勘验", "what an external system decides takes no part", found=service.key,
                )  # fmt: skip
        if services and visit.lead not in {service.department for service in services}:
            yield city.fault(
                "life-event", event.key, (*at, "lead"),
                "牵头部门不参加勘验", "the lead takes no part in the visit",
                found=visit.lead, expected=", ".join(sorted({service.department for service in services})),
            )  # fmt: skip
        outputs = {service.output.key: service.key for service in services}
        for service in services:
            waits = [m.output for m in service.materials if m.output in outputs]
            if waits:
                yield city.fault(
                    "life-event", event.key, (*at, "services"),
                    "同一次勘验的事项不能互相等待结果", "services of one visit cannot wait for each other's results",
                    found=f"{service.key} ← {outputs[str(waits[0])]}",
                )  # fmt: skip
