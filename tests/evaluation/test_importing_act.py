# SPDX-License-Identifier: Apache-2.0
"""A log becomes a source and the record says so, once, with hashes that anybody can recompute."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from people import CLERK, OTHER, do
from zhengtong.acts.actor import Actor, Role
from zhengtong.errors import BadInput, Conflict, Refused
from zhengtong.evaluation import importing
from zhengtong.evaluation.actions.record_source import RecordSource
from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.importing import import_source
from zhengtong.ledger.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LOG = "case_id,activity,timestamp,applicant\nc1,受理,2026-01-01T00:00:00Z,张三\nc1,办结,2026-01-03T00:00:00Z,张三\n"
BUREAU = Actor("8" * 32, frozenset({Role("data_bureau", "data")}))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG, "utf-8")
    return path


def recorded() -> list[Event]:
    return list(Event.objects.filter(type="source_imported").order_by("id"))


def test_the_event_holds_the_hashes_of_file_mapping_and_outputs(log: Path, state: Path) -> None:
    done = import_source(log, "permits", state, now_us=1)
    (event,) = recorded()
    assert event.attributes["file"] == hashlib.sha256(log.read_bytes()).hexdigest()
    assert event.attributes["mapping"] == LogMapping().digest()
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in done.source.folder.glob("*.parquet")}
    assert files
    assert event.attributes["outputs"] == files
    assert (event.attributes["events_count"], event.attributes["cases_count"]) == (2, 1)
    assert [(o.object_type, o.object_id) for o in event.objects_touched.all()] == [("source", done.source.id)]
    assert event.actor == "system"


def test_importing_again_or_after_a_crash_records_it_once(
    log: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the source and its event; the next import finds the one and writes the other."""

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(importing, "perform", dies)
        with pytest.raises(KeyboardInterrupt):
            import_source(log, "permits", state, now_us=1)
    assert recorded() == []
    again = import_source(log, "permits", state, now_us=2)
    assert not again.fresh
    import_source(log, "permits", state, now_us=3)
    assert len(recorded()) == 1


def test_another_log_under_the_name_is_another_event_only_where_it_replaces(log: Path, state: Path) -> None:
    import_source(log, "permits", state, now_us=1)
    other = log.with_name("other.csv")
    other.write_text(LOG.replace("c1", "c2"), "utf-8")
    with pytest.raises(Conflict):
        import_source(other, "permits", state, now_us=2)
    assert len(recorded()) == 1
    import_source(other, "permits", state, now_us=2, replace=True)
    first, second = recorded()
    assert first.attributes["file"] != second.attributes["file"]


def test_a_bad_log_leaves_neither_source_nor_event(log: Path, state: Path) -> None:
    log.write_text("case_id,activity,timestamp\nc1,a,yesterday\n", "utf-8")
    with pytest.raises(BadInput):
        import_source(log, "permits", state, now_us=1)
    assert recorded() == []
    assert not list((state / "sources").rglob("*.parquet"))


def test_only_the_data_bureau_or_the_system_may_say_so(log: Path, state: Path) -> None:
    action = RecordSource("s" * 16, "0" * 64, "1" * 64, (("events.parquet", "2" * 64),), 2, 1)
    for who in (CLERK, OTHER):
        with pytest.raises(Refused):
            do(action, who)
    assert recorded() == []
    do(action, BUREAU)
    assert len(recorded()) == 1


def test_nothing_of_the_log_but_hashes_and_counts_is_in_the_event(log: Path, state: Path) -> None:
    import_source(log, "permits", state, now_us=1)
    (event,) = recorded()
    assert "张三" not in json.dumps(event.attributes, ensure_ascii=False)
    assert set(event.attributes) == {"file", "mapping", "outputs", "events_count", "cases_count"}
