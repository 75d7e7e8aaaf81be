# SPDX-License-Identifier: Apache-2.0
"""Logs that cannot be used: each is refused with what and where, in both languages, and leaves nothing behind."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from zhengtong.errors import BadInput
from zhengtong.evaluation.definition import parse_mapping
from zhengtong.evaluation.engine.importing import import_log
from zhengtong.evaluation.engine.opening import Limits
from zhengtong.evaluation.engine.sources import list_sources

HEAD = b"case_id,activity,timestamp\n"
GOOD = b"c1,a,2026-01-01T00:00:00Z\n"
XES = b'<?xml version="1.0" encoding="UTF-8"?>\n<log>\n'
TRACE = b'<trace><string key="concept:name" value="c"/>\n'
EVENT = (
    b'<event><string key="concept:name" value="a"/><date key="time:timestamp" value="2026-01-01T00:00:00Z"/></event>\n'
)
BOMB = (
    b'<?xml version="1.0"?>\n<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>\n'
    b'<log><trace><string key="concept:name" value="&d;"/></trace></log>'
)
EXTERNAL = (
    b'<?xml version="1.0"?>\n<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n'
    b'<log><trace><string key="concept:name" value="c"/>&x;</trace></log>'
)


def refuse(
    folder: Path, name: str, data: bytes, mapping: str = "bad_rows: refuse", limits: Limits | None = None
) -> str:
    """The English message; asserts that the Chinese one is there too and that nothing stays."""
    file, state = folder / name, folder / "state"
    file.write_bytes(data)
    with pytest.raises(BadInput) as refused:
        import_log(file, "log", state, now_us=1, mapping=parse_mapping(mapping, "m.yaml"), limits=limits)
    assert not list((state / "sources").glob("*")) if (state / "sources").exists() else True
    assert not list_sources(state)
    chinese = refused.value.say("zh")
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert str(folder) not in chinese + refused.value.say("en")
    return refused.value.say("en")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "file is empty"),
        (b"\n \n", "file is empty"),
        (HEAD, "holds a header and no events"),
        (HEAD.strip(), "holds a header and no events"),
        (HEAD + b"\n\n", "holds a header and no events"),
        (b"case_id,activity,timestamp,activity\nc,a,2026-01-01,b\n", r"names a column twice; found 'activity'"),
        (b"case_id,activity\nc,a\n", "no column for timestamp.*found case_id, activity; expected .*timestamp"),
        (b"a;b;c\n1;2;3\n", "no column for case.*found a, b, c"),
        (HEAD + GOOD + b"c1,a\n" + GOOD, r"1 rows are faulty\n  log.csv:3 fewer columns"),
        (HEAD + GOOD + b"c1,a,2026-01-01,x\n", r"log.csv:3 more columns"),
        (HEAD + GOOD + b'c1,"a,2026-01-01\n' + GOOD, r"log.csv:3 a quote is not closed"),
        (HEAD + GOOD + b"c1,a,yesterday\n", r"1 rows.*\n  log.csv:3 timestamp: .*\('yesterday'\)"),
        (HEAD + GOOD + b"c1,a,2026-02-30T00:00:00Z\n", r"log.csv:3 timestamp: .*2026-02-30"),
        (HEAD + GOOD + b"c1,a,infinity\n", r"log.csv:3 timestamp: .*infinity"),
        (HEAD + GOOD + b"c1,a,\n", r"log.csv:3 timestamp: no time"),
        (HEAD + GOOD + b"c1,a,NULL\n", r"log.csv:3 timestamp: no time"),
        (HEAD + GOOD + b",a,2026-01-01T00:00:00Z\n", r"log.csv:3 case: no case id"),
        (HEAD + GOOD + b"c1,,2026-01-01T00:00:00Z\n", r"log.csv:3 activity: no activity"),
        (HEAD + GOOD + b"c1,a,2026-01-01 10:00\n", r"log.csv:3 timestamp: the time has no zone"),
        (HEAD + GOOD + b"c1,a\x00b,2026-01-01T00:00:00Z\n", r"log.csv:3: .*NUL bytes"),
        (HEAD + GOOD + "c1,受理,2026-01-01T00:00:00Z\n".encode("gb18030"), r"log.csv:3: byte 56 is not utf-8.*gb18030"),
        (HEAD + b"c1,\xff\xfe,2026-01-01T00:00:00Z\n", r"log.csv:2: byte 30 is not utf-8"),
        (HEAD + GOOD[:-1] + b"\xe5", r"byte 52 is not utf-8"),
        ((HEAD + GOOD).decode().encode("utf-16"), "not UTF-8.*found UTF-16"),
        ((HEAD + GOOD).decode().encode("utf-16-le"), "not UTF-8.*found UTF-16"),
        (HEAD + GOOD + b"c1," + b"x" * 10_000_000 + b",2026-01-01T00:00:00Z\n", r"log.csv:3: a line is too long"),
        (HEAD + GOOD + b'c1,"' + b"x\n" * 5_000_000 + b'",2026-01-01T00:00:00Z\n', "rows are faulty"),
        (b"PK\x03\x04rest", "archive or an office document"),
        (gzip.compress(HEAD + GOOD * 1000, mtime=0)[:-9], "gzip file is truncated or damaged"),
        (gzip.compress(HEAD + GOOD, mtime=0)[:-8] + b"\0\0\0\0\0\0\0\0", "gzip file is truncated or damaged"),
        (gzip.compress(HEAD + GOOD, mtime=0)[:8], "gzip file is truncated or damaged"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    assert re.search(told, refuse(tmp_path, "log.csv", data), re.DOTALL)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (BOMB, r"log.xes:2: .*document type.*found <!DOCTYPE"),
        (EXTERNAL, r"log.xes:2: .*document type"),
        (b'<!DOCTYPE log SYSTEM "http://127.0.0.1:1/x.dtd"><log/>', r"log.xes:1: .*document type"),
        (XES + TRACE + EVENT, "truncated or malformed.*no element found"),
        (XES + TRACE + b"<event", "truncated or malformed"),
        (XES + TRACE + EVENT + b"</log>", r"log.xes:5: .*mismatched tag"),
        (b"<html><body/></html>", r"no XES file; found <html>"),
        (XES + b"</log>", "no event"),
        (XES + TRACE + b"</trace></log>", "no event"),
        (XES + EVENT + b"</log>", r"log.xes:3: an event stands outside every trace"),
        (XES + b"<trace>\n" + EVENT + b"</trace></log>", r"log.xes:4 case: no case id"),
        (
            XES + TRACE + b'<event><string key="a" value="b"/></event></trace></log>',
            "no event has the key for activity",
        ),
        (
            XES + TRACE + EVENT + b'<event><string key="concept:name" value="b"/></event></trace></log>',
            r"log.xes:5 timestamp: no time",
        ),
        (
            XES + TRACE + EVENT.replace(b"2026-01-01T00:00:00Z", b"soon") + b"</trace></log>",
            r"log.xes:4 timestamp: .*'soon'",
        ),
        (
            XES + TRACE + b'<event><string value="b"/></event></trace></log>',
            r"log.xes:4: an attribute lacks.*expected key",
        ),
        (
            XES + TRACE + b'<event><string key="b"/></event></trace></log>',
            r"log.xes:4: an attribute lacks.*expected value",
        ),
        (XES + b"<a>" * 100 + b"</a>" * 100 + b"</log>", "nested too deep"),
        (XES + TRACE + b'<string key="k" value="' + b"x" * 10_000_000 + b'"/></trace></log>', "too large"),
        (
            XES + TRACE + EVENT.replace(b'"a"', '"受"'.encode("gbk")) + b"</trace></log>",
            r"log.xes:4: byte \d+ is not UTF-8",
        ),
        (XES.replace(b"UTF-8", b"Klingon") + b"</log>", "unknown encoding; found Klingon"),
        (XES + TRACE + EVENT.replace(b'"a"', b'"a\x00"') + b"</trace></log>", "NUL bytes"),
        (XES + TRACE + EVENT + b"</trace></log><log/>", "junk after document element"),
    ],
)
def test_a_bad_xes_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    assert re.search(told, refuse(tmp_path, "log.xes", data), re.DOTALL)


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ("columns: {activity: Handeling}", "no column for activity.*expected Handeling"),
        ("columns: {timestamp: [timestamp, tijd]}", "no column for timestamp.*expected tijd"),
        ("case_attributes: {due: {column: uiterlijk, type: time}}", "no column for case_attributes.due"),
        ("filter: [{column: soort, keep: [x]}]", "no column for filter.*expected soort"),
        ("filter: [{column: case_id, keep: [other]}]", "no event is left to import"),
        ("columns: {lifecycle: activity}\nlifecycle: {count: complete}", "no event is left to import"),
        ("format: xes", "not of the mapped format; found csv; expected xes"),
        ("time_formats: epoch_s", r"log.csv:2 timestamp: the time cannot be read"),
        ("case_attributes: {n: {column: activity, type: int}}", r"log.csv:2 case_attributes.n: not a number"),
        ("case_attributes: {n: {column: activity, type: decimal}}", r"log.csv:2 case_attributes.n: not a number"),
        ("case_attributes: {n: {column: activity, type: time}}", r"log.csv:2 case_attributes.n: the time cannot"),
        ("encoding: ascii", "byte 30 is not ascii"),
    ],
)
def test_a_mapping_that_does_not_fit_the_file_is_refused(tmp_path: Path, mapping: str, told: str) -> None:
    data = HEAD + "c1,受,2026-01-01T00:00:00Z\n".encode()
    assert re.search(told, refuse(tmp_path, "log.csv", data, mapping), re.DOTALL)


def test_a_start_after_its_end_is_refused_with_its_line(tmp_path: Path) -> None:
    data = b"case_id,activity,timestamp,start_timestamp\nc,a,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z\n"
    assert "log.csv:2 start: the start is after the end" in refuse(tmp_path, "log.csv", data)


def test_bad_rows_are_counted_in_all_and_listed_by_their_true_lines(tmp_path: Path) -> None:
    """A quoted field over three lines and a blank line stand before the faults."""
    rows = b'c1,"a\nb\nc",2026-01-01T00:00:00Z\n\n' + b"c1,a,bad\n" * 25
    said = refuse(tmp_path, "log.csv", HEAD + rows)
    assert "25 rows are faulty" in said
    assert re.findall(r"log\.csv:(\d+) ", said) == [str(line) for line in range(6, 16)]


def test_the_first_ragged_rows_are_listed_beside_the_bad_times(tmp_path: Path) -> None:
    said = refuse(tmp_path, "log.csv", HEAD + b"c1,a\n" + b"c1,a,bad\n" + GOOD)
    assert "2 rows are faulty" in said
    assert "log.csv:2 fewer columns" in said


def test_a_gzip_bomb_is_refused_by_its_ratio_and_by_its_size(tmp_path: Path) -> None:
    bomb = gzip.compress(HEAD + GOOD * 200_000, mtime=0)
    small = Limits(ratio=20, ratio_from_bytes=1 << 20)
    assert "gzip bomb" in refuse(tmp_path, "log.csv.gz", bomb, limits=small)
    assert "too large unpacked" in refuse(tmp_path, "log.csv.gz", bomb, limits=Limits(unpacked_bytes=1 << 20))


def test_a_name_that_would_leave_the_shelf_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(HEAD + GOOD)
    for name in ("../x", "a/b", "", ".hidden", "a" * 65, "a\nb"):
        with pytest.raises(BadInput, match="name is made of"):
            import_log(file, name, tmp_path / "state", now_us=1)
    assert not (tmp_path / "state").exists()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        import_log(tmp_path / "none.csv", "log", tmp_path / "state", now_us=1)


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: data.replace(b"</trace>", b"", 1)]
)
def test_a_log_damaged_after_many_events_leaves_nothing(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    whole = XES + (TRACE + EVENT * 50 + b"</trace>\n") * 2000 + b"</log>"
    refuse(tmp_path, "log.xes.gz", gzip.compress(damage(whole), mtime=0))
