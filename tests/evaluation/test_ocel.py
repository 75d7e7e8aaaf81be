# SPDX-License-Identifier: Apache-2.0
"""OCEL 2.0: three forms, one log; whole, in its order, seen by any type of object; and out again the same."""

from __future__ import annotations

import gzip
import json
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from evaluation import ocel_factory as factory
from evaluation.ocel_factory import SMALL, as_plain, changed, imported, plain, put, tables
from zhengtong.errors import BadInput, Conflict, Contradicted
from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.engine import ocel_json, sources
from zhengtong.evaluation.engine.exporting import export_log
from zhengtong.evaluation.engine.importing import import_log
from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.engine.ocel_tables import seen_by
from zhengtong.evaluation.engine.ocel_writing import table_names
from zhengtong.evaluation.engine.opening import Limits
from zhengtong.evaluation.engine.report import mine_source

FORMS = ("ocel-json", "ocel-xml", "ocel-sqlite")
EXAMPLE = {"ocel-json": "jsonocel", "ocel-xml": "xmlocel", "ocel-sqlite": "sqlite"}
quick = settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))


def example(shared: Path, state: Path, form: str, **mapping: object) -> sources.Source:
    file = shared / "ocel" / f"ocel20_example.{EXAMPLE[form]}"
    # its XML and SQLite write the hours of Central Europe without a zone, its JSON writes UTC
    return imported(file, state, form, zone="Europe/Berlin", **mapping)


def test_the_three_forms_of_the_standards_example_are_one_log(shared: Path, tmp_path: Path) -> None:
    found = [example(shared, tmp_path, form) for form in FORMS]
    assert [one.about["file"]["format"] for one in found] == list(FORMS)
    assert found[0].about["output"] == found[1].about["output"] == found[2].about["output"]
    given = json.loads((shared / "ocel/ocel20_example.jsonocel").read_text())
    for one in (*given["objects"], *given["events"]):
        one.setdefault("attributes", [])
        one.setdefault("relationships", [])
    assert as_plain(found[2]) == plain(given)
    held = tables(found[1])
    assert [len(held[part]) for part in ("events", "objects", "event_objects", "object_objects")] == [13, 9, 20, 7]
    r3 = [(us, json.loads(value)) for one, _, us, value in held["changes"] if one == "R3"]
    assert r3 == [(0, "No"), (1_643_869_800_000_000, "Yes"), (1_643_927_400_000_000, "No")]


def test_times_without_a_zone_are_asked_about_rather_than_guessed(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"16 faults\s+ocel20_example\.xmlocel:87 objects: .*no zone.*--zone"):
        imported(shared / "ocel/ocel20_example.xmlocel", tmp_path)
    assert imported(shared / "ocel/ocel20_example.jsonocel", tmp_path).about["events"] == 9


def test_the_mark_of_the_beginning_is_no_instant_of_a_zone(tmp_path: Path) -> None:
    naive = changed(("objects.0.attributes.0.time", "1970-01-01T00:00:00"))
    source = imported(put(tmp_path, naive), tmp_path, zone="Asia/Shanghai")
    assert tables(source)["changes"][0][2] == 0


@pytest.mark.parametrize(("case_type", "events", "cases"), [(None, 9, 3), ("Purchase Order", 5, 2), ("Payment", 3, 3)])
def test_the_log_is_mined_as_any_type_of_object_sees_it(
    shared: Path, tmp_path: Path, case_type: str | None, events: int, cases: int
) -> None:
    source = example(shared, tmp_path, "ocel-json", case_type=case_type)
    assert (source.about["case_type"], source.about["events"]) == (case_type or "Invoice", events)
    with EventLog.of(source) as log:
        mined = mine_source(source, log, 5)
    assert (mined.map.events, mined.map.cases) == (events, cases)
    whole = example(shared, tmp_path / "other", "ocel-sqlite")
    with seen_by(whole, case_type or "Invoice") as files, EventLog(*files) as log:
        assert mine_source(whole, log, 5).map == mined.map


def test_an_event_on_two_objects_of_the_type_belongs_to_both_cases(tmp_path: Path) -> None:
    log = changed(("objects.2", {"id": "c2", "type": "办件"}), ("events.1.relationships.1", {"objectId": "c2"}))
    source = imported(put(tmp_path, log), tmp_path, case_type="办件")
    assert (source.about["events"], source.about["cases"]) == (3, 2)
    with EventLog.of(source) as opened:
        paths = {variant.sequence: variant.cases for variant in opened.variants(5).top}
    assert paths == {("受理", "办结"): 1, ("办结",): 1}


