# SPDX-License-Identifier: Apache-2.0
"""A mapping file is enough for a log of any shape; a bad one is refused with the line of every fault."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from evaluation import oracle
from zhengtong.errors import BadInput
from zhengtong.evaluation.definition import LogMapping, load_mapping, parse_mapping
from zhengtong.evaluation.engine.importing import import_log
from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.engine.sources import Source
from zhengtong.evaluation.rules.lateness import Basis

HOUR = 3_600_000_000


def imported(folder: Path, data: bytes, mapping: str = "bad_rows: refuse", name: str = "log.csv") -> Source:
    (folder / name).write_bytes(data)
    return import_log(folder / name, "log", folder, now_us=1, mapping=parse_mapping(mapping, "m.yaml")).source


def events(source: Source, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in pq.read_table(source.events).to_pylist()]


def cases(source: Source, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in pq.read_table(source.cases).to_pylist()]


DUTCH = """Zaaknummer;Datum;Tijd;Handeling;Soort;Team;Uiterlijk;Gereed;Leges;Aantal
Z1;01.07.2026;09:05;Ontvangst;vergunning;Balie;05.07.2026 12:00;03.07.2026 12:00;1.234,50;3
Z1;03.07.2026;9:05;Besluit;vergunning;-;05.07.2026 12:00;03.07.2026 12:00;1.234,50;3
Z2;02.01.2026;10:00;Ontvangst;klacht;Balie;;;0,10;1
Z3;02.01.2026;10:00;Ontvangst (oud);vergunning;Balie;02.01.2026 09:00;05.01.2026 00:30;;
"""
DUTCH_MAP = """
delimiter: ";"
decimal: ","
zone: Europe/Amsterdam
columns:
  case: Zaaknummer
  activity: Handeling
  timestamp: [Datum, Tijd]
  department: Team
time_formats: ["dd.mm.yyyy hh:mm"]
null_words: ["-"]
rename: {Ontvangst (oud): Ontvangst}
filter:
  - {column: Soort, drop: [klacht]}
case_attributes:
  limit: {column: Uiterlijk, type: time}
  ready: {column: Gereed, type: time}
  fee: {column: Leges, type: decimal}
  count: {column: Aantal, type: int}
end: ready
due: limit
"""


def test_a_table_with_other_names_marks_zone_decimals_and_filter_needs_only_its_mapping(tmp_path: Path) -> None:
    source = imported(tmp_path, DUTCH.encode("latin-1"), DUTCH_MAP + "encoding: latin-1\n")
    first = 1_782_889_500_000_000  # 2026-07-01 07:05 UTC: summer time
    assert events(source, "case_id", "activity", "time_us", "department") == [
        ("Z1", "Ontvangst", first, "Balie"),
        ("Z1", "Besluit", first + 48 * HOUR, None),
        ("Z3", "Ontvangst", 1_767_344_400_000_000, "Balie"),
    ]
    assert cases(source, "case_id", "finished", "attr_fee", "attr_count") == [
        ("Z1", True, Decimal("1234.5"), 3),
        ("Z3", True, None, None),
    ]
    assert source.about["end"] == "ready"
    with EventLog.of(source) as log:
        late = log.lateness("limit", Basis.DATE, 5)
    assert (late.compared, late.late, late.worst[0].days) == (2, 1, 3)


def test_a_chinese_table_in_its_national_code(tmp_path: Path) -> None:
    text = "办件编号,环节,办理时间,办理部门\nA1,受理,2026年11月9日 10:03,民政局\nA1,办结,2026年11月10日 9:00,公安局\n"
    mapping = """
encoding: gb18030
zone: Asia/Shanghai
columns: {case: 办件编号, activity: 环节, timestamp: 办理时间, department: 办理部门}
finished_activities: 办结
"""
    source = imported(tmp_path, text.encode("gb18030"), mapping)
    assert events(source, "activity", "department") == [("受理", "民政局"), ("办结", "公安局")]
    assert events(source, "time_us")[0] == (1_794_189_780_000_000,)  # 02:03 UTC
    assert cases(source, "finished", "end_us") == [(True, 1_794_189_780_000_000 + 22 * HOUR + 57 * HOUR // 60)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_unicode_in_its_other_forms_when_the_mapping_says_so(tmp_path: Path, encoding: str) -> None:
    text = "case_id,activity,timestamp\nc,受理,2026-01-01T00:00:00Z\n"
    source = imported(tmp_path, text.encode(encoding), f"encoding: {encoding}")
    assert events(source, "case_id", "activity") == [("c", "受理")]


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_delimiters_are_recognised_and_line_breaks_of_all_systems_read(tmp_path: Path, sign: str, breaks: str) -> None:
    lines = ["case_id,activity,timestamp", 'c,"a ""b""",2026-01-01T00:00:00Z', "c,z,2026-01-02T00:00:00Z"]
    data = breaks.join(line.replace(",", sign) for line in lines)
    assert events(imported(tmp_path, data.encode()), "activity") == [('a "b"',), ("z",)]


