# SPDX-License-Identifier: Apache-2.0
"""Archive packages: made of a closed case, checked file by file, handed over against a receipt, destroyed by two."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from people import OTHER, account, do, grant, key, officer, publish, submit
from services.record import BIRTH, BRING, CARD, INSURANCE, VACCINATION
from visits import apply, said, visitor
from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.acts.outbox import deliver
from zhengtong.acts.perform import now_us
from zhengtong.errors import BadInput, Conflict, NotFound, Refused
from zhengtong.ledger import log
from zhengtong.ledger.models import Event
from zhengtong.services.actions.appraise_archive import AppraiseArchive
from zhengtong.services.actions.destroy_archive import DestroyArchive
from zhengtong.services.actions.record_external_answer import RecordExternalDecision
from zhengtong.services.actions.transfer_archive import TransferArchive
from zhengtong.services.archive_work import file_of, folder
from zhengtong.services.archiving import build, listed, prepare, to_file
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.engine.archive import MANIFEST, Packed, Part, pack, verify_package
from zhengtong.services.models import ArchivePackage, Case
from zhengtong.services.rules.retention import Period, Schedule, due_for_transfer, ends, longest

DATABASE = [pytest.mark.django_db(transaction=True), pytest.mark.database]


# --- how long -----------------------------------------------------------------------------------------------------

TEN, THIRTY, EVER = Period(10), Period(30), Period(None, 20)
SCHEDULE = Schedule(TEN, {"birth": EVER}, {"market": THIRTY})


def test_the_services_own_period_goes_before_its_departments_and_the_longest_governs_the_case() -> None:
    assert SCHEDULE.period([("shop", "market")]) == THIRTY
    assert SCHEDULE.period([("birth", "market")]) == EVER
    assert SCHEDULE.period([("shop", "market"), ("other", "police")]) == THIRTY
    assert SCHEDULE.period([("birth", "police"), ("shop", "market")]) == EVER


def test_a_period_is_counted_from_the_year_after_the_closing() -> None:
    for closed in (date(2026, 1, 1), date(2026, 12, 31)):
        assert ends(closed, TEN) == date(2037, 1, 1)
        assert due_for_transfer(closed, EVER) == date(2047, 1, 1)
    assert ends(date(2026, 5, 5), EVER) is None and due_for_transfer(date(2026, 5, 5), TEN) is None


PERIODS = st.builds(Period, st.none() | st.integers(1, 100), st.none() | st.integers(0, 100))


@given(st.lists(PERIODS, min_size=1, max_size=6))
@settings(deadline=None, max_examples=80)
def test_nothing_of_a_case_is_destroyed_before_its_own_time(periods: list[Period]) -> None:
    closed, whole = date(2026, 6, 1), longest(periods)
    for one in periods:
        own, its = ends(closed, one), ends(closed, whole)
        assert its is None or (own is not None and own <= its)
    assert longest(periods[::-1]) == whole


# --- the package and its verifier ---------------------------------------------------------------------------------

PARTS = [Part("a.txt", b"one"), Part("b/c.txt", b"two"), Part("metadata.xml", b"<x/>")]


def written(folder: Path, packed: Packed, change: object = None) -> Path:
    """The package on disk, after `change(name, content) -> content | None` has been at its entries."""
    path = folder / "p.zip"
    path.write_bytes(packed.content)
    if callable(change):
        with zipfile.ZipFile(io.BytesIO(packed.content)) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                content = change(name, old.read(name))
                if content is not None:
                    new.writestr(name, content)
    return path


def found(path: Path, manifest: str = "") -> list[tuple[str, str]]:
    return [(one.kind, one.path) for one in verify_package(path, manifest=manifest)]


def test_a_whole_package_has_no_findings_and_equal_content_makes_equal_bytes(tmp_path: Path) -> None:
    packed = pack("N1", PARTS)
    assert found(written(tmp_path, packed), packed.manifest) == []
    assert pack("N1", PARTS[::-1]) == packed and pack("N2", PARTS) != packed
    with pytest.raises(BadInput):
        pack("N1", [*PARTS, PARTS[0]])


def test_a_missing_a_changed_and_an_extra_file_are_named(tmp_path: Path) -> None:
    packed = pack("N1", PARTS)
    assert found(written(tmp_path, packed, lambda n, c: None if n == "a.txt" else c)) == [("missing", "a.txt")]
    assert found(written(tmp_path, packed, lambda n, c: b"tow" if n == "b/c.txt" else c)) == [("changed", "b/c.txt")]
    path = written(tmp_path, packed)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("more.txt", b"x")
    assert found(path) == [("extra", "more.txt")]


def test_a_manifest_made_to_fit_is_not_the_one_recorded(tmp_path: Path) -> None:
    packed, forged = pack("N1", PARTS), pack("N1", [replace(PARTS[0], content=b"another"), *PARTS[1:]])
    path = written(tmp_path, forged)
    assert found(path) == [], "it agrees with itself"
    assert found(path, packed.manifest) == [("changed", MANIFEST)]


@pytest.mark.parametrize("spoil", [b"", b"not a zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_package_is_said_to_be_none(tmp_path: Path, spoil: bytes) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(spoil)
    assert found(path)[0][0] == "unreadable"
    assert found(tmp_path / "gone.zip") == [("unreadable", "gone.zip")]


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_no_byte_of_a_package_can_change_unseen(data: st.DataObject) -> None:
    packed = pack("N1", PARTS)
    at = data.draw(st.integers(0, len(packed.content) - 1))
    spoilt = bytearray(packed.content)
    spoilt[at] ^= data.draw(st.integers(1, 255))
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "p.zip"
        path.write_bytes(spoilt)
        findings = verify_package(path, manifest=packed.manifest)
        if not findings:  # a header field that readers ignore: then every file still reads as it was recorded
            with zipfile.ZipFile(path) as file:
                assert {part.path: file.read(part.path) for part in PARTS} == {p.path: p.content for p in PARTS}


# --- of a case ----------------------------------------------------------------------------------------------------


def filed(number: str, actor: Actor = SYSTEM) -> ArchivePackage:
    prepare(number)
    log().seal(now_us=now_us())
    return ArchivePackage.objects.select_related("case").get(number=build(number, actor, key()).result["archive"])


@pytest.fixture
def case(state: Path, transactional_db: None) -> str:
    """A case applied for on the portal with real files, granted throughout and closed."""
    publish()
    number = apply(visitor(account("parent")))
    for step in (VACCINATION, BIRTH, INSURANCE):
        grant(number, step)
    do(RecordExternalDecision(number, CARD, True, "SBK1"), SYSTEM)
    return number


class TestOfACase:
    pytestmark = DATABASE

    def test_the_package_holds_all_of_it_and_every_event_is_proven(self, case: str, tmp_path: Path) -> None:
        row = filed(case)
        key_file, note = log().key_file(), _newest()
        assert verify_package(file_of(row), manifest=row.manifest, key=key_file, checkpoint=note) == []
        with zipfile.ZipFile(file_of(row)) as file:
            names = file.namelist()
            metadata = etree.fromstring(file.read("metadata.xml"))
            process = json.loads(file.read("process.json"))
            outputs = json.loads(file.read("outputs.json"))
            assert file.read("form.pdf").startswith(b"%PDF-1.7")
        assert sum(name.startswith("materials/") for name in names) == row.case.materials.count() > 0
        assert sum(name.startswith("notices/") for name in names) == row.case.notices.count() > 3
        events = Event.objects.filter(objects_touched__object_id=case).exclude(type="case_filed").distinct().count()
        assert sum(name.startswith("record/events/") for name in names) == events == len(process)
        assert {one["number"] for one in outputs} and "SBK1" in {one["issuer_number"] for one in outputs}
        assert metadata.findtext("{*}retention") == "permanent" and metadata.findtext("{*}case") == case

    def test_a_proof_that_does_not_agree_is_named_with_its_file(self, case: str, tmp_path: Path) -> None:
        row = filed(case)
        with zipfile.ZipFile(file_of(row)) as file:
            name = next(n for n in file.namelist() if n.startswith("record/events/"))
            bundle = json.loads(file.read(name))
            parts = [Part(n, file.read(n)) for n in file.namelist() if n not in {name, MANIFEST}]
        bundle["leaf"] = bundle["leaf"].replace('"time_us":', '"time_us":1')
        path = written(tmp_path, pack(row.number, [*parts, Part(name, json.dumps(bundle).encode())]))
        wrong = verify_package(path, key=log().key_file(), checkpoint=_newest())
        assert [(one.kind, one.path) for one in wrong] == [("contradicted", name)]

    def test_the_act_records_the_digests_and_the_period_of_the_schedule(self, case: str) -> None:
        row = filed(case)
        event = Event.objects.get(type="case_filed")
        assert (event.attributes["sha256"], event.attributes["manifest"]) == (row.sha256, row.manifest)
        assert event.attributes["keep"] == "permanent" and row.keep_years is None and row.appraise_on is None
        closed = calendar().date_of(row.case.closed_us)
        assert row.transfer_on == date(closed.year + 21, 1, 1)
        assert row.number == f"0099-{closed.year}-{row.department}-{case}"
        assert not to_file().exists()

    def test_a_case_is_filed_once_when_closed_and_sealed_by_its_lead_department(self, case: str) -> None:
        with pytest.raises(Conflict) as error:
            build(case, SYSTEM, key())
        assert error.value.en.startswith("events of the case are not sealed yet")
        prepare(case)
        log().seal(now_us=now_us())
        for stranger in (OTHER, officer("fire")):
            with pytest.raises(Refused):
                build(case, stranger, key())
        filed(case)
        with pytest.raises(Conflict):
            build(case, SYSTEM, key())
        assert ArchivePackage.objects.count() == 1

    def test_an_open_case_is_not_filed(self, state: Path) -> None:
        with pytest.raises(Conflict):
            build(submit(publish()), SYSTEM, key())

    def test_a_material_whose_file_is_gone_stops_the_filing_and_is_named(self, state: Path) -> None:
        number = submit(publish())
        BRING["withdrawn"](number)
        prepare(number)
        log().seal(now_us=now_us())
        with pytest.raises(NotFound):
            build(number, SYSTEM, key())
        Case.objects.filter(number=number).update(demo=True)  # of a simulated past no file was ever handed in
        row = filed(number)
        with zipfile.ZipFile(file_of(row)) as file:
            assert b"<held>false</held>" in file.read("metadata.xml")

    def test_a_package_is_handed_over_whole_against_a_receipt(self, case: str) -> None:
        row = filed(case)
        path, whole = file_of(row), file_of(row).read_bytes()
        path.write_bytes(whole[:-10])
        with pytest.raises(BadInput):
            do(TransferArchive(row.number, "市档案馆", "移1号"), SYSTEM)
        path.write_bytes(whole)
        with pytest.raises(BadInput):
            do(TransferArchive(row.number, "市档案馆", " "), SYSTEM)
        do(TransferArchive(row.number, "市档案馆", "移1号"), officer(row.department))
        with pytest.raises(Conflict):
            do(TransferArchive(row.number, "市档案馆", "移2号"), SYSTEM)

    def test_nothing_is_destroyed_before_its_time_without_appraisal_or_by_one_alone(self, case: str) -> None:
        row = filed(case)
        one, other = officer(row.department), Actor("e" * 32, frozenset({Role("officer", row.department)}))
        with pytest.raises(Conflict) as error:
            do(AppraiseArchive(row.number, True, "无保存价值"), one)
        assert error.value.expected == "permanent"
        ArchivePackage.objects.filter(pk=row.pk).update(appraise_on=date(2020, 1, 1))
        assert [due.number for due in listed(due=True)] == [row.number]
        with pytest.raises(Conflict):
            do(DestroyArchive(row.number), other)
        do(AppraiseArchive(row.number, False, "仍有价值", years=5), one)
        assert listed(due=True) == []
        ArchivePackage.objects.filter(pk=row.pk).update(appraise_on=date(2020, 1, 1))
        do(AppraiseArchive(row.number, True, "已无价值"), one)
        with pytest.raises(Conflict) as error:
            do(DestroyArchive(row.number), one)
        assert error.value.en.startswith("whoever appraised it")
        path = file_of(row)
        do(DestroyArchive(row.number), other)
        assert path.is_file(), "the file goes after the commit"
        while deliver():
            pass
        assert not path.exists() and ArchivePackage.objects.get().sha256 == row.sha256

    def test_the_page_files_checks_and_hands_over(self, case: str) -> None:
        prepare(case)
        log().seal(now_us=now_us())
        lead = open_case(case, lock=False).definition.event.lead
        clerk = visitor(account("lead", "officer", lead))
        assert case in said(clerk.get("/workbench/archive/"))
        done = clerk.post("/workbench/archive/build/", {"case": case, "act_key": key()}, follow=True)
        assert "every file is there and unchanged" in said(done)
        row = ArchivePackage.objects.get()
        address = f"/workbench/archive/{row.number}/"
        assert clerk.get(f"{address}file")["Content-Type"] == "application/zip"
        stranger = visitor(account("fire", "officer", "fire"))
        assert stranger.get(address).status_code == 404 and stranger.get(f"{address}file").status_code == 404
        auditor = visitor(account("auditor", "auditor"))
        assert auditor.get(address).status_code == 200 and auditor.get(f"{address}file").status_code == 403
        with zipfile.ZipFile(folder() / f"{row.sha256}.zip", "a") as file:
            file.writestr("slipped-in.txt", b"x")
        assert "slipped-in.txt" in said(clerk.get(address))
        body = {"act": "transfer", "receiver": "市档案馆", "receipt": "移1号", "act_key": key()}
        assert clerk.post(f"{address}act/", body).status_code == 422
        assert ArchivePackage.objects.get().state == "built"


def _newest() -> str:
    from zhengtong.ledger.models import Checkpoint

    newest = Checkpoint.objects.order_by("-size").first()
    assert newest
    return newest.note