def test_mapping_and_case_type_are_part_of_what_a_source_is(tmp_path: Path) -> None:
    file = put(tmp_path, SMALL)
    first = imported(file, tmp_path, case_type="step")
    assert imported(file, tmp_path, case_type="step").id == first.id
    with pytest.raises(Conflict):
        imported(file, tmp_path, case_type="办件")
    renamed = imported(file, tmp_path, "renamed", rename={"受理": "accepted"}, finished_activities=("办结",))
    with EventLog.of(renamed) as log:
        assert set(log.names.values()) == {"accepted", "办结"}
    with pytest.raises(BadInput, match="columns"):
        imported(file, tmp_path, "x", columns={"case": "id"})
    with pytest.raises(BadInput, match=r"found Case; expected 办件, step"):
        imported(file, tmp_path, "x", case_type="Case")
    csv = put(tmp_path, b"case_id,activity,timestamp\nc,a,2026-01-01T00:00:00Z\n", "log.csv")
    with pytest.raises(BadInput, match="only an OCEL log"):
        imported(csv, tmp_path, "x", case_type="case")
    assert [source.name for source in sources.list_sources(tmp_path)] == ["log", "renamed"]


def test_a_mapping_without_a_case_type_keeps_the_digest_it_had() -> None:
    """Sources imported before OCEL was read must still be recognised."""
    before = "27ba85ec421231117cfaf333c83548edb09e8731e90bc5a329fc448cf7e1cee6"
    assert LogMapping().digest() == before != LogMapping(case_type="x").digest()


