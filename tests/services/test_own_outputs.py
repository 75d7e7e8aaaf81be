# SPDX-License-Identifier: Apache-2.0
"""A result a person holds is used as the document of a later case: valid, his own, and its origin on record."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from people import account, actor, do, officer, publish
from services.kiosk import make_folder, served
from services.record import attributes
from services.upload_factory import pdf
from visits import errors_at, filled, post, said, visitor, window
from zhengtong.errors import FormFaults
from zhengtong.ledger.models import EventObject
from zhengtong.organization.models import Account
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.submit_case import SubmitCase, UploadedMaterial
from zhengtong.services.models import Case, Material, Output
from zhengtong.services.own_outputs import as_material, own_outputs, usable

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
SERVICE = """
key: {key}
name: {{zh: {key}, en: {key}}}
summary: {{zh: 事项。, en: A service.}}
department: urban
kind: promised
regime: public-service
promised: {{days: 5}}
online_depth: 4
elements: [contact_mobile]
materials: {materials}
output: {{key: {key}, name: {{zh: 结果, en: Result}}, kind: other}}
source: {{zh: 依据, en: Basis}}
"""
EVENT = """
key: {key}
name: {{zh: {key}, en: {key}}}
summary: {{zh: 一次申请。, en: Apply once.}}
stage: entry
audience: business
words: {{zh: 亭子, en: kiosk}}
lead: market
promised: {{days: 20}}
services: [{{service: {key}}}]
"""
ASKED = "[{key: permit, name: {zh: 许可, en: Permit}, necessity: required, origin: government}]"
FORM = "/life-events/renewal/apply/"
RAW = {"contact_mobile": "13800001000"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_folder(tmp_path_factory.mktemp("kiosk") / "city")
    for key, materials in (("permit", "[]"), ("renewal", ASKED)):
        (folder / f"services/{key}.yaml").write_text(SERVICE.format(key=key, materials=materials).lstrip(), "utf-8")
        (folder / f"life-events/{key}.yaml").write_text(EVENT.format(key=key).lstrip(), "utf-8")
    return folder


@dataclass(frozen=True)
class Place:
    """The two published versions, and a person who holds a permit."""

    permit: str
    renewal: str
    person: Account

    @property
    def client(self) -> Client:
        return visitor(self.person)


def grant(version: str, person: Account) -> Output:
    number = do(SubmitCase(version, {}, RAW), actor(person)).result["case"]
    who = officer("urban")
    do(AcceptStep(number, "permit"), who)
    do(DecideStep(number, "permit", granted=True), who)
    return Output.objects.get(step__case__number=number)


@pytest.fixture
def place(folder: Path, state: Path) -> Iterator[Place]:
    with served(folder):
        found = Place(publish("permit"), publish("renewal"), account("holder"))
        grant(found.permit, found.person)
        yield found


def send(client: Client, **fields: Any) -> Any:
    return post(client, FORM, **RAW, submit="1", **fields)


def hand_in(place: Place, material: UploadedMaterial, person: Account | None = None) -> Any:
    return do(SubmitCase(place.renewal, {}, RAW, (material,)), actor(person or place.person))


def test_the_form_offers_a_result_the_person_holds_and_takes_it_when_ticked(place: Place) -> None:
    output = Output.objects.get()
    page = place.client.get(FORM)
    assert f"Use the result I already hold: No. {output.number}" in said(page)
    assert filled(page, "own-permit") is None, "chosen by the person, never unasked"
    done = send(place.client, **{"own-permit": "on"})
    assert done.status_code == 302, said(done)
    material = Material.objects.get()
    assert (material.key, material.filename) == ("permit", f"{output.number}.pdf")


def test_not_ticked_the_document_is_missing_and_the_offer_stays(place: Place) -> None:
    page = send(place.client)
    assert page.status_code == 422 and set(errors_at(page)) == {"permit"}
    assert "Use the result I already hold" in said(page)


def test_a_draft_keeps_the_choice(place: Place) -> None:
    assert post(place.client, FORM, **RAW, save="1", **{"own-permit": "on"}).status_code == 302
    page = place.client.get(FORM)
    assert "already added" in said(page) and "Use the result I already hold" not in said(page)
    assert send(place.client, **window(page)).status_code == 302
    assert Material.objects.get().key == "permit"


def test_the_record_says_which_result_a_document_is(place: Place) -> None:
    output = Output.objects.get()
    done = hand_in(place, as_material(own_outputs(place.person.pseudonym, {"permit"})[0]))
    assert attributes(done, "material_recorded")["reused"] == output.number
    assert attributes(done, "case_submitted")["materials_uploaded"] == 0
    touched = EventObject.objects.filter(object_type="output", object_id=output.number, event__act=done.act)
    assert touched.count() == 1


def test_a_result_that_ended_meanwhile_is_refused_at_its_field_and_nothing_is_written(place: Place) -> None:
    material = as_material(usable(place.person.pseudonym, {"permit"})["permit"])
    Output.objects.update(status="revoked")
    before = Case.objects.count()
    with pytest.raises(FormFaults) as refused:
        hand_in(place, material)
    assert list(refused.value.fields) == ["permit"]
    assert Case.objects.count() == before
    assert usable(place.person.pseudonym, {"permit"}) == {}
    assert "Use the result I already hold" not in said(place.client.get(FORM))


def test_anothers_result_is_neither_offered_nor_taken_for_ones_own(place: Place) -> None:
    other = account("other")
    assert "Use the result I already hold" not in said(visitor(other).get(FORM))
    assert send(visitor(other), **{"own-permit": "on"}).status_code == 422
    done = hand_in(place, as_material(own_outputs(place.person.pseudonym, {"permit"})[0]), other)
    assert "reused" not in attributes(done, "material_recorded")
    assert attributes(done, "case_submitted")["materials_uploaded"] == 1


def test_a_file_of_ones_own_that_is_no_result_is_an_upload(place: Place) -> None:
    any_file = UploadedMaterial("permit", uuid.uuid4().hex * 2, "application/pdf", len(pdf()), "permit.pdf")
    assert "reused" not in attributes(hand_in(place, any_file), "material_recorded")


def test_of_several_results_the_newest_valid_one_is_offered(place: Place) -> None:
    second = grant(place.permit, place.person)
    assert usable(place.person.pseudonym, {"permit"})["permit"].output == second
    Output.objects.filter(pk=second.pk).update(status="cancelled")
    assert usable(place.person.pseudonym, {"permit"})["permit"].output != second
    assert usable(place.person.pseudonym, set()) == {}
