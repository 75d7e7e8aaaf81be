# SPDX-License-Identifier: Apache-2.0
"""Segments: the sealed record as Parquet, exactly, once, and never another log's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.factory import NOW, behind_the_back, new_event, run, write
from zhengtong.errors import Contradicted
from zhengtong.ledger.composed import Log
from zhengtong.ledger.engine.segments import Chunk, Segments
from zhengtong.ledger.ids import new_id
from zhengtong.ledger.record import ObjectRef, append
from zhengtong.ledger.segments import export, segments


def chunk(start: int, end: int) -> Chunk:
    events = [(at, f"e{at}", "a", "t", at * 10, at, "system", "", f'{{"n":{at}}}') for at in range(start, end)]
    objects = [(at, f"e{at}", "case", f"M-{at % 3}", "") for at in range(start, end) for _ in range(at % 3)]
    return events, objects


def fill(held: Segments, *ends: int) -> None:
    with held.writing():
        for end in ends:
            held.add([chunk(held.manifest().size, end)], end=end, root=f"{end:064x}")


def shown(held: Segments, as_of: int | None = None) -> tuple[list[int], int, int]:
    connection, leaves = held.connect(as_of)
    seen = [row[0] for row in connection.execute("SELECT leaf_index FROM events ORDER BY 1").fetchall()]
    counted = connection.execute("SELECT COUNT(*) FROM event_objects").fetchone()
    assert counted is not None
    return seen, counted[0], leaves


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.integers(2, 40), st.integers(0, 200))
def test_any_sequence_of_segments_and_compactions_shows_every_leaf_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], below: int, as_of: int
) -> None:
    held = Segments(tmp_path_factory.mktemp("segments"), "city/1")
    total = 0
    for size in sizes:
        total += size
        fill(held, total)
        with held.writing():
            held.compact(below, least=2)
        assert shown(held) == (list(range(total)), sum(at % 3 for at in range(total)), total)
    cut = min(as_of, total)
    assert shown(held, as_of) == (list(range(cut)), sum(at % 3 for at in range(cut)), cut)
    assert held.verify() == []


def test_small_neighbours_are_merged_and_large_ones_left(tmp_path: Path) -> None:
    held = Segments(tmp_path, "city/1")
    fill(held, 5, 10, 110, 115, 120, 125)
    with held.writing():
        assert [(one.start, one.end) for one in held.compact(50, least=2).segments] == [(0, 10), (10, 110), (110, 125)]
        assert held.compact(50, least=9).size == 125, "too few to be worth it: nothing is rewritten"


def test_a_reader_who_came_before_a_compaction_can_finish(tmp_path: Path) -> None:
    held = Segments(tmp_path, "city/1")
    fill(held, 5, 10)
    connection, _ = held.connect()
    with held.writing():
        held.compact(50, least=2)
    assert connection.execute("SELECT COUNT(*) FROM events").fetchone() == (10,)
    fill(held, 15)
    assert len(list(tmp_path.glob("*.parquet"))) == 4, "what the manifest before last listed is gone"


def test_an_empty_log_shows_empty_views(tmp_path: Path) -> None:
    assert shown(Segments(tmp_path, "city/1")) == ([], 0, 0)


def test_a_gap_in_the_leaves_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    held = Segments(tmp_path, "city/1")
    fill(held, 5)
    files = sorted(path.name for path in tmp_path.iterdir())
    events, objects = chunk(5, 10)
    for broken in ([*events[:2], *events[3:]], events[:-1], [*events, events[-1]], events[::-1]):
        with held.writing(), pytest.raises(Contradicted, match="contiguous"):
            held.add([(broken, objects)], end=10, root="")
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    assert shown(held)[0] == list(range(5))


def test_another_logs_or_a_damaged_manifest_is_refused(tmp_path: Path) -> None:
    fill(Segments(tmp_path, "city/1"), 5)
    with pytest.raises(Contradicted, match="another log"):
        Segments(tmp_path, "city/2").connect()
    path = tmp_path / "manifest.json"
    good = json.loads(path.read_text())
    for bad in ("", "[]", "{}", json.dumps(good | {"format": 9}), json.dumps(good | {"segments": [{}]})):
        path.write_text(bad)
        with pytest.raises(Contradicted, match="damaged"):
            Segments(tmp_path, "city/1").manifest()


def test_changed_and_missing_files_are_named(tmp_path: Path) -> None:
    held = Segments(tmp_path, "city/1")
    fill(held, 5, 10)
    one, two = held.manifest().segments
    (tmp_path / one.events).write_bytes(b"other")
    (tmp_path / two.objects).unlink()
    assert held.verify() == [one.events, two.objects]


@pytest.mark.database
def test_export_follows_the_sealed_record_exactly(log: Log) -> None:
    with transaction.atomic():
        append(new_id(), [new_event("M26-1", ObjectRef("step", "M26-1/birth", "state"), n=1)], recorded_us=NOW)
    write(20)
    log.seal(now_us=NOW)
    assert export(log).size == 21
    events = write(3, fields=7)
    assert export(log).size == 21, "what is not sealed is not exported"
    log.seal(now_us=NOW)
    assert export(log).size == 24
    connection, leaves = segments(log).connect()
    assert leaves == 24
    row = connection.execute("SELECT * FROM events ORDER BY leaf_index DESC LIMIT 1").fetchone()
    last = events[-1]
    assert row is not None
    assert row[:-1] == (23, last.id, last.act, last.type, NOW, NOW, "p-7c31", "health")
    assert json.loads(row[-1]) == {"fields": 7}
    first = connection.execute(
        "SELECT object_type, object_id, qualifier FROM event_objects WHERE leaf_index = 0"
    ).fetchall()
    assert sorted(first) == [("case", "M26-1", ""), ("step", "M26-1/birth", "state")]
    assert segments(log).verify() == []


@pytest.mark.database
def test_export_refuses_a_manifest_of_another_history(log: Log) -> None:
    write(4)
    log.seal(now_us=NOW)
    export(log)
    write(4)
    log.seal(now_us=NOW)
    with pytest.raises(Contradicted, match="another log"):
        export(replace(log, origin="other/1"))
    path = log.state / "ledger" / "manifest.json"
    good = path.read_text()
    path.write_text(good.replace('"root": "', '"root": "00'))
    with pytest.raises(Contradicted, match="one history"):
        export(log)
    path.write_text(good.replace('"size": 4', '"size": 40'))
    with pytest.raises(Contradicted, match="one history"):
        export(log)
    path.write_text(good)
    assert export(log).size == 8


@pytest.mark.database
def test_a_deleted_event_is_not_exported_around(live_log: Log) -> None:
    events = write(4)
    live_log.seal(now_us=NOW)
    with behind_the_back():
        run("DELETE FROM ledger_event WHERE id = %s", events[2].id)
    with pytest.raises(Contradicted, match="contiguous"):
        export(live_log)
    assert segments(live_log).manifest().size == 0