def test_a_packed_file_with_a_mark_and_any_name_is_read(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + json.dumps(SMALL).encode()
    source = imported(put(tmp_path, gzip.compress(data), "whatever.txt"), tmp_path)
    assert as_plain(source) == plain(SMALL)


@quick
@given(log=factory.logs(), chunk=st.integers(1, 40))
def test_reading_does_not_depend_on_where_the_pieces_are_cut(log: factory.Log, chunk: int) -> None:
    data = json.dumps(log, ensure_ascii=False).encode()
    pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    text = ocel_json._Text(iter(pieces), "log", Limits())
    least, ocel_json._AGAIN = ocel_json._AGAIN, 1
    try:
        assert text.value() == log
    finally:
        ocel_json._AGAIN = least
    assert text.next() == ""


@quick
@given(log=factory.logs())
def test_what_is_read_is_what_was_written(log: factory.Log) -> None:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        types = {one["id"]: one["type"] for one in log["objects"]}
        case_type = types[log["events"][0]["relationships"][0]["objectId"]]
        assert as_plain(imported(put(folder, log), folder, case_type=case_type)) == plain(log)


@quick
@given(log=factory.logs(), form=st.sampled_from(FORMS))
def test_a_log_written_and_read_again_is_the_same(log: factory.Log, form: str) -> None:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        types = {one["id"]: one["type"] for one in log["objects"]}
        case_type = types[log["events"][0]["relationships"][0]["objectId"]]
        first = imported(put(folder, log), folder, case_type=case_type)
        export_log(first, folder / "out", form)  # type: ignore[arg-type]
        again = imported(folder / "out", folder, "again", case_type=case_type)
        assert again.about["file"]["format"] == form
        assert again.about["output"] == first.about["output"]


def test_the_standards_example_goes_through_every_form(shared: Path, tmp_path: Path) -> None:
    source = example(shared, tmp_path, "ocel-json")
    for form in FORMS:
        file = tmp_path / f"out.{form}"
        export_log(source, file, form)  # type: ignore[arg-type]
        assert imported(file, tmp_path, f"again-{form}").about["output"] == source.about["output"]


def test_the_sqlite_form_has_the_tables_of_the_standards_example(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.sqlite"
    export_log(example(shared, tmp_path, "ocel-xml"), out, "ocel-sqlite")

    def schema(path: Path) -> dict[str, set[tuple[str, str]]]:
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: {(row[1], row[2]) for row in connection.execute(f'PRAGMA table_info("{name}")')} for name in names
            }

    ours, theirs = schema(out), schema(shared / "ocel/ocel20_example.sqlite")
    assert set(ours) == set(theirs)
    for name, columns in theirs.items():
        assert columns <= ours[name] <= columns | {("ocel_changed_field", "TEXT")}
    with sqlite3.connect(out) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (time,) = connection.execute("SELECT ocel_time FROM event_SetPaymentBlock").fetchone()
    assert time == "2022-02-03T06:30:00.000000Z"


def test_the_json_form_keeps_the_rules_of_the_schema(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    export_log(example(shared, tmp_path, "ocel-sqlite"), out, "ocel-json")
    log = json.loads(out.read_text())
    assert list(log) == ["objectTypes", "eventTypes", "objects", "events"]
    assert set(log["events"][0]) == {"id", "type", "time", "attributes", "relationships"}
    assert log["events"][0]["time"] == "2022-01-09T14:00:00.000000Z"
    invoice = next(one for one in log["objects"] if one["id"] == "R3")
    assert invoice["attributes"][0]["time"] == "1970-01-01T00:00:00.000000Z"
    declared = {(one["name"], a["name"]) for one in log["eventTypes"] for a in one["attributes"]}
    assert {(one["type"], a["name"]) for one in log["events"] for a in one["attributes"]} <= declared


def test_the_xml_form_is_laid_out_as_the_standards_example(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.xml"
    export_log(example(shared, tmp_path, "ocel-json"), out, "ocel-xml")

    def paths(path: Path) -> set[str]:
        tree = etree.parse(path)
        return {
            tree.getpath(one).replace("[", " [").split(" [")[0] + "|" + ",".join(sorted(one.attrib))
            for one in tree.iter(etree.Element)
        }

    assert {one.split("/")[-1] for one in paths(out)} == {
        one.split("/")[-1] for one in paths(shared / "ocel/ocel20_example.xmlocel")
    }


def test_types_whose_names_meet_get_tables_of_their_own() -> None:
    names = table_names(["a b", "ab", "AB", "a-b", "!", "?", "受 理"])
    assert names == {
        "a b": "ab",
        "ab": "ab_2",
        "AB": "AB_3",
        "a-b": "ab_4",
        "!": "type",
        "?": "type_2",
        "受 理": "受理",
    }


@pytest.mark.parametrize(
    ("form", "edit", "words"),
    [
        ("ocel-sqlite", ("eventTypes.0.attributes.1", {"name": "N", "type": "integer"}), "two attributes would meet"),
        ("ocel-sqlite", ("objectTypes.0.attributes.1", {"name": "OCEL_id", "type": "string"}), "would meet"),
        ("ocel-xml", ("objects.0.attributes.0.value", "a\x0bb"), r"XML cannot hold .*U\+000B"),
    ],
)
def test_what_a_form_cannot_hold_is_refused_and_nothing_is_left(
    tmp_path: Path, form: str, edit: tuple[str, object], words: str
) -> None:
    log = changed(edit)
    log["events"][0]["attributes"] = []
    source = imported(put(tmp_path, log), tmp_path / "state")
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput, match=words):
        export_log(source, tmp_path / "out/log", form)  # type: ignore[arg-type]
    assert list((tmp_path / "out").iterdir()) == []
    export_log(source, tmp_path / "out/log", "ocel-json")
    assert as_plain(imported(tmp_path / "out/log", tmp_path / "again")) == plain(log)


def test_a_source_changed_behind_our_back_is_not_exported(tmp_path: Path) -> None:
    source = imported(put(tmp_path, SMALL), tmp_path)
    file = source.folder / "ocel_objects.parquet"
    file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(Contradicted, match=r"ocel_objects\.parquet"):
        export_log(source, tmp_path / "out", "ocel-json")


def test_nought_has_no_sign(tmp_path: Path) -> None:
    log = changed(("objects.0.attributes.1", {"name": "fee", "time": "2026-01-01T00:00:00Z", "value": -0.0}))
    assert tables(imported(put(tmp_path, log), tmp_path))["changes"][0][3] == "0.0"


def test_relations_that_stand_twice_count_once_and_are_told(tmp_path: Path) -> None:
    log = changed(("events.1.relationships.1", SMALL["events"][1]["relationships"][0]))
    about = import_log(put(tmp_path, log), "log", tmp_path, now_us=1).source.about
    assert about["notes"]["relations_doubled"] == 1
    assert about["events"] == 2