def test_a_carriage_return_cut_between_two_reads_is_one_line_break(tmp_path: Path) -> None:
    """Every place of the cut is met: lines of 31 bytes over three reads of a mebibyte."""
    row = b"c,%07d,2026-01-01T00:00:00Z\r\n"
    data = b"case_id,activity,timestamp\r\n" + b"".join(row % n for n in range(100_000))
    source = imported(tmp_path, data)
    assert (source.about["events"], source.about["activities"]) == (100_000, 100_000)


def test_only_mapped_columns_of_a_table_are_kept(tmp_path: Path) -> None:
    data = b"case_id,activity,timestamp,id_number,name\nc,a,2026-01-01T00:00:00Z,110101199003070000,Zhang San\n"
    source = imported(tmp_path, data)
    for path in source.folder.iterdir():
        assert b"110101199003070000" not in path.read_bytes()
        assert "Zhang San" not in str(pq.read_table(path).to_pylist() if path.suffix == ".parquet" else "")


def test_attributes_of_xes_stay_in_the_source_with_their_types(tmp_path: Path) -> None:
    data = b"""<log><trace><string key="concept:name" value="c"/><int key="visits" value="2"/>
    <event><string key="concept:name" value="a"/><date key="time:timestamp" value="2026-01-01T00:00:00Z"/>
    <float key="cost" value="1.50"><string key="inner" value="nested"/></float>
    <list key="l"><values><string key="v" value="w"/></values></list></event></trace></log>"""
    source = imported(tmp_path, data, name="log.xes")
    assert cases(source, "attributes") == [('{"visits": ["int", "2"]}',)]
    assert events(source, "attributes") == [('{"cost": ["float", "1.50"]}',)]


def test_keys_of_xes_are_mapped_too(tmp_path: Path) -> None:
    data = b"""<log><trace><string key="nr" value="7"/><string key="team" value="T"/>
    <date key="uiterlijk" value="2026-01-01"/>
    <event><string key="stap" value="a"/><string key="op" value="2026-01-03"/>
    <string key="lc" value="START"/></event>
    <event><string key="stap" value="a"/><string key="op" value="2026-01-04"/>
    <string key="lc" value="Complete"/></event>
    </trace></log>"""
    mapping = """
zone: UTC
columns: {case: "case:nr", activity: stap, timestamp: op, lifecycle: lc, department: "case:team"}
lifecycle: {count: complete}
case_attributes: {limit: {column: uiterlijk, type: time}}
due: [limit]
finished_activities: a
"""
    source = imported(tmp_path, data, mapping, name="log.xes")
    assert events(source, "case_id", "activity", "lifecycle", "department") == [("7", "a", "Complete", "T")]
    with EventLog.of(source) as log:
        assert log.lateness("limit", Basis.DATE).late == 1


def test_attributes_written_after_the_events_of_a_trace_count(tmp_path: Path) -> None:
    data = b"""<log><trace>
    <event><string key="concept:name" value="a"/><date key="time:timestamp" value="2026-01-01T00:00:00Z"/></event>
    <date key="enddate" value="2026-01-02T00:00:00Z"/><string key="concept:name" value="late"/></trace></log>"""
    assert cases(imported(tmp_path, data, name="log.xes"), "case_id", "finished") == [("late", True)]


def test_xes_in_another_encoding_and_with_a_prefix_is_read(tmp_path: Path) -> None:
    text = """<?xml version="1.0" encoding="GBK"?><x:log xmlns:x="http://www.xes-standard.org/"><x:trace>
    <x:string key="concept:name" value="办"/><x:event><x:string key="concept:name" value="受理"/>
    <x:date key="time:timestamp" value="2026-01-01T00:00:00Z"/></x:event></x:trace></x:log>"""
    assert events(imported(tmp_path, text.encode("gbk"), name="log.xes"), "case_id", "activity") == [("办", "受理")]


