# SPDX-License-Identifier: Apache-2.0
"""Logs out: the own record as of a leaf, XES that reads back, Parquet, and files that appear whole or not at all."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from lxml import etree
from typer.testing import CliRunner

from evaluation import oracle
from evaluation.ocel_factory import SMALL, imported, put, tables
from people import publish, submit
from zhengtong.errors import BadInput, Conflict, Contradicted, NotFound, WrongUse
from zhengtong.evaluation import commands
from zhengtong.evaluation.engine import exporting
from zhengtong.evaluation.engine.exporting import FORMATS, export_log
from zhengtong.evaluation.engine.importing import import_log
from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.engine.report import mine_source
from zhengtong.evaluation.engine.sources import Source
from zhengtong.evaluation.exporting import own_record
from zhengtong.ledger.engine.segments import Segments

XES = "{http://www.xes-standard.org/}"
HOUR = 3_600_000_000
PERSON = "a" * 32


def record(folder: Path) -> Segments:
    """A sealed record in two segments: a case of two steps, and an event about no case."""

    def event(leaf: int, type_: str, attributes: dict[str, object], department: str = "") -> tuple[object, ...]:
        text = json.dumps(attributes, separators=(",", ":"), sort_keys=True)
        return leaf, f"{leaf:032x}", "f" * 32, type_, leaf * HOUR, 9 * HOUR, PERSON, department, text

    def about(leaf: int, *objects: tuple[str, str, str]) -> list[tuple[object, ...]]:
        return [(leaf, f"{leaf:032x}", *one) for one in objects]

    held = Segments(folder, "city/1")
    case = ("case", "M26-1", "state")
    with held.writing():
        first = [
            event(0, "case_submitted", {"fields": 3, "late": False, "parts": [1, {"k": "v"}]}),
            event(1, "sealed", {}),
        ]
        held.add([(first, about(0, case, ("person", PERSON, "")))], end=2, root="ab")
        rest = [event(2, "step_granted", {"fields": "none"}, "police"), event(3, "case_submitted", {"fields": 4})]
        objects = [*about(2, ("case", "M26-1", ""), ("step", "M26-1", "state")), *about(3, ("case", "M26-2", "state"))]
        held.add([(rest, objects)], end=4, root="cd")
    return held


def sequences(source: Source) -> dict[str, list[tuple[Any, ...]]]:
    """What happened in each case, in order, without where in the file it stood."""
    rows = duckdb.sql(
        "SELECT case_id, activity, time_us, start_us, resource, department, lifecycle"
        f" FROM read_parquet('{source.events}') ORDER BY case_no, time_us, position"
    ).fetchall()
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for case, *rest in rows:
        found[case].append(tuple(rest))
    return found


def test_the_own_record_becomes_ocel_with_its_types_objects_and_attributes(tmp_path: Path) -> None:
    done = export_log(record(tmp_path / "ledger"), tmp_path / "out.json", "ocel-json")
    assert (done.events, done.objects, done.leaves) == (4, 4, 4)
    log = json.loads((tmp_path / "out.json").read_text())
    declared = {one["name"]: {a["name"]: a["type"] for a in one["attributes"]} for one in log["eventTypes"]}
    own = {"_act": "string", "_actor": "string", "_department": "string", "_leaf": "integer", "_recorded": "time"}
    assert declared["case_submitted"] == {**own, "fields": "integer", "late": "boolean", "parts": "string"}
    assert declared["step_granted"] == {**own, "fields": "string"}
    first = log["events"][0]
    values = {one["name"]: one["value"] for one in first["attributes"]}
    assert values == {
        "_act": "f" * 32, "_actor": PERSON, "_leaf": 0, "_recorded": "1970-01-01T09:00:00.000000Z",
        "fields": 3, "late": False, "parts": '[1,{"k":"v"}]',
    }  # fmt: skip
    assert (first["id"], first["type"], first["time"]) == ("0" * 32, "case_submitted", "1970-01-01T00:00:00.000000Z")
    assert {"objectId": "case:M26-1", "qualifier": "state"} in first["relationships"]
    # two types may use one id; in OCEL an id is of one object
    assert {(one["id"], one["type"]) for one in log["objects"]} >= {("case:M26-1", "case"), ("step:M26-1", "step")}


@pytest.mark.parametrize("form", ["ocel-json", "ocel-xml", "ocel-sqlite"])
def test_the_own_record_reads_back_as_a_source(tmp_path: Path, form: Any) -> None:
    held = record(tmp_path / "ledger")
    export_log(held, tmp_path / "out", form)
    source = imported(tmp_path / "out", tmp_path, case_type="case")
    assert (source.about["events"], source.about["cases"], source.about["case_types"]["step"]["events"]) == (3, 2, 1)
    held_events = tables(source)["events"]
    assert [json.loads(row[4])["_leaf"] for row in held_events] == [0, 1, 2, 3]
    export_log(source, tmp_path / "again", form)
    again = imported(tmp_path / "again", tmp_path, "again", case_type="case")
    assert again.about["output"] == source.about["output"]


def test_the_record_is_exported_as_it_was_at_a_leaf(tmp_path: Path) -> None:
    held = record(tmp_path / "ledger")
    done = export_log(held, tmp_path / "three", "parquet", as_of=3)
    assert (done.events, done.leaves) == (3, 3)
    about = json.loads((tmp_path / "three/about.json").read_text())
    assert (about["log"], about["leaves"], about["root"]) == ("city/1", 3, None)
    export_log(held, tmp_path / "all", "parquet", as_of=99)
    about = json.loads((tmp_path / "all/about.json").read_text())
    assert (about["leaves"], about["root"]) == (4, "cd")
    rows = duckdb.read_parquet(str(tmp_path / "three/events.parquet")).fetchall()
    assert [row[:4] for row in rows] == [
        (0, f"{0:032x}", "case_submitted", 0),
        (1, f"{1:032x}", "sealed", HOUR),
        (2, f"{2:032x}", "step_granted", 2 * HOUR),
    ]
    relations = duckdb.read_parquet(str(tmp_path / "three/event_objects.parquet")).fetchall()
    assert set(relations) == {
        (f"{0:032x}", "case:M26-1", "state"), (f"{0:032x}", f"person:{PERSON}", ""),
        (f"{2:032x}", "case:M26-1", ""), (f"{2:032x}", "step:M26-1", "state"),
    }  # fmt: skip


def test_the_own_record_as_xes_has_a_trace_a_case(tmp_path: Path) -> None:
    held = record(tmp_path / "ledger")
    done = export_log(held, tmp_path / "out.xes", "xes")
    assert (done.events, done.cases, done.left_out) == (4, 2, 1)
    source = import_log(tmp_path / "out.xes", "x", tmp_path, now_us=1).source
    assert sequences(source) == {
        "M26-1": [
            ("case_submitted", 0, None, PERSON, None, None),
            ("step_granted", 2 * HOUR, None, PERSON, "police", None),
        ],
        "M26-2": [("case_submitted", 3 * HOUR, None, PERSON, None, None)],
    }
    assert export_log(held, tmp_path / "steps.xes", "xes", case_type="step").cases == 1
    with pytest.raises(BadInput, match=r"found steps; expected case, person, step"):
        export_log(held, tmp_path / "no.xes", "xes", case_type="steps")
    with pytest.raises(BadInput, match="for XES only"):
        export_log(held, tmp_path / "no.json", "ocel-json", case_type="step")


def test_a_segment_changed_behind_our_back_is_not_exported(tmp_path: Path) -> None:
    held = record(tmp_path / "ledger")
    file = next((tmp_path / "ledger").glob("*.events.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(Contradicted, match=file.name):
        export_log(held, tmp_path / "out", "ocel-json")
    with pytest.raises(NotFound, match="ledger seal"):
        export_log(Segments(tmp_path / "empty", "city/1"), tmp_path / "out", "ocel-json")
    assert not (tmp_path / "out").exists()


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(log=oracle.logs)
def test_xes_written_and_read_again_is_the_same_log(log: list[oracle.Event]) -> None:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        first = imported(put(folder, oracle.as_csv(log), "log.csv"), folder)
        export_log(first, folder / "out.xes", "xes")
        again = imported(folder / "out.xes", folder, "again")
        assert sequences(again) == sequences(first)
        export_log(first, folder / "out.json", "ocel-json")
        whole = imported(folder / "out.json", folder, "whole")
        assert {case: [one[:2] for one in rows] for case, rows in sequences(whole).items()} == {
            case: [one[:2] for one in rows] for case, rows in sequences(first).items()
        }


def test_xes_declares_its_extensions_and_lxml_reads_it(tmp_path: Path) -> None:
    source = imported(put(tmp_path, SMALL), tmp_path, case_type="办件")
    export_log(source, tmp_path / "out.xes", "xes")
    root = etree.parse(tmp_path / "out.xes").getroot()
    assert root.tag == f"{XES}log"
    prefixes = {one.get("prefix") for one in root.iterfind(f"{XES}extension")}
    assert prefixes == {"concept", "time", "org", "lifecycle"}
    assert all(
        one.get("uri") == f"http://www.xes-standard.org/{one.get('prefix')}.xesext"
        for one in root.iterfind(f"{XES}extension")
    )
    (trace,) = root.iterfind(f"{XES}trace")
    assert {one.get("key"): one.get("value") for one in trace.iterfind(f"{XES}string")} == {
        "concept:name": "c1",
        "state": "open",
    }
    first, second = trace.iterfind(f"{XES}event")
    assert {(etree.QName(one).localname, one.get("key"), one.get("value")) for one in first} == {
        ("string", "concept:name", "受理"), ("date", "time:timestamp", "2026-01-05T01:00:00.000000Z"),
        ("int", "n", "3"), ("boolean", "ok", "true"),
    }  # fmt: skip
    assert {one.get("value") for one in second} >= {"2026-01-05T17:00:00.000001Z", "2026-01-05T17:00:00.000000Z"}


@oracle.needs_permits
def test_the_permit_log_keeps_its_known_answers_through_every_format(shared: Path, tmp_path: Path) -> None:
    source = imported(oracle.permits("xes"), tmp_path)
    done = export_log(source, tmp_path / "out.xes", "xes")
    assert (done.events, done.cases, done.left_out) == (8577, 1434, 0)
    again = imported(tmp_path / "out.xes", tmp_path, "again", zone="Europe/Amsterdam")
    assert sequences(again) == sequences(source)
    for one in (source, again):
        with EventLog.of(one) as log:
            mined = mine_source(one, log, 1)
        assert (len(mined.map.arcs), mined.variants.total, mined.to_json()["late"]["deadline"]) == (99, 116, 309)
    export_log(source, tmp_path / "out.sqlite", "ocel-sqlite")
    whole = imported(tmp_path / "out.sqlite", tmp_path, "whole")
    with EventLog.of(whole) as log:
        assert (len(log.process_map().arcs), log.variants(1).total) == (99, 116)
    kinds = {(type_, name): kind for _, type_, name, kind in tables(whole)["types"]}
    assert (kinds["case", "deadline"], kinds["case", "channel"]) == ("time", "string")


def test_an_attribute_that_is_not_always_what_it_claims_is_text(tmp_path: Path) -> None:
    values = (
        '<int key="n" value="3"/><int key="m" value="three"/>',
        '<string key="n" value="x"/><int key="m" value="4"/>',
    )
    events = "".join(
        f'<event><string key="concept:name" value="a"/><date key="time:timestamp" value="2026-01-0{at}T00:00:00Z"/>'
        f'{one}<date key="d" value="2026-01-01T00:00:00"/></event>'
        for at, one in enumerate(values, 1)
    )
    xes = f'<log><trace><string key="concept:name" value="c"/><float key="fee" value="2.50"/>{events}</trace></log>'
    export_log(imported(put(tmp_path, xes.encode(), "log.xes"), tmp_path), tmp_path / "out.json", "ocel-json")
    log = json.loads((tmp_path / "out.json").read_text())
    assert {a["name"]: a["type"] for a in log["eventTypes"][0]["attributes"]} == dict.fromkeys("dmn", "string")
    assert [{a["name"]: a["value"] for a in one["attributes"]}["n"] for one in log["events"]] == ["3", "x"]
    assert log["objects"][0]["attributes"] == [{"name": "fee", "time": "1970-01-01T00:00:00.000000Z", "value": 2.5}]


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Any) -> None:
    source = imported(put(tmp_path, SMALL), tmp_path / "state")
    folder = tmp_path / "out"
    folder.mkdir()
    export_log(source, folder / "log", form)
    names = sorted(one.name for one in folder.iterdir())
    assert names == ["log"]
    with pytest.raises(Conflict, match="add --replace"):
        export_log(source, folder / "log", form)

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with monkeypatch.context() as patch:
        patch.setattr(exporting, "_sync", full)
        with pytest.raises(OSError, match="full"):
            export_log(source, folder / "log", form, replace=True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    export_log(source, folder / "log", form, replace=True)
    assert sorted(one.name for one in folder.iterdir()) == ["log"]


def test_only_an_export_is_replaced(tmp_path: Path) -> None:
    source = imported(put(tmp_path, SMALL), tmp_path / "state")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    for form in ("parquet", "xes"):
        with pytest.raises(Conflict, match="not replaced"):
            export_log(source, tmp_path / "mine", form, replace=True)  # type: ignore[arg-type]
    (tmp_path / "file").write_text("x")
    with pytest.raises(Conflict, match="not replaced"):
        export_log(source, tmp_path / "file", "parquet", replace=True)
    with pytest.raises(BadInput, match="no such folder"):
        export_log(source, tmp_path / "none/log", "xes")
    assert (tmp_path / "mine/letter.txt").read_text() == "dear"


def run(*arguments: str, record: Any = None) -> str:
    app = typer.Typer()
    app.add_typer(commands.logs_commands(import_log, record), name="logs")
    app.command("mine")(commands.mine)
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_a_person_exports_the_own_record_and_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGTONG_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "en")
    own = lambda: record(tmp_path / "ledger")  # noqa: E731
    out = str(tmp_path / "own.xes")
    said = run("logs", "export", "--format", "xes", "--out", out, record=own)
    assert "4 events, 4 objects" in said
    assert "as of leaf 4" in said
    assert "1 events concern no case: left out" in said
    put(tmp_path, SMALL)
    said = run("logs", "import", str(tmp_path / "log.jsonocel"), "--source", "s", "--case-type", "办件")
    assert "the case is “办件”; other types of object (--case-type): step" in said
    assert "1 events, 1 cases" in run("mine", "s", "--case-type", "step")
    with pytest.raises(BadInput, match="found steps"):
        run("mine", "s", "--case-type", "steps")
    told = run("logs", "export", "--source", "s", "--format", "ocel-xml", "--out", str(tmp_path / "s.xml"), "--json")
    assert json.loads(told)["events"] == 2
    with pytest.raises(WrongUse, match="--as-of"):
        run("logs", "export", "--source", "s", "--as-of", "3", "--format", "xes", "--out", str(tmp_path / "t"))


def test_the_help_says_what_an_export_holds_of_persons() -> None:
    said = " ".join(run("logs", "export", "--help").split())
    assert "personal information" in said or "个人信息" in said


@pytest.mark.django_db(transaction=True)
def test_what_was_just_done_and_sealed_is_in_the_export_without_a_name(state: Path, tmp_path: Path) -> None:
    from zhengtong.ledger import log

    number = submit(publish())
    with pytest.raises(NotFound):
        export_log(own_record(), tmp_path / "early.json", "ocel-json")  # committed, not sealed
    log().seal(now_us=1)
    export_log(own_record(), tmp_path / "out.json", "ocel-json")
    text = (tmp_path / "out.json").read_text()
    assert f'"case:{number}"' in text
    for word in ("林知夏", "林晓梅", "999900199003121009", "13800001000"):
        assert word not in text
