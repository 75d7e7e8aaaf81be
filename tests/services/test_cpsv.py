# SPDX-License-Identifier: Apache-2.0
"""CPSV-AP: the export holds by the profile's rules, says what the city's files say, and a broken one is noticed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyshacl
import pytest
import rdflib
from django.test import Client
from rdflib import RDF, Literal, URIRef
from rdflib.namespace import DCTERMS, SKOS
from typer.testing import CliRunner

from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.services.commands import export
from zhengtong.services.definition import LifeEventFile, LimitFile, PublicServiceFile, RegimeFile
from zhengtong.services.engine.cpsv import CATALOGUE_PATH, catalogue, duration

SITE = "https://zwfw.mingchuan.example"
ADDRESS = SITE + CATALOGUE_PATH
CPSV, CV = rdflib.Namespace("http://purl.org/vocab/cpsv#"), rdflib.Namespace("http://data.europa.eu/m8g/")
FOAF = rdflib.Namespace("http://xmlns.com/foaf/0.1/")
SHAPES = Path(__file__).parent / "cpsv_ap_shapes.ttl"


def graph(document: dict[str, Any]) -> rdflib.Graph:
    return rdflib.Graph().parse(data=json.dumps(document), format="json-ld")


@pytest.fixture(scope="module")
def shapes() -> rdflib.Graph:
    return rdflib.Graph().parse(SHAPES)


@pytest.fixture
def exported() -> rdflib.Graph:
    return graph(catalogue(city(), ADDRESS, SITE))


def faults(data: rdflib.Graph, shapes: rdflib.Graph) -> str:
    conforms, _report, text = pyshacl.validate(data, shacl_graph=shapes)
    return "" if conforms else str(text)


def named(name: str) -> URIRef:
    return URIRef(f"{ADDRESS}#{name}")


def test_the_demo_city_conforms(exported: rdflib.Graph, shapes: rdflib.Graph) -> None:
    assert faults(exported, shapes) == ""


def test_nothing_of_the_city_is_left_out(exported: rdflib.Graph) -> None:
    kinds = {
        CPSV.PublicService: {f"service/{s.key}" for s in city().all(PublicServiceFile)},
        CV.Event: {f"event/{e.key}" for e in city().all(LifeEventFile)},
        CV.PublicOrganisation: {f"organisation/{d.key}" for d in city().all(Department)},
        CV.Output: {f"output/{s.output.key}" for s in city().all(PublicServiceFile)},
        CV.Evidence: {f"evidence/{m.key}" for s in city().all(PublicServiceFile) for m in s.materials},
    }
    for kind, names in kinds.items():
        assert set(exported.subjects(RDF.type, kind)) == {named(name) for name in names}
    rules = set(exported.subjects(RDF.type, CPSV.Rule))
    assert {named(f"rule/{regime.key}") for regime in city().all(RegimeFile)} <= rules


def test_life_events_and_business_events_are_told_apart(exported: rdflib.Graph) -> None:
    assert (named("event/newborn"), RDF.type, CV.LifeEvent) in exported
    assert (named("event/restaurant"), RDF.type, CV.BusinessEvent) in exported
    assert (named("event/newborn"), RDF.type, CV.BusinessEvent) not in exported


def test_a_service_says_who_decides_what_it_needs_and_what_it_gives(exported: rdflib.Graph) -> None:
    one, file = named("service/food-licence"), city().get(PublicServiceFile, "food-licence")
    assert exported.value(one, CV.hasCompetentAuthority) == named(f"organisation/{file.department}")
    assert set(exported.objects(one, CPSV.hasInput)) == {named(f"evidence/{m.key}") for m in file.materials}
    assert exported.value(one, CPSV.produces) == named(f"output/{file.output.key}")
    assert set(exported.objects(one, DCTERMS.requires)) == {named("service/business-licence-check")}
    assert set(exported.objects(one, DCTERMS.title)) == {Literal(file.name.zh, "zh"), Literal(file.name.en, "en")}
    assert exported.value(one, DCTERMS.identifier) == Literal(file.code)
    assert named("event/restaurant") in set(exported.objects(one, CV.isGroupedBy))


def test_every_name_used_is_described_here_or_is_a_published_vocabularys(exported: rdflib.Graph) -> None:
    described = set(exported.subjects())
    used = {thing for thing in exported.objects() if isinstance(thing, URIRef)}
    outside = {thing for thing in used - described if not str(thing).startswith(ADDRESS)}
    assert {thing for thing in used - described if str(thing).startswith(ADDRESS)} == set()
    known = ("http://www.w3.org/", "http://purl.org/", "http://data.europa.eu/", "http://xmlns.com/", SITE,
             "http://publications.europa.eu/resource/authority/")  # fmt: skip
    assert {thing for thing in outside if not str(thing).startswith(known)} == set()
    predicates = {str(p) for p in exported.predicates()}
    assert {p for p in predicates if not p.startswith(known)} == set()


def test_a_source_nobody_verified_says_so(exported: rdflib.Graph) -> None:
    unverified = next(s for s in city().all(PublicServiceFile) if not s.verified)
    law = exported.value(named(f"service/{unverified.key}"), CV.hasLegalResource)
    notes = {str(note) for note in exported.objects(law, SKOS.editorialNote)}
    assert "The city has not verified this source yet" in notes


def test_demo_data_is_labelled_as_such(exported: rdflib.Graph) -> None:
    words = " ".join(str(words) for words in exported.objects(named("catalogue"), DCTERMS.description))
    assert "demo data" in words and "演示数据" in words


MANDATORY = [
    ("service/food-licence", CPSV.PublicService, [DCTERMS.identifier, DCTERMS.title, DCTERMS.description,
                                                  CV.hasCompetentAuthority]),
    ("organisation/market", CV.PublicOrganisation, [SKOS.prefLabel, DCTERMS.spatial]),
    ("event/newborn", CV.Event, [DCTERMS.identifier, DCTERMS.title]),
    ("evidence/layout-plan", CV.Evidence, [DCTERMS.identifier, DCTERMS.title]),
    ("evidence-type/layout-plan", CV.EvidenceType, [DCTERMS.identifier]),
    ("requirement/food-licence/layout-plan", CV.Requirement, [DCTERMS.identifier, DCTERMS.title]),
    ("output/food-licence", CV.Output, [DCTERMS.identifier, DCTERMS.title]),
    ("rule/licence", CPSV.Rule, [DCTERMS.identifier, DCTERMS.title, DCTERMS.description]),
    ("channel/online", CV.Channel, [DCTERMS.identifier]),
    ("organisation/government", FOAF.Agent, [DCTERMS.identifier, DCTERMS.title]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "properties"), MANDATORY)
def test_each_mandatory_property_is_missed_when_it_is_gone(
    exported: rdflib.Graph, shapes: rdflib.Graph, name: str, kind: URIRef, properties: list[URIRef]
) -> None:
    assert (named(name), RDF.type, kind) in exported
    for lost in properties:
        held = list(exported.triples((named(name), lost, None)))
        assert held, f"{name} has {lost}"
        exported.remove((named(name), lost, None))
        assert re.split("[/#]", lost)[-1] in faults(exported, shapes)
        for triple in held:
            exported.add(triple)
    assert faults(exported, shapes) == ""


def test_a_second_identifier_a_wrong_class_and_a_title_without_language_are_noticed(shapes: rdflib.Graph) -> None:
    service = named("service/food-licence")
    wrong = [
        (service, DCTERMS.identifier, Literal("another")),
        (service, CPSV.produces, named("event/newborn")),
        (service, DCTERMS.title, Literal("no language")),
        (service, DCTERMS.title, Literal("a second English title", "en")),
        (service, CV.processingTime, Literal("ten days")),
    ]
    for triple in wrong:
        broken = graph(catalogue(city(), ADDRESS, SITE))
        broken.add(triple)
        assert faults(broken, shapes), triple


@pytest.mark.parametrize(
    ("days", "unit", "expected"),
    [
        (0, "working_days", "P0D"),
        (1, "working_days", "P7D"),
        (5, "working_days", "P7D"),
        (6, "working_days", "P14D"),
        (20, "working_days", "P28D"),
        (20, "calendar_days", "P20D"),
        (4, "hours", "PT4H"),
    ],
)
def test_working_days_are_the_weeks_they_take_and_other_units_exact(days: int, unit: str, expected: str) -> None:
    assert duration(LimitFile.model_validate({"days": days, "unit": unit})) == expected


@pytest.mark.django_db
def test_the_site_publishes_what_the_command_writes(client: Client, tmp_path: Path, settings: Any) -> None:
    settings.ZHENGTONG_PUBLIC_URL = SITE
    answer = client.get(CATALOGUE_PATH)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/ld+json")
    out = tmp_path / "catalogue.jsonld"
    result = CliRunner().invoke(export, ["cpsv-ap", "--site", SITE + "/", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text(encoding="utf-8")) == answer.json()
    printed = CliRunner().invoke(export, ["cpsv-ap", "--site", SITE])
    assert json.loads(printed.stdout_bytes) == answer.json()
