# SPDX-License-Identifier: Apache-2.0
"""OCEL files that are wrong: every fault is named with its place, and nothing is left behind."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from evaluation.ocel_factory import SMALL, Log, changed, imported, put
from zhengtong.errors import BadInput
from zhengtong.evaluation.engine import sources
from zhengtong.evaluation.engine.exporting import export_log
from zhengtong.evaluation.engine.importing import import_log
from zhengtong.evaluation.engine.opening import Limits

XML = """<?xml version='1.0' encoding='UTF-8'?>
<log>
<object-types>
<object-type name="c"><attributes><attribute name="x" type="string"/></attributes></object-type>
</object-types>
<event-types>
<event-type name="a"><attributes><attribute name="n" type="integer"/></attributes></event-type>
</event-types>
<objects>
<object id="c1" type="c"><attributes><attribute name="x" time="1970-01-01T00:00:00Z">v</attribute></attributes></object>
</objects>
<events>
<event id="e1" type="a" time="2026-01-01T00:00:00Z"><attributes><attribute name="n">1</attribute></attributes>
<objects><relationship object-id="c1" qualifier="q"/></objects></event>
</events>
</log>
"""


def refused(tmp_path: Path, data: Log | bytes, name: str = "log.ocel", **options: object) -> str:
    """The message, after checking that the shelf is as empty as before."""
    with pytest.raises(BadInput) as found:
        import_log(put(tmp_path, data, name), "log", tmp_path / "state", now_us=1, **options)  # type: ignore[arg-type]
    assert list(sources.shelf(tmp_path / "state").glob("*")) == []
    assert found.value.zh and found.value.zh != found.value.en
    return str(found.value)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (("events.1.id", "e1"), r"events: an id stands twice \(e1\)"),
        (("objects.1.id", "c1"), r"objects: an id stands twice \(c1\)"),
        (("events.0.id", ""), "events: an id is empty"),
        (("events.0.type", "办理"), r"events: the type is not declared \(e1: 办理\)"),
        (("objects.0.type", "案"), r"objects: the type is not declared \(c1: 案\)"),
        (("events.0.relationships.0.objectId", "c9"), r"events: the object it points at does not exist \(e1 → c9\)"),
        (("objects.0.relationships.0.objectId", "s9"), r"objects: the object it points at does not exist \(c1 → s9\)"),
        (("events.0.attributes.0.name", "m"), r"an attribute is not declared by its type \(e1\.m\)"),
        (("events.0.attributes.1.name", "n"), r"events: an attribute stands twice \(e1\.n\)"),
        (("events.0.attributes.0.value", "three"), r"not of its declared type \(e1\.n = three \(integer\)\)"),
        (("events.0.attributes.0.value", 3.5), r"e1\.n = 3\.5 \(integer\)"),
        (("events.0.attributes.0.value", True), r"e1\.n = true \(integer\)"),
        (("events.0.attributes.0.value", 2**63), r"e1\.n = 9223372036854775808 \(integer\)"),
        (("events.0.attributes.1.value", "yes"), r"e1\.ok = yes \(boolean\)"),
        (("events.1.attributes.0.value", "yesterday"), r"e2\.at = yesterday \(time\)"),
        (("objects.0.attributes.0.value", 5), r"c1\.state = 5 \(string\)"),
        (("objectTypes.0.attributes.1.type", "money"), r"unknown type \(办件\.fee: money\); expected string, time"),
        (("objectTypes.1.name", "办件"), r"declared twice \(办件\)"),
        (("eventTypes.0.attributes.1.name", "n"), r"declared twice \(受理\.n\)"),
        (("events.0.time", "5 Jan 2026"), r"events: the time is missing or cannot be read \(e1: 5 Jan 2026\)"),
        (("events.0.time", "2026-02-30T00:00:00Z"), "cannot be read"),
        (("events.0.time", "2026-01-05T01:00:00"), r"the time has no zone; say which with --zone"),
        (("objects.0.attributes.0.time", ""), "objects: the time is missing"),
        (("objects.0.attributes.1", {**SMALL["objects"][0]["attributes"][0], "value": "shut"}), "two values at one"),
        (("events", {}), r"events is a list; found \{"),
        (("events", ...), "a part is missing.*expected events"),
        (("events.0", "e1"), r"events: of the wrong type; found string; expected object"),
        (("events.0.id", 7), r"events\.id: of the wrong type; found number; expected string"),
        (("events.0.relationships", {}), r"events\.relationships: of the wrong type; found object; expected list"),
        (("events.0.relationships.0", {}), r"relationships\[0\]\.objectId: of the wrong type; found null"),
        (("events.0.attributes.0.value", [1]), r"attributes\[0\]\.value: of the wrong type; found list"),
        (("events.0.attributes.0", {"name": "n"}), r"attributes\[0\]\.value: .*found null"),
    ],
)
def test_a_broken_rule_is_named_with_its_place(tmp_path: Path, edit: tuple[str, object], words: str) -> None:
    said = refused(tmp_path, changed(edit))
    assert re.search(words, said, re.S), said
    assert re.search(r"log\.ocel:\d+", said), said


def test_faults_are_told_with_the_lines_they_stand_on_and_counted(tmp_path: Path) -> None:
    log = changed(("events.0.relationships.0.objectId", "c9"), ("events.1.type", "x"), ("events.1.time", "never"))
    text = json.dumps(log, ensure_ascii=False, indent=1)
    first = text[: text.index('"id": "e1"')].count("\n")
    second = text[: text.index('"id": "e2"')].count("\n")
    said = refused(tmp_path, text.encode())
    assert said.startswith("log.ocel: 4 faults")  # the unknown type leaves its attribute undeclared, too
    assert f"log.ocel:{first} events: the object it points at" in said
    assert f"log.ocel:{second} events: the type is not declared" in said


def test_only_the_first_faults_of_many_are_listed(tmp_path: Path) -> None:
    log = changed(*((f"events.{n}", {**SMALL["events"][0], "id": "e0"}) for n in range(2, 40)))
    log["events"] = [{**one, "id": f"x{n}", "type": "?"} for n, one in enumerate(log["events"])]
    said = refused(tmp_path, log)
    assert said.count("\n") == 10
    assert "faults" in said.splitlines()[0]


@pytest.mark.parametrize("cut", [1, 30, 400, -3])
def test_truncated_json_is_refused_at_its_end(tmp_path: Path, cut: int) -> None:
    said = refused(tmp_path, json.dumps(SMALL).encode()[:cut])
    assert "truncated" in said or "missing" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": [1, 2]}', "this is no OCEL 2.0: a part is missing"),
        (b"{}", "a part is missing"),
        (b'{"events": [], "events": []}', "a key stands twice; found events"),
        (b'{"events": [{"id": "a", "id": "b"}]}', "key 'id' stands twice"),
        (b'{"events": [NaN]}', "NaN is no JSON"),
        (json.dumps(SMALL).encode() + b"{}", "something follows"),
        (b'{"events": ' + b"[" * 100_000, "does not fit|truncated|of the wrong type"),
        (json.dumps(changed(("events.0.id", "\ud800"))).encode(), "half a surrogate pair"),
    ],
)
def test_json_that_is_no_ocel_is_refused(tmp_path: Path, text: bytes, words: str) -> None:
    assert re.search(words, refused(tmp_path, text), re.S)


def test_an_element_may_not_be_endless(tmp_path: Path) -> None:
    log = changed(("objects.0.attributes.0.value", "x" * 200_000))
    assert "a single element is too large" in refused(tmp_path, log, limits=Limits(record_bytes=50_000))
    xml = XML.replace(">v<", f">{'x' * 3_000_000}<").encode()
    assert "a single element is too large" in refused(tmp_path, xml, limits=Limits(record_bytes=50_000))


def test_the_xml_these_tests_break_is_sound(tmp_path: Path) -> None:
    assert imported(put(tmp_path, XML.encode()), tmp_path).about["events"] == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<log>", '<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><log>', "may not hold a document type"),
        ("<log>", '<!DOCTYPE log SYSTEM "file:///etc/passwd"><log>', "may not hold a document type"),
        ("</log>", "", "truncated or malformed"),
        ('id="e1"', 'id="e1"bad', "truncated or malformed"),
        ('<event id="e1"', "<event", "an element lacks an attribute; found <event>; expected id"),
        (' time="2026-01-01T00:00:00Z"', "", "found <event>; expected time"),
        (' object-id="c1"', "", "expected object-id"),
        (">1<", "><b>1</b><", "an attribute's value is text; found <b>"),
        ("<events>", "<events/><events>", "a part stands twice"),
        ("<events>", "<events><object id='x' type='c'/>", "does not belong here; found <object>; expected <event>"),
        ('object-id="c1"', 'object-id="c7"', "does not exist"),
        (">1<", ">one<", r"e1.n = one \(integer\)"),
        ("<object-types>", "<object-kinds>", "malformed"),
    ],
)
def test_broken_xml_is_refused_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in XML
    said = refused(tmp_path, XML.replace(old, new, 1).encode())
    assert re.search(words, said), said
    assert re.search(r"log\.ocel:\d+", said), said


def test_elements_nested_without_end_are_refused(tmp_path: Path) -> None:
    deep = XML.replace("</events>", "<event id='e2' type='a' time='2026-01-01T00:00:00Z'>" + "<x>" * 200)
    assert "nested too deep" in refused(tmp_path, deep.encode())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """`SMALL` in SQLite."""
    (tmp_path / "made").mkdir()
    source = imported(put(tmp_path / "made", SMALL), tmp_path / "made")
    export_log(source, tmp_path / "made/log.sqlite", "ocel-sqlite")
    return tmp_path / "made/log.sqlite"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TABLE object_object", "tables are missing.*expected object_object"),
        ("DROP TABLE event_受理", "the table of a type is missing.*expected event_受理"),
        ("UPDATE event_object SET ocel_object_id = 'c9'", "does not exist"),
        ("INSERT INTO event VALUES ('e9', '受理')", r"time is missing or cannot be read \(e9"),
        ("INSERT INTO event VALUES ('e9', '无')", "the type is not declared; found e9: 无"),
        (
            "INSERT INTO event_受理 (ocel_id, ocel_time) VALUES ('e9', '2026-01-01T00:00:00Z')",
            "not in the table of all",
        ),
        ("UPDATE object_办件 SET ocel_changed_field = 'colour'", "names no attribute of the type; found colour"),
        ("UPDATE event_受理 SET n = 'three'", r"e1\.n = three \(integer\)"),
        ("UPDATE event_受理 SET n = x'00'", "of the wrong type; found bytes"),
        ("UPDATE event_受理 SET ocel_time = 5", "of the wrong type; found int"),
        ("UPDATE event_object SET ocel_object_id = NULL", "event_object:1: an id is missing"),
        ("ALTER TABLE event_受理 DROP COLUMN ocel_time", "the table lacks columns; expected ocel_time"),
        ("ALTER TABLE event_受理 ADD COLUMN extra POINT", r"unknown type \(受理\.extra: POINT\)"),
        ("ALTER TABLE event RENAME TO e; CREATE VIEW event AS SELECT * FROM e", "tables are missing.*expected event"),
    ],
)
def test_a_broken_database_is_refused_with_its_table(
    tmp_path: Path, database: Path, statement: str, words: str
) -> None:
    with sqlite3.connect(database) as connection:
        connection.executescript(f"PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; {statement}")
    said = refused(tmp_path, database.read_bytes())
    assert re.search(words, said), said


@pytest.mark.parametrize("cut", [20, 100, 5_000, 20_000])
def test_a_truncated_database_is_refused(tmp_path: Path, database: Path, cut: int) -> None:
    assert "damaged" in refused(tmp_path, database.read_bytes()[:cut])


def test_a_damaged_database_is_refused_and_nothing_is_written_beside_it(tmp_path: Path, database: Path) -> None:
    data = bytearray(database.read_bytes())
    for at in range(4096, len(data), 4096):
        data[at : at + 40] = b"\xff" * 40
    assert "damaged" in refused(tmp_path, bytes(data))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.ocel", "made", "state"]