def test_faulty_rows_can_be_skipped_and_are_counted(tmp_path: Path) -> None:
    data = b"case_id,activity,timestamp\nc,a,2026-01-01T00:00:00Z\nc,b,soon\nc,d\nc,e,2026-01-02T00:00:00Z\n"
    source = imported(tmp_path, data, "bad_rows: skip")
    assert events(source, "activity") == [("a",), ("e",)]
    assert source.about["notes"] == {"rows_skipped": 2}


def test_what_is_unusual_is_noted(tmp_path: Path) -> None:
    data = """case_id,activity,timestamp,lifecycle:transition,case:deadline
c,a,2026-10-25 02:30,start,2026-12-01
c,b,2026-03-29 02:30,complete,2026-12-02
d,a,2026-06-01 12:00,complete,
"""
    source = imported(tmp_path, data.encode(), "zone: Europe/Amsterdam")
    assert source.about["notes"] == {
        "events_out_of_order": 1,
        "transitions": 2,
        "case_attributes_changing": 1,
        "times_left_out_by_clock_change": 1,
        "times_doubled_by_clock_change": 1,
    }
    assert events(source, "activity") == [("b",), ("a",), ("a",)]


def test_traces_of_one_case_are_merged_and_empty_ones_noted(tmp_path: Path) -> None:
    made = [oracle.Event("c", "a", 5), oracle.Event("d", "b", 6)]
    data = oracle.as_xes(made).replace(b'value="d"', b'value="c"')
    data = data.replace(b"</log>", b'<trace><string key="concept:name" value="e"/></trace></log>')
    source = imported(tmp_path, data, name="log.xes")
    assert source.about["cases"] == 1
    assert source.about["notes"] == {"traces_merged": 1, "traces_without_events": 1}


def test_without_a_rule_the_last_event_ends_a_case_and_finished_is_unknown(tmp_path: Path) -> None:
    data = b"case_id,activity,timestamp,case:deadline\nc,a,2026-01-03T00:00:00Z,2026-01-02T00:00:00Z\n"
    source = imported(tmp_path, data)
    assert source.about["end"] is None
    assert cases(source, "finished", "end_us") == [(None, 1_767_398_400_000_000)]
    with EventLog.of(source) as log:
        late = log.lateness("deadline", Basis.DATE)
    assert (late.late, late.rule_declared) == (1, False)


MANY_FAULTS = """zone: Mars
surprise: 1
columns:
  case: [1]
  activty: b
time_formats: [qq]
filter:
  - {column: a, keep: [b], drop: [c]}
case_attributes:
  "1x": {column: a}
  y: {column: a, type: date}
bad_rows: mend
"""


def test_every_fault_of_a_mapping_is_named_with_its_line() -> None:
    with pytest.raises(BadInput) as refused:
        parse_mapping(MANY_FAULTS, "m.yaml")
    said = refused.value.say("en").splitlines()
    assert said[0] == "m.yaml: the mapping file holds 9 faults"
    assert [line.split(":")[1].split()[0] for line in said[1:]] == ["1", "2", "4", "5", "6", "8", "10", "11", "12"]
    assert len(refused.value.say("zh").splitlines()) == 10


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a\n- b", "a set of keys and values; found list"),
        ("zone: UTC\nzone: UTC", "m.yaml:2"),
        ("a: [", "m.yaml:1"),
        ("end: closing", "closing is no case attribute"),
        ("case_attributes: {a: {column: x}}\ndue: a", "a is no case attribute of type time"),
        ("end: enddate\nfinished_activities: x", "either end or finished_activities"),
        ("encoding: klingon", "no known encoding"),
        ("columns: {timestamp: {column: a, formats: [zz]}}", "is no format of time"),
        ("delimiter: abc", "a delimiter is one character"),
    ],
)
def test_a_mapping_that_says_nothing_sensible_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        parse_mapping(text, "m.yaml")


def test_a_mapping_is_known_by_its_meaning_not_its_layout(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("# comment\ncolumns:\n  case: a\nzone: UTC\n", "utf-8")
    one, other = load_mapping(file), parse_mapping('{zone: "UTC", columns: {case: a}}', "m")
    assert one.digest() == other.digest() != LogMapping().digest()
    assert other.in_zone("Asia/Shanghai").model_dump() == {**one.model_dump(), "zone": "Asia/Shanghai"}
    with pytest.raises(BadInput, match="zone"):
        one.in_zone("Mars")


def test_a_missing_mapping_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.yaml"):
        load_mapping(tmp_path / "none.yaml")
