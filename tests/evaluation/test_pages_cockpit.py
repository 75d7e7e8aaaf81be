# SPDX-License-Identifier: Apache-2.0
"""From the leader's figure down to events and their proof, as pages, and what they say when something was changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from people import account, grant, officer, publish, submit
from visits import filled, links, said, tree, visitor
from zhengtong import ledger
from zhengtong.acts.actor import SYSTEM, Actor
from zhengtong.acts.perform import now_us, perform
from zhengtong.ledger import verifier
from zhengtong.ledger.models import Event
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.models import Case, Output
from zhengtong.site.worker import seal

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
DAY = 86_400_000_000


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def leader() -> object:
    return visitor(account("leader", "leader"))


def closed(version: str, days: int, *, slow: bool = False) -> str:
    """A case submitted `days` days ago and completed; `slow`: its registration came a month later than accepted."""
    began = now_us() - days * DAY
    number = submit(version, at_us=began)
    police = officer("police")
    perform(AcceptStep(number, "birth-registration"), police, f"a/{number}", at_us=began + DAY // 24)
    at = began + (30 if slow else 1) * DAY
    perform(DecideStep(number, "birth-registration", granted=True), police, f"d/{number}", at_us=at)
    for step in ("vaccination-record", "resident-insurance"):
        grant(number, step, at_us=at + DAY // 24)
    for what in (RecordExternalAcceptance, RecordExternalDecision):
        more = (True, "C-1") if what is RecordExternalDecision else ()
        perform(what(number, "social-security-card", *more), SYSTEM, f"{what.__name__}/{number}", at_us=at + DAY // 12)
    assert Case.objects.get(number=number).phase == "completed"
    return number


def test_with_nothing_closed_the_cockpit_says_so(leader: object) -> None:
    page = leader.get("/cockpit/")
    assert "No case of “A child is born” has closed yet" in said(page)
    assert leader.get("/cockpit/on-time/newborn/").status_code == 200
    assert leader.get("/cockpit/on-time/nothing/").status_code == 404


def test_a_figure_opens_to_its_cases_their_events_and_each_ones_proof(leader: object, version: str) -> None:
    late, timely = closed(version, 40, slow=True), closed(version, 20)
    seal()
    page = leader.get("/cockpit/")
    assert "50%" in said(page) and "1 of 2 cases" in said(page)
    assert "/cockpit/on-time/newborn/" in links(page)
    cases = leader.get("/cockpit/on-time/newborn/")
    assert "1 of 2 closed cases were on time" in said(cases)
    assert links(cases, "/evidence/cases/") == [f"/evidence/cases/{late}/", f"/evidence/cases/{timely}/"]
    only = leader.get("/cockpit/on-time/newborn/?late=1")
    assert links(only, "/evidence/cases/") == [f"/evidence/cases/{late}/"]
    assert "Registration of a birth" in said(only)
    evidence = leader.get(f"/evidence/cases/{late}/")
    mine = Event.objects.filter(objects_touched__object_id=late).distinct()
    assert f"All {mine.count()} events proven unchanged since they were recorded" in said(evidence)
    opened = links(evidence, "/evidence/events/")
    assert {address.split("/")[3] for address in opened} == set(mine.values_list("id", flat=True))
    for address in opened:
        one = leader.get(address)
        assert "Proven: unchanged since it was recorded" in said(one)
        assert links(one, "/evidence/cases/") == [f"/evidence/cases/{late}/"], "and there is a way back"
    rows = " ".join(tree(evidence).xpath("string(//main//table)").split())
    assert "Registration of a birth" in rows and "Police" in rows
    assert "birth-registration" not in rows, "named as people name it"


def test_what_is_not_sealed_yet_is_promised_not_proven(leader: object, version: str) -> None:
    number = submit(version)
    page = leader.get(f"/evidence/cases/{number}/")
    assert "0 events proven" in said(page) and "waiting to be sealed" in said(page)
    one = Event.objects.filter(objects_touched__object_id=number).first()
    assert one is not None
    assert "Recorded, to be sealed shortly" in said(leader.get(f"/evidence/events/{one.id}/"))


def judge(folder: Path, bundle: str, key: str, note: str) -> tuple[int, str]:
    """The stand-alone verifier, copied to a machine of its own."""
    copy = folder / "verifier.py"
    copy.write_bytes(Path(verifier.__file__).read_bytes())
    for name, text in {"bundle.json": bundle, "key.txt": key, "checkpoint.txt": note}.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", copy, "bundle.json", "--key", "key.txt", "--checkpoint", "checkpoint.txt", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return done.returncode, json.loads(done.stdout)["state"]


def test_a_downloaded_proof_is_judged_by_the_verifier_alone(leader: object, version: str, tmp_path: Path) -> None:
    number = closed(version, 20)
    seal()
    event = Event.objects.filter(objects_touched__object_id=number, type="step_granted").first()
    assert event is not None
    answer = leader.get(f"/evidence/events/{event.id}/bundle.json")
    assert answer["Content-Disposition"] == f'attachment; filename="event-{event.id}.json"'
    bundle = answer.content.decode()
    anyone = visitor()
    key, note = (anyone.get(f"/evidence/{name}.txt").content.decode() for name in ("key", "checkpoint"))
    assert judge(tmp_path, bundle, key, note) == (0, "proven")
    forged = bundle.replace("step_granted", "step_refused")
    assert forged != bundle and judge(tmp_path, forged, key, note) == (1, "contradicted")


def test_a_row_changed_behind_the_back_is_named_by_the_audit_with_its_case(leader: object, version: str) -> None:
    number = closed(version, 20)
    seal()
    clean = leader.get("/cockpit/audit/")
    assert "Everything agrees with what was recorded" in said(clean)
    output = Output.objects.get(step__case__number=number, key="household-register")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE services_output SET issued_us = issued_us - 1 WHERE number = %s", [output.number])
    page = leader.get("/cockpit/audit/")
    assert "1 thing no longer agrees" in said(page)
    assert output.number in said(page)
    assert f"case {number}" in said(page)


def test_without_a_checkpoint_there_is_none_to_fetch() -> None:
    assert visitor().get("/evidence/checkpoint.txt").status_code == 404
    ledger.log().seal(now_us=now_us())


def test_the_key_and_checkpoint_are_for_everyone(version: str) -> None:
    submit(version)
    seal()
    for name in ("key", "checkpoint"):
        answer = visitor().get(f"/evidence/{name}.txt")
        assert answer.status_code == 200 and answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "PRIVATE" not in answer.content.decode()


def test_no_evidence_page_names_a_person(leader: object, version: str) -> None:
    number = submit(version, Actor("7" * 32, frozenset(officer("x").roles)))
    seal()
    for address in [f"/evidence/cases/{number}/", *_events(number)]:
        text = leader.get(address).content.decode()
        for personal in ("林知夏", "林晓梅", "999900199003121009", "13800001000", "莲塘街道"):
            assert personal not in text


def _events(number: str) -> list[str]:
    found = Event.objects.filter(objects_touched__object_id=number).distinct()
    return [f"/evidence/events/{event.id}/" for event in found]


def test_a_late_service_leads_to_a_drafted_task(leader: object, version: str) -> None:
    closed(version, 40, slow=True)
    seal()
    [draft] = links(leader.get("/cockpit/"), "/tasks/propose/?")
    page = leader.get(draft)
    assert filled(page, "indicator") == "on-time.newborn.birth-registration"


def test_demo_figures_are_marked_as_such_on_every_page(leader: object, version: str, settings: object) -> None:
    number = submit(version, demo=True)
    assert "demo data" in said(leader.get(f"/evidence/cases/{number}/"))
    assert not tree(leader.get("/cockpit/")).xpath("//*[@class='demo-note']")
    settings.ZHENGTONG_DEMO = True
    for address in ("/", "/cockpit/", "/cockpit/audit/", f"/evidence/cases/{number}/"):
        note = tree(leader.get(address)).xpath("//*[@class='demo-note']")
        assert note and "Demo data" in note[0].text_content()


@pytest.mark.parametrize("role", ["leader", "government_office", "data_bureau", "auditor"])
def test_whoever_reads_figures_reads_the_events_behind_them_and_not_the_form(version: str, role: str) -> None:
    number = closed(version, 20)
    seal()
    reader = visitor(account("reader", role))
    shown = reader.get(f"/evidence/cases/{number}/")
    assert shown.status_code == 200 and "林知夏" not in said(shown)
    for address in links(shown, "/evidence/events/")[:3]:
        event = reader.get(address)
        assert event.status_code == 200 and "林知夏" not in said(event)
    assert "林知夏" not in said(reader.get(f"/my/{number}/"))


def test_evidence_stays_shut_to_those_it_does_not_concern(version: str) -> None:
    number = closed(version, 20)
    event = Event.objects.filter(objects_touched__object_id=number, type="case_submitted").get()
    strangers = [account("neighbour"), account("officer-housing", "officer", "housing"), account("agent", "hotline")]
    for address in (f"/evidence/cases/{number}/", f"/evidence/events/{event.id}/"):
        assert {visitor(one).get(address).status_code for one in strangers} == {404}
