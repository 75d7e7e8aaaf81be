# SPDX-License-Identifier: Apache-2.0
"""A city's services in the vocabulary of CPSV-AP 3.2, as one JSON-LD document.

Every thing is named by the catalogue's own address and a fragment (`…/catalogue.jsonld#service/food-licence`), so that
whoever follows a name finds the document that describes it. Classes and properties are those of the profile
(https://semiceu.github.io/CPSV-AP/releases/3.2.0/); what the profile leaves open to a controlled vocabulary of one's
own (kinds of channel, of output, of material, stages of life) is a `skos:Concept` here.

A promise in working days has no ISO 8601 form: `cv:processingTime`, which the profile calls estimated, counts a week
for five of them, rounded up, holidays left out. The promise in its own unit stands in words in the rule it follows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zhengtong.city.definition import Department
from zhengtong.city.load import City
from zhengtong.city.text import Text
from zhengtong.services.definition import (
    LifeEventFile,
    MaterialFile,
    OutputFile,
    PublicServiceFile,
    RegimeFile,
    needs,
)
from zhengtong.services.special_files import LimitFile

Node = dict[str, Any]

CONTEXT: Mapping[str, Any] = {
    "adms": "http://www.w3.org/ns/adms#",
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "org": "http://www.w3.org/ns/org#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "time": "http://www.w3.org/2006/time#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "cv:processingTime": {"@type": "xsd:duration"},
}
CATALOGUE_PATH = "/api/v1/catalogue.jsonld"
"""Where a served city publishes it."""
TERRITORY = "http://data.europa.eu/88u/dataset/atu-type"
"""The class CPSV-AP 3.2 gives the area a public organisation covers."""
LANGUAGES = {
    "zh": "http://publications.europa.eu/resource/authority/language/ZHO",
    "en": "http://publications.europa.eu/resource/authority/language/ENG",
}
COUNTRY = "http://publications.europa.eu/resource/authority/country/CHN"
_CONCEPTS = {
    "audience/person": Text(zh="个人", en="Persons"),
    "audience/business": Text(zh="企业", en="Businesses"),
    "channel-type/online": Text(zh="网上办理", en="Online"),
    "channel-type/counter": Text(zh="窗口办理", en="At a counter"),
    "output-type/licence": Text(zh="证照", en="Licence or certificate"),
    "output-type/approval": Text(zh="批文", en="Approval"),
    "output-type/other": Text(zh="其他结果", en="Other result"),
    "evidence-origin/self": Text(zh="申请人自备", en="Made by the applicant"),
    "evidence-origin/government": Text(zh="政府部门核发", en="Issued by a public authority"),
    "evidence-origin/output": Text(zh="其他事项的结果", en="Output of another service"),
    "requirement-type/required": Text(zh="必要材料", en="Required document"),
    "requirement-type/optional": Text(zh="非必要材料", en="Optional document"),
    "requirement-type/deferrable": Text(zh="可容缺材料", en="Document that may follow later"),
}
_UNITS = {
    "working_days": ("{} 个工作日", "{} working days"),
    "calendar_days": ("{} 天", "{} calendar days"),
    "hours": ("{} 小时", "{} hours"),
}
_UNVERIFIED = Text(zh="该依据尚未由城市核实", en="The city has not verified this source yet")


def catalogue(city: City, address: str, portal: str) -> Node:
    """The whole city as JSON-LD. `address` is where the document is published, `portal` the site people apply on."""
    return {"@context": dict(CONTEXT), "@graph": list(_Catalogue(city, address, portal).nodes())}


def duration(limit: LimitFile) -> str:
    """An `xsd:duration`; working days as the weeks they at least take."""
    if limit.unit == "hours":
        return f"PT{limit.days}H"
    return f"P{limit.days if limit.unit == 'calendar_days' else math.ceil(limit.days / 5) * 7}D"


def promise(limit: LimitFile) -> Text:
    """The limit in its own unit, in words."""
    zh, en = _UNITS[limit.unit]
    return Text(zh=zh.format(limit.days), en=en.format(limit.days))


def _words(text: Text) -> list[Node]:
    return [{"@value": text.zh, "@language": "zh"}, {"@value": text.en, "@language": "en"}]


class _Catalogue:
    def __init__(self, city: City, address: str, portal: str) -> None:
        self.city, self.address, self.portal = city, address, portal
        self.services = city.all(PublicServiceFile)
        self.events = city.all(LifeEventFile)
        self.legal: dict[Text, Node] = {}
        self.materials: dict[str, MaterialFile] = {}
        for service in self.services:
            for material in service.materials:
                self.materials.setdefault(material.key, material)

    def id(self, name: str) -> str:
        return f"{self.address}#{name}"

    def ref(self, name: str) -> Node:
        return {"@id": self.id(name)}

    def refs(self, names: Sequence[str]) -> list[Node]:
        return [self.ref(name) for name in names]

    def node(self, name: str, types: Sequence[str], identifier: str, **properties: Any) -> Node:
        """Properties are written `dct__title` for `dct:title`; those without a value are left out."""
        found = {key.replace("__", ":"): value for key, value in properties.items() if value not in (None, [])}
        return {"@id": self.id(name), "@type": list(types), "dct:identifier": identifier, **found}

    def nodes(self) -> Iterator[Node]:
        yield self._dataset()
        yield self._place()
        yield from (self._organisation(department) for department in self.city.all(Department))
        yield from (self._service(service) for service in self.services)
        yield from (self._event(event) for event in self.events)
        for material in self.materials.values():
            yield from self._material(material)
        for service in self.services:
            yield from self._rules(service)
        for output in {service.output.key: service.output for service in self.services}.values():
            yield self._output(output)
        yield from (self._regime(regime) for regime in self.city.all(RegimeFile))
        yield from self._channels()
        yield from self.legal.values()
        yield from self._concepts()
        for code in self.city.meta.languages:
            yield {"@id": LANGUAGES[code], "@type": ["dct:LinguisticSystem"]}

    def languages(self) -> list[Node]:
        return [{"@id": LANGUAGES[code]} for code in self.city.meta.languages]

    def _dataset(self) -> Node:
        meta = self.city.meta
        about = Text(
            zh=f"{meta.name.zh}的公共服务与“一件事”目录" + ("（演示数据，内容均为虚构）" if meta.demo else ""),
            en=f"Public services and life events of {meta.name.en}"
            + (" (demo data, all made up)" if meta.demo else ""),
        )
        publisher = next((d.key for d in self.city.all(Department) if d.parent is None), None)
        return self.node(
            "catalogue", ["dcat:Dataset"], f"{meta.key}-services",
            dct__title=_words(about), dct__description=_words(about),
            dct__publisher=self.ref(f"organisation/{publisher}") if publisher else None,
            dct__hasPart=self.refs([f"service/{s.key}" for s in self.services]),
            dct__language=self.languages(),
            dcat__landingPage={"@id": f"{self.portal}/", "@type": ["foaf:Document"]},
            adms__versionNotes=f"sha256:{self.city.digest}",
        )  # fmt: skip

    def _place(self) -> Node:
        meta = self.city.meta
        return self.node(
            f"division/{meta.division}", ["dct:Location", TERRITORY], meta.division,
            locn__geographicName=_words(meta.name), dct__isPartOf={"@id": COUNTRY},
        )  # fmt: skip

    def place(self) -> Node:
        return self.ref(f"division/{self.city.meta.division}")

    def _organisation(self, department: Department) -> Node:
        contact = department.contact
        address = contact.address if contact else None
        return self.node(
            f"organisation/{department.key}",
            ["cv:PublicOrganisation", "foaf:Agent", "org:Organization"],
            department.code or department.key,
            skos__prefLabel=_words(department.name),
            skos__altLabel=_words(department.short) if department.short else None,
            dct__title=_words(department.name),
            dct__spatial=self.place(),
            org__subOrganizationOf=self.ref(f"organisation/{department.parent}") if department.parent else None,
            cv__contactPoint={"@type": ["cv:ContactPoint"], "cv:telephone": contact.phone}
            if contact and contact.phone
            else None,
            locn__address={"@type": ["locn:Address"], "locn:fullAddress": _words(address)} if address else None,
        )

    def _service(self, service: PublicServiceFile) -> Node:
        events = [event for event in self.events if any(use.service == service.key for use in event.services)]
        waits: dict[str, None] = {}
        for event in events:
            joined = [self.city.get(PublicServiceFile, use.service) for use in event.services]
            waits.update(dict.fromkeys(sorted(needs(joined)[service.key])))
        channels = ["channel/online", *(["channel/counter"] if service.visits or service.online_depth < 4 else [])]
        return self.node(
            f"service/{service.key}", ["cpsv:PublicService"], service.code or service.key,
            dct__title=_words(service.name), dct__description=_words(service.summary),
            cv__hasCompetentAuthority=self.ref(f"organisation/{service.department}"),
            cv__processingTime=duration(service.promised),
            cv__hasChannel=self.refs(channels),
            cpsv__hasInput=self.refs([f"evidence/{m.key}" for m in service.materials]),
            cv__hasInputType=self.refs([f"evidence-type/{m.key}" for m in service.materials]),
            cpsv__produces=self.ref(f"output/{service.output.key}"),
            cv__holdsRequirement=self.refs([f"requirement/{service.key}/{m.key}" for m in service.materials]),
            cpsv__follows=self.refs([f"rule/{service.regime}", f"rule/promise/{service.key}"]),
            cv__hasLegalResource=self.law(service.source, service.verified),
            cv__isGroupedBy=self.refs([f"event/{event.key}" for event in events]),
            dct__requires=self.refs([f"service/{key}" for key in waits]),
            dct__audience=self.refs(list(dict.fromkeys(f"audience/{event.audience}" for event in events))),
            dct__spatial=self.place(), dct__language=self.languages(), dct__isPartOf=self.ref("catalogue"),
        )  # fmt: skip

    def _event(self, event: LifeEventFile) -> Node:
        kind = "cv:LifeEvent" if event.audience == "person" else "cv:BusinessEvent"
        return self.node(
            f"event/{event.key}", ["cv:Event", kind], event.key,
            dct__title=_words(event.name), dct__description=_words(event.summary),
            dct__type=self.ref(f"stage/{event.stage}"),
            cv__hasRelatedService=self.refs([f"service/{use.service}" for use in event.services]),
            foaf__page={"@id": f"{self.portal}/life-events/{event.key}/", "@type": ["foaf:Document"]},
        )  # fmt: skip

    def _material(self, material: MaterialFile) -> Iterator[Node]:
        holders = [
            f"requirement/{service.key}/{material.key}"
            for service in self.services
            if any(m.key == material.key for m in service.materials)
        ]
        kind = self.ref(f"evidence-origin/{material.origin}")
        yield self.node(
            f"evidence/{material.key}", ["cv:Evidence"], material.key,
            dct__title=_words(material.name),
            dct__description=_words(material.hint) if material.hint else None,
            dct__type=kind, dct__conformsTo=self.ref(f"evidence-type/{material.key}"),
            cv__supportsRequirement=self.refs(holders), dct__language=self.languages(),
        )  # fmt: skip
        yield self.node(
            f"evidence-type/{material.key}", ["cv:EvidenceType"], material.key,
            dct__title=_words(material.name), cv__evidenceTypeClassification=kind,
        )  # fmt: skip

    def _rules(self, service: PublicServiceFile) -> Iterator[Node]:
        promised = promise(service.promised)
        yield self.node(
            f"rule/promise/{service.key}", ["cpsv:Rule"], f"promise/{service.key}",
            dct__title=_words(Text(zh=f"{service.name.zh}的承诺时限", en=f"Promised time of {service.name.en}")),
            dct__description=_words(Text(zh=f"承诺 {promised.zh}内办结", en=f"Decided within {promised.en}")),
            dct__language=self.languages(),
        )  # fmt: skip
        for material in service.materials:
            yield self.node(
                f"requirement/{service.key}/{material.key}", ["cv:Requirement"], f"{service.key}/{material.key}",
                dct__title=_words(Text(zh=f"提供{material.name.zh}", en=f"Provide: {material.name.en}")),
                dct__type=self.ref(f"requirement-type/{material.necessity}"),
                cv__fulfils=self.ref(f"rule/{service.regime}"),
                cv__hasSupportingEvidence=self.ref(f"evidence/{material.key}"),
            )  # fmt: skip

    def _output(self, output: OutputFile) -> Node:
        return self.node(
            f"output/{output.key}", ["cv:Output"], output.key,
            dct__title=_words(output.name), dct__type=self.ref(f"output-type/{output.kind}"),
            dct__language=self.languages(),
        )  # fmt: skip

    def _regime(self, regime: RegimeFile) -> Node:
        limits = (
            ("受理", "accept", regime.accept),
            ("决定", "decide", regime.decide),
            ("送达", "deliver", regime.deliver),
        )
        known = [(zh, en, promise(limit)) for zh, en, limit in limits if limit]
        about = Text(
            zh="；".join([regime.name.zh, *(f"{zh}：{words.zh}" for zh, _en, words in known)]),
            en="; ".join([regime.name.en, *(f"{en}: {words.en}" for _zh, en, words in known)]),
        )
        return self.node(
            f"rule/{regime.key}", ["cpsv:Rule"], regime.key,
            dct__title=_words(regime.name), dct__description=_words(about), dct__language=self.languages(),
            cpsv__implements=self.law(regime.source, regime.verified),
        )  # fmt: skip

    def law(self, source: Text, verified: bool) -> Node:
        """The legal resource a city file cites; the same words are one resource, marked where nobody verified it."""
        name = f"legal-resource/{len(self.legal) + 1}"
        node = self.legal.setdefault(
            source, {"@id": self.id(name), "@type": ["eli:LegalResource"], "dct:title": _words(source)}
        )
        if not verified:
            node["skos:editorialNote"] = _words(_UNVERIFIED)
        return {"@id": node["@id"]}

    def _channels(self) -> Iterator[Node]:
        yield self.node(
            "channel/online", ["cv:Channel"], "online", dct__type=self.ref("channel-type/online"),
            dct__description=_words(Text(zh="网上申请", en="Apply online")), foaf__page={"@id": f"{self.portal}/"},
        )  # fmt: skip
        yield self.node(
            "channel/counter", ["cv:Channel"], "counter", dct__type=self.ref("channel-type/counter"),
            dct__description=_words(Text(zh="政务服务中心综合窗口", en="Counter of the service centre")),
            cv__openingHours=self._hours(),
        )  # fmt: skip

    def _hours(self) -> list[Node]:
        hours = self.city.meta.hours
        return [
            {
                "@type": ["time:TemporalEntity"],
                "dct:description": [{"@value": f"{day.capitalize()} {span.opens}–{span.closes}", "@language": "en"}],
            }
            for day in type(hours).model_fields
            for span in getattr(hours, day)
        ]

    def _concepts(self) -> Iterator[Node]:
        for name, label in _CONCEPTS.items():
            yield {"@id": self.id(name), "@type": ["skos:Concept"], "skos:prefLabel": _words(label)}
        for stage in dict.fromkeys(event.stage for event in self.events):
            yield {"@id": self.id(f"stage/{stage}"), "@type": ["skos:Concept"], "skos:notation": stage}
