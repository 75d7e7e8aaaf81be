# SPDX-License-Identifier: Apache-2.0
"""Writing events, and what the database itself refuses."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.factory import NOW, new_event, run, sha256, write
from zhengtong.errors import BadInput, WrongUse
from zhengtong.ledger import store
from zhengtong.ledger.composed import Log
from zhengtong.ledger.ids import is_id, new_id
from zhengtong.ledger.models import Event, EventObject, Unsealed
from zhengtong.ledger.record import NewEvent, ObjectRef, append, digest_of
from zhengtong.ledger.rules.canonical import canonical


def test_ids_sort_by_time_of_writing_even_across_threads_and_never_repeat() -> None:
    made: list[list[str]] = [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(new_id() for _ in range(3000))) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in made)
    every = [one for mine in made for one in mine]
    assert len(set(every)) == 12_000
    assert all(is_id(one) and one[12] == "7" and one[16] in "89ab" for one in every)


@pytest.mark.database
def test_what_is_read_back_has_the_leaf_that_was_promised(log: Log) -> None:
    event = new_event(
        "M26-00017", ObjectRef("step", "M26-00017/birth", "state"), deep={"b": [1, {"a": "x"}], "a": True}
    )
    act = new_id()
    with transaction.atomic():
        one, two = append(act, [event, new_event()], recorded_us=NOW + 5)
    assert one.id < two.id
    held = store.events([one.id])[one.id]
    assert held.leaf() == one.leaf
    assert (held.act, held.time_us, held.recorded_us) == (act, NOW, NOW + 5)
    assert json.loads(held.attributes) == {"deep": {"b": [1, {"a": "x"}], "a": True}}
    assert sorted(held.objects) == [("case", "M26-00017", ""), ("step", "M26-00017/birth", "state")]


@pytest.mark.database
def test_many_events_take_few_statements(log: Log, django_assert_num_queries) -> None:
    with transaction.atomic(), django_assert_num_queries(2):
        append(new_id(), [new_event(f"M26-{place}") for place in range(500)], recorded_us=NOW)
    with transaction.atomic():
        append(new_id(), [new_event(f"M26-{place}") for place in range(2500)], recorded_us=NOW)
    assert Event.objects.count() == Unsealed.objects.count() == 3000


@pytest.mark.database
def test_a_caller_may_name_the_event_itself(log: Log) -> None:
    name = new_id()
    with transaction.atomic():
        assert append(new_id(), [replace(new_event(), id=name)], recorded_us=NOW)[0].id == name
        with pytest.raises(BadInput):
            append(new_id(), [replace(new_event(), id="M26-1")], recorded_us=NOW)


@pytest.mark.database
def test_nothing_is_written_when_the_act_fails(live_log: Log) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        append(new_id(), [new_event()], recorded_us=NOW)
        raise RuntimeError
    assert not Event.objects.exists()
    assert not Unsealed.objects.exists()


@pytest.mark.database
def test_events_are_refused_outside_a_transaction(live_log: Log) -> None:
    with pytest.raises(WrongUse):
        append(new_id(), [new_event()], recorded_us=NOW)
    assert not Event.objects.exists()


BAD = {
    "act no id": ("nonsense", new_event()),
    "time negative": (new_id(), replace(new_event(), time_us=-1)),
    "time a float": (new_id(), replace(new_event(), time_us=1.5)),  # type: ignore[arg-type]
    "type in capitals": (new_id(), replace(new_event(), type="CaseSubmitted")),
    "actor a name": (new_id(), replace(new_event(), actor="张三")),
    "department with a space": (new_id(), replace(new_event(), department="health bureau")),
    "an object twice": (new_id(), new_event("M26-1", ObjectRef("case", "M26-1"))),
    "object id with a space": (new_id(), new_event("M26 1")),
    "qualifier in Chinese": (new_id(), new_event("M26-1", ObjectRef("case", "M26-2", "状态"))),
    "too large": (new_id(), new_event(many=["x" * 120] * 400)),
    "null": (new_id(), new_event(reason=None)),
    "float": (new_id(), new_event(share=0.5)),
    "bytes": (new_id(), new_event(raw=b"x")),
    "deep": (new_id(), new_event(a={"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}})),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_malformed_never_enters(name: str, log: Log) -> None:
    act, event = BAD[name]
    with transaction.atomic(), pytest.raises(BadInput) as raised:
        append(act, [event], recorded_us=NOW)
    assert raised.value.say("zh") != raised.value.say("en")
    assert not Event.objects.exists()


REFUSED = [
    ("UPDATE ledger_event SET actor = 'p-0000'", "an event changed"),
    ("DELETE FROM ledger_eventobject", "a relation removed"),
    ("UPDATE ledger_eventobject SET object_id = 'M26-9'", "a relation changed"),
    ("DELETE FROM ledger_event WHERE id NOT IN (SELECT event_id FROM ledger_leaf)", "an unsealed event removed"),
    ("UPDATE ledger_leaf SET idx = idx + 1000", "leaves moved"),
    ("DELETE FROM ledger_leaf", "leaves removed"),
    ("UPDATE ledger_node SET hash = hash", "nodes touched"),
    ("DELETE FROM ledger_node", "nodes removed"),
    ("UPDATE ledger_checkpoint SET note = ''", "checkpoints changed"),
    ("DELETE FROM ledger_checkpoint", "checkpoints removed"),
    ("UPDATE ledger_logidentity SET origin = 'x'", "the log renamed"),
    ("DELETE FROM ledger_logidentity", "the log forgotten"),
    (
        "INSERT INTO ledger_eventobject (event_id, object_type, object_id, qualifier) "
        "SELECT event_id, 'case', 'M26-77777', '' FROM ledger_leaf",
        "an object added to a sealed event",
    ),
]


@pytest.mark.database
@pytest.mark.parametrize("sql", [pytest.param(sql, id=name) for sql, name in REFUSED])
def test_the_database_itself_refuses_to_change_the_record(sql: str, log: Log) -> None:
    write(4)
    log.seal(now_us=NOW)
    write(1)
    with pytest.raises(DatabaseError, match="ledger:"), transaction.atomic():
        run(sql)
    assert Event.objects.count() == EventObject.objects.count() == 5


@pytest.mark.database
@pytest.mark.parametrize(
    "table", ["ledger_event", "ledger_leaf", "ledger_node", "ledger_checkpoint", "ledger_eventobject"]
)
def test_replacing_or_truncating_is_refused_as_well(table: str, live_log: Log) -> None:
    """SQLite's INSERT OR REPLACE deletes without firing delete triggers; PostgreSQL's TRUNCATE fires none of a row."""
    write(4)
    live_log.seal(now_us=NOW)
    columns = ", ".join(column.name for column in _columns(table))
    sql = (
        f"TRUNCATE {table} CASCADE"
        if connection.vendor == "postgresql"
        else f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}"
    )
    with pytest.raises(DatabaseError, match="ledger:"), transaction.atomic():
        run(sql)


def _columns(table: str) -> list[object]:
    with connection.cursor() as cursor:
        return connection.introspection.get_table_description(cursor, table)  # type: ignore[return-value]


@settings(deadline=None)
@given(
    st.dictionaries(st.text(), st.integers(-9, 9) | st.text() | st.none() | st.booleans(), max_size=4),
    st.integers(0, 99),
    st.binary(min_size=16, max_size=16),
)
def test_a_digest_covers_salt_fields_and_version(fields: dict[str, object], version: int, salt: bytes) -> None:
    digest = digest_of(fields, version, salt.hex())  # type: ignore[arg-type]
    covered = salt + canonical({"fields": fields, "version": version})  # type: ignore[dict-item]
    assert digest == sha256(covered).hex()
    assert digest != digest_of(fields, version + 1, salt.hex())  # type: ignore[arg-type]
    assert digest != digest_of({**fields, "one more": 1}, version, salt.hex())  # type: ignore[arg-type]
    assert digest != digest_of(fields, version, bytes(16).hex() if any(salt) else "ff" * 16)  # type: ignore[arg-type]


def test_an_event_defaults_to_no_id_of_its_own() -> None:
    assert NewEvent("a", 1, "system", "", {}, ()).id == ""
