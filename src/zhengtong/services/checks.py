# SPDX-License-Identifier: Apache-2.0
"""What the models of this room's city files cannot see one by one: `zhengtong check` runs these.

Each check gets objects whose own files and references are sound, and names the line of what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from zhengtong.city.conditions import nearest
from zhengtong.city.definition import CodeList, Element
from zhengtong.errors import Fault
from zhengtong.services.choices import no_options
from zhengtong.services.special_checks import check_regime_beside, check_service_beside

if TYPE_CHECKING:
    from zhengtong.city.load import City
    from zhengtong.services.definition import LifeEventFile, PublicServiceFile, RegimeFile
    from zhengtong.services.special_files import LimitFile


def is_whole(city: City, services: Iterable[PublicServiceFile]) -> bool:
    """Whether everything these services name is there. A name that leads nowhere is told where it stands, and what it
    would have meant is not guessed at."""
    return all(
        city.has("regime", service.regime)
        and all(city.has(Element, key) for key in service.elements)
        and all(
            city.has(CodeList, code_list)
            for key in service.elements
            if (code_list := city.get(Element, key).code_list) is not None
        )
        for service in services
    )


def check_regime(city: City, regime: RegimeFile) -> Iterable[Fault]:
    if regime.deemed and regime.accept is None:
        yield city.fault(
            "regime", regime.key, ("deemed",),
            "没有受理时限，就不能视为受理", "nothing can be deemed accepted without a time limit for accepting",
            found="true", expected="accept",
        )  # fmt: skip
    for name in ("accept", "decide", "joint", "deliver"):
        yield from _near(city, "regime", regime.key, name, getattr(regime, name))
    yield from check_regime_beside(city, regime)


def check_service(city: City, service: PublicServiceFile) -> Iterable[Fault]:
    """A promise longer than the law, elements and documents named twice, outputs that are not said or not meant."""
    if not is_whole(city, [service]):
        return
    regime: RegimeFile = city.get("regime", service.regime)
    statute, promise = service.statutory or regime.decide, service.promised
    if statute and statute.unit == promise.unit and promise.days > statute.days:
        yield city.fault(
            "service", service.key, ("promised", "days"),
            "承诺时限长于法定时限", "the promised time limit is longer than the statutory one",
            found=str(promise.days), expected=f"≤ {statute.days} {statute.unit}",
        )  # fmt: skip
    for name in ("promised", "statutory"):
        yield from _near(city, "service", service.key, name, getattr(service, name))
    yield from _twice(city, ("service", service.key), ("elements",), service.elements, field=())
    yield from _twice(city, ("service", service.key), ("materials",), [m.key for m in service.materials])
    for index, material in enumerate(service.materials):
        if (material.origin == "output") != (material.output is not None):
            yield city.fault(
                "service", service.key, ("materials", index, "output"),
                "来自其他事项结果的材料要写 output，其他材料不写",
                "a material that is another service's output names it in `output`, and no other material does",
                found=material.output or material.origin, expected="origin: output + output",
            )  # fmt: skip
    yield from check_service_beside(city, service)


def check_situations(city: City, event: LifeEventFile) -> Iterable[Fault]:
    """Questions and options named twice, and questions that take the name of an element."""
    yield from _twice(city, ("life-event", event.key), ("situations",), [s.key for s in event.situations])
    elements = {key for use in event.services for key in city.get("service", use.service).elements}
    for index, situation in enumerate(event.situations):
        at = ("situations", index)
        yield from _twice(city, ("life-event", event.key), (*at, "options"), [o.key for o in situation.options])
        if situation.key in elements:
            yield city.fault(
                "life-event", event.key, (*at, "key"),
                "问题与数据元同名，条件分不清",
                "the question has the name of an element; no condition could tell them apart",
                found=situation.key,
            )  # fmt: skip


def check_outputs(city: City, event: LifeEventFile) -> Iterable[Fault]:
    """An output has one issuer: what waits for it could not tell whose."""
    issuer: dict[str, str] = {}
    for index, use in enumerate(event.services):
        output = city.get("service", use.service).output.key
        if issuer.setdefault(output, use.service) != use.service:
            yield city.fault(
                "life-event", event.key, ("services", index, "service"),
                f"结果“{output}”已由“{issuer[output]}”产生",
                f"the output {output} is issued by {issuer[output]} already",
                found=use.service,
            )  # fmt: skip


def check_materials(city: City, event: LifeEventFile, services: list[PublicServiceFile]) -> Iterable[Fault]:
    """Results that no service issues, and questions about documents that no service needs."""
    outputs = {service.output.key for service in services}
    materials = {material.key for service in services for material in service.materials}
    for index, service in enumerate(services):
        for material in service.materials:
            if material.origin == "output" and material.output and material.output not in outputs:
                yield city.fault(
                    "life-event", event.key, ("services", index, "service"),
                    f"“{service.key}”需要的结果“{material.output}”没有服务产生",
                    f"{service.key} needs the output {material.output}, which no service of the life event issues",
                    found=material.output, expected=", ".join(sorted(outputs)),
                )  # fmt: skip
    for index, ask in enumerate(event.asks):
        if ask.material and ask.material not in materials:
            yield city.fault(
                "life-event", event.key, ("asks", index, "material"),
                "没有服务要这份材料", "no service of the life event asks for it",
                found=ask.material, expected=", ".join(sorted(materials)),
            )  # fmt: skip


def check_asked_once(city: City, event: LifeEventFile) -> Iterable[Fault]:
    """Nothing is asked twice: one document under two keys, or one key for two documents.

    国务院关于在线政务服务的若干规定 art. 7. Whether two elements ask the same is looked at over the whole city, in
    `city/checks.py`.
    """
    seen: dict[str, tuple[str, str]] = {}  # name → key, service
    names: dict[str, tuple[str, str]] = {}  # key → name, service
    for index, use in enumerate(event.services):
        for material in city.get("service", use.service).materials:
            if material.origin == "output":
                continue
            name, at = material.name.zh, ("services", index, "service")
            key, first = seen.setdefault(name, (material.key, use.service))
            if key != material.key:
                yield city.fault(
                    "life-event", event.key, at,
                    f"“{use.service}”和“{first}”用不同的标识要同一份材料“{name}”，申请人会被要求交两次",
                    f"{use.service} and {first} ask for the same document under two keys; it would be asked for twice",
                    found=material.key, expected=key,
                )  # fmt: skip
            before, first = names.setdefault(material.key, (name, use.service))
            if before != name:
                yield city.fault(
                    "life-event", event.key, at,
                    f"“{use.service}”和“{first}”用同一个标识要两份不同的材料",
                    f"{use.service} and {first} mean two documents by one key; only one would be asked for",
                    found=name, expected=before,
                )  # fmt: skip


def check_choices(city: City, event: LifeEventFile) -> Iterable[Fault]:
    """Conditions that compare a question or a coded element with what it can never be."""
    choices: dict[str, list[str]] = {}
    for situation in event.situations:
        choices.setdefault(situation.key, []).extend(option.key for option in situation.options)
    for use in event.services:
        for key in city.get("service", use.service).elements:
            code_list = city.get(Element, key).code_list
            if code_list and key not in choices:
                choices[key] = list(city.get(CodeList, code_list).names())
    for table in event.decisions:
        for output in city.get("decision", table).outputs:
            if output.options:
                choices.setdefault(output.key, [option.key for option in output.options])
    conditions = [*((("services", n, "when"), use.when) for n, use in enumerate(event.services))]
    conditions += [*((("asks", n, "when"), ask.when) for n, ask in enumerate(event.asks))]
    for at, when in conditions:
        for wrong in no_options(when or "", choices):
            known = nearest(wrong.found, wrong.options) or ", ".join(wrong.options[:8])
            yield city.fault(
                "life-event", event.key, at,
                f"“{wrong.name}”没有这个选项，条件永远不会成立",
                f"{wrong.name} has no such option; this can never hold",
                found=wrong.found, expected=known,
            )  # fmt: skip


def check_templates(city: City) -> Iterable[Fault]:
    """Every kind of notice needs its template in a city that has services: a decision without one cannot be issued."""
    from zhengtong.services.engine.notices import NoticeKind  # which loads the QR library

    if not city.keys("service"):
        return
    reasons = {city.get("reason", key).use for key in city.keys("reason")}
    seldom = {
        NoticeKind.INSPECT: any(city.get("life-event", key).inspections for key in city.keys("life-event")),
        NoticeKind.REVOKE: "revoke" in reasons,
        NoticeKind.CANCEL: "cancel" in reasons,
    }
    for kind in NoticeKind:
        if not seldom.get(kind, True):
            continue
        file = f"notices/{kind.value}.typ"
        path = city.root / file
        if not path.is_file():
            yield Fault(file, 1, "", "缺少这种文书的模板", "the template of this notice is missing", expected=file)
            continue
        for line, words in enumerate(path.read_bytes().split(b"\n"), 1):
            try:
                words.decode("utf-8")
            except UnicodeDecodeError:
                yield Fault(file, line, "", "文件不是 UTF-8 编码", "the file is not UTF-8", expected="UTF-8")
                break


def _near(city: City, kind: str, key: str, name: str, limit: LimitFile | None) -> Iterable[Fault]:
    if limit and limit.near is not None and limit.near > limit.days:
        yield city.fault(
            kind, key, (name, "near"),
            "临期天数多于时限本身", "it would count as near before it begins",
            found=str(limit.near), expected=f"≤ {limit.days}",
        )  # fmt: skip


def _twice(
    city: City,
    item: tuple[str, str],
    at: tuple[str | int, ...],
    names: Sequence[str],
    *,
    field: tuple[str, ...] = ("key",),
) -> Iterable[Fault]:
    """`names` stand one an entry of the list at `at`, in its `field`."""
    for index, name in enumerate(names):
        if name in names[:index]:
            yield city.fault(*item, (*at, index, *field), "重复", "this stands twice", found=name)
