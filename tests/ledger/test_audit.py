# SPDX-License-Identifier: Apache-2.0
"""The audit: one change behind the back, one finding that names it. Nothing changed, nothing found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from ledger.factory import NOW, Permit, behind_the_back, new_event, run, save_permit, write
from zhengtong.errors import BadInput
from zhengtong.ledger import audit as auditing
from zhengtong.ledger import publishing, store
from zhengtong.ledger.audit import Audit, audit
from zhengtong.ledger.composed import Log
from zhengtong.ledger.crypto import CryptoProvider
from zhengtong.ledger.findings import SAYS
from zhengtong.ledger.ids import new_id
from zhengtong.ledger.models import Event, EventObject, Leaf, RecordedRow
from zhengtong.ledger.record import NewEvent, ObjectRef, append
from zhengtong.ledger.rules import tree
from zhengtong.ledger.whole import verify_log

pytestmark = pytest.mark.database


@pytest.fixture
def city(live_log: Log) -> Iterator[Log]:
    """A log of 27 sealed events under three checkpoints, three permits in several versions, two events waiting."""
    with connection.schema_editor() as editor:
        editor.create_model(Permit)
    write(13)
    live_log.seal(now_us=NOW)
    for number in ("P-1", "P-2", "P-3"):
        permit = Permit(number=number, status="open", fee_fen=100)
        save_permit(permit)
        permit.status = "granted"
        save_permit(permit)
    live_log.seal(now_us=NOW + 1)
    write(8)
    live_log.seal(now_us=NOW + 2)
    write(2)
    yield live_log
    run("DROP TABLE test_permit")


def look(log: Log) -> Audit:
    return audit(log, models=[Permit])


def found(log: Log) -> list[tuple[str, str, str]]:
    return [(one.what, one.object_type, one.object_id) for one in look(log).findings]


def event_of(index: int) -> str:
    return Leaf.objects.get(index=index).event_id


def test_an_untouched_record_has_no_findings(city: Log) -> None:
    seen: list[tuple[int, int]] = []
    result = audit(city, models=[Permit], progress=lambda done, total: seen.append((done, total)))
    assert result == Audit([], 0, 27, 2, 3)
    assert seen[-1] == (30, 30)


CHANGES = {
    "the actor": "UPDATE ledger_event SET actor = 'p-0000' WHERE id = %s",
    "the time": "UPDATE ledger_event SET time_us = time_us - 86400000000 WHERE id = %s",
    "the time of writing": "UPDATE ledger_event SET recorded_us = recorded_us - 1 WHERE id = %s",
    "the type": "UPDATE ledger_event SET type = 'case_refused' WHERE id = %s",
    "the act": "UPDATE ledger_event SET act = '01997a00000070008000000000000000' WHERE id = %s",
    "the department": "UPDATE ledger_event SET department = 'police' WHERE id = %s",
    "an attribute": 'UPDATE ledger_event SET attributes = \'{"fields":13,"step":"birth_registration"}\' WHERE id = %s',
    "all attributes": "UPDATE ledger_event SET attributes = '{}' WHERE id = %s",
    "an object": "UPDATE ledger_eventobject SET object_id = 'M26-00006' WHERE event_id = %s",
    "a qualifier": "UPDATE ledger_eventobject SET qualifier = 'state' WHERE event_id = %s",
}


@pytest.mark.parametrize("sql", [pytest.param(sql, id=name) for name, sql in CHANGES.items()])
def test_a_changed_event_is_named_with_its_case(sql: str, city: Log) -> None:
    event = event_of(5)
    with behind_the_back():
        run(sql, event)
    (one, *more) = look(city).findings
    assert (one.what, one.object_type, one.object_id) == ("event_changed", "event", event)
    assert one.related[0][0] == "case" and one.related[0][1] in {"M26-00005", "M26-00006"}
    assert {other.what for other in more} <= {"state_unaudited"}


def test_an_object_taken_from_an_event_is_noticed(city: Log) -> None:
    event = event_of(5)
    with behind_the_back():
        EventObject.objects.filter(event_id=event).delete()
    assert found(city) == [("event_changed", "event", event)]


def test_an_object_added_to_an_event_is_noticed_and_named(city: Log) -> None:
    event = event_of(5)
    with behind_the_back():
        EventObject.objects.create(event_id=event, object_type="case", object_id="M26-99999", qualifier="")
    (one,) = look(city).findings
    assert one.what == "event_changed"
    assert ("case", "M26-99999") in one.related and ("case", "M26-00005") in one.related


@pytest.mark.parametrize("text", ['{"step": 1.5}', '{"a":1e2}', "[]"])
def test_an_event_no_code_of_ours_could_have_written_is_named(text: str, city: Log) -> None:
    event = event_of(7)
    with behind_the_back():
        run("UPDATE ledger_event SET attributes = %s WHERE id = %s", text, event)
    ((what, _, name),) = found(city)
    # PostgreSQL's jsonb rewrites 1e2 as 100: then it is readable, and changed all the same.
    assert what in {"event_unreadable", "event_changed"} and name == event


def test_a_deleted_event_is_named_with_the_case_it_was_about(city: Log) -> None:
    event = event_of(4)
    with behind_the_back():
        run("DELETE FROM ledger_event WHERE id = %s", event)
    (one,) = look(city).findings
    assert (one.what, one.object_id, one.related) == ("event_missing", event, (("case", "M26-00004"),))


def test_a_deleted_waiting_event_is_named(city: Log) -> None:
    event = Event.objects.order_by("-id")[0].id
    with behind_the_back():
        run("DELETE FROM ledger_event WHERE id = %s", event)
    assert found(city) == [("waiting_missing", "event", event)]


def test_an_event_kept_from_the_sealer_is_named(city: Log) -> None:
    event = Event.objects.order_by("-id")[0].id
    with behind_the_back():
        run("DELETE FROM ledger_unsealed WHERE event_id = %s", event)
    assert found(city) == [("event_unlisted", "event", event)]


def test_an_event_slipped_in_past_the_triggers_is_named(city: Log) -> None:
    event = new_id()
    with behind_the_back():
        run(
            "INSERT INTO ledger_event (id, act, type, time_us, recorded_us, actor, department, attributes) "
            "VALUES (%s, %s, 'a', 1, 1, 'system', '', '{}')",
            event,
            event,
        )
    assert found(city) == [("event_unlisted", "event", event)]


def test_a_changed_leaf_is_found_at_the_node_above_it(city: Log) -> None:
    """The event and its leaf changed together: they agree, and the tree does not."""
    event = event_of(8)
    with behind_the_back():
        run("UPDATE ledger_event SET actor = 'p-0000' WHERE id = %s", event)
        forged = tree.leaf_hash(city.crypto.hash, store.events([event])[event].leaf())
        run("UPDATE ledger_leaf SET hash = %s WHERE event_id = %s", forged, event)
    ((what, _, name),) = found(city)
    assert (what, name) == ("leaf_changed", "8-9")
    assert event in look(city).findings[0].en


def test_a_removed_leaf_is_named(city: Log) -> None:
    with behind_the_back():
        run("DELETE FROM ledger_leaf WHERE idx = 6")
    kinds = {what: name for what, _, name in found(city)}
    assert kinds["leaf_missing"] == "6"
    assert "event_unlisted" in kinds, "its event is nowhere now"


@pytest.mark.parametrize(("level", "place"), [(1, 3), (2, 1), (3, 2), (4, 0)])
def test_a_changed_node_is_found_where_it_is(level: int, place: int, city: Log) -> None:
    with behind_the_back():
        run("UPDATE ledger_node SET hash = %s WHERE level = %s AND idx = %s", b"x" * 32, level, place)
    kinds = found(city)
    own = f"{place * 2}-{place * 2 + 1}" if level == 1 else f"{level}/{place}"
    assert kinds[0][0] == ("leaf_changed" if level == 1 else "node_changed")
    assert own in {name for _, _, name in kinds}
    assert len(kinds) <= 6, "its neighbours and the checkpoints over it, not the whole tree"


def test_a_removed_node_and_one_too_many_are_named(city: Log) -> None:
    with behind_the_back():
        run("DELETE FROM ledger_node WHERE level = 2 AND idx = 1")
        run("INSERT INTO ledger_node (level, idx, hash) VALUES (2, 77, %s)", b"x" * 32)
    assert sorted(found(city)) == [("node_missing", "node", "2/1"), ("node_surplus", "node", "2/77")]


def test_removing_the_newest_leaves_is_noticed_by_their_checkpoint(city: Log) -> None:
    with behind_the_back():
        run("DELETE FROM ledger_leaf WHERE idx >= 26")
        run(
            "INSERT INTO ledger_unsealed (event_id) SELECT id FROM ledger_event "
            "WHERE id NOT IN (SELECT event_id FROM ledger_leaf) AND id NOT IN (SELECT event_id FROM ledger_unsealed)"
        )
    kinds = found(city)
    assert ("checkpoint_differs", "checkpoint", "27") in kinds
    assert ("published_differs", "published", "27.txt") in kinds


def test_a_checkpoint_with_another_signature_is_named(city: Log) -> None:
    other = CryptoProvider.from_state(city.state / "elsewhere")
    with behind_the_back():
        run("UPDATE ledger_checkpoint SET note = %s WHERE size = 13", other.note("x\n", city.origin))
        run("UPDATE ledger_checkpoint SET note = 'nonsense' WHERE size = 19")
    assert found(city) == [
        ("checkpoint_unsigned", "checkpoint", "13"),
        ("checkpoint_unsigned", "checkpoint", "19"),
    ]


def test_a_checkpoint_whose_columns_say_something_else_is_named(city: Log) -> None:
    with behind_the_back():
        run("UPDATE ledger_checkpoint SET root = %s WHERE size = 13", b"x" * 32)
    assert found(city) == [("checkpoint_differs", "checkpoint", "13")]


def test_a_removed_newest_checkpoint_is_noticed(city: Log) -> None:
    with behind_the_back():
        run("DELETE FROM ledger_checkpoint WHERE size = 27")
    assert found(city) == [("checkpoint_missing", "checkpoint", "27")]


def test_a_history_rewritten_with_the_key_itself_is_caught_by_what_was_published(city: Log) -> None:
    """Everything in the database agrees again; only the files outside remember."""
    event = event_of(5)
    with behind_the_back():
        run("UPDATE ledger_event SET actor = 'p-0000' WHERE id = %s", event)
        for table in ("leaf", "node", "checkpoint"):
            run(f"DELETE FROM ledger_{table}")
        run("DELETE FROM ledger_unsealed")
        run("INSERT INTO ledger_unsealed (event_id) SELECT id FROM ledger_event")
    place = publishing.folder(city)
    kept = {path.name: path.read_text() for path in place.glob("*.txt")}
    shutil.rmtree(place)
    city.seal(now_us=NOW + 3)
    assert found(city) == []
    for name, text in kept.items():
        (place / name).write_text(text)
    assert {name for what, _, name in found(city) if what == "published_differs"} == {
        "13.txt",
        "19.txt",
        "27.txt",
        "latest.txt",
    }


def test_a_published_file_exchanged_is_named(city: Log) -> None:
    place = publishing.folder(city)
    (place / "13.txt").write_text((place / "19.txt").read_text())
    (place / "19.txt").write_text((place / "19.txt").read_text().replace("19", "18", 1))
    assert found(city) == [
        ("published_differs", "published", "13.txt"),
        ("published_unsigned", "published", "19.txt"),
    ]


ROWS: dict[str, tuple[Callable[[], object], list[tuple[str, str, str]]]] = {
    "a field changed": (
        lambda: run("UPDATE test_permit SET status = 'refused' WHERE number = 'P-2'"),
        [("row_changed", "permit", "P-2")],
    ),
    "a sum changed": (
        lambda: run("UPDATE test_permit SET fee_fen = 1 WHERE number = 'P-2'"),
        [("row_changed", "permit", "P-2")],
    ),
    "the salt changed": (
        lambda: run("UPDATE test_permit SET salt = '' WHERE number = 'P-2'"),
        [("row_changed", "permit", "P-2")],
    ),
    "the salt no hex": (
        lambda: run("UPDATE test_permit SET salt = 'zz' WHERE number = 'P-2'"),
        [("row_changed", "permit", "P-2")],
    ),
    "a row deleted": (
        lambda: run("DELETE FROM test_permit WHERE number = 'P-2'"),
        [("row_deleted", "permit", "P-2")],
    ),
    "a row renamed": (
        lambda: run("UPDATE test_permit SET number = 'P-9' WHERE number = 'P-2'"),
        [("row_not_recorded", "permit", "P-9"), ("row_deleted", "permit", "P-2")],
    ),
    "its event unset": (
        lambda: run("UPDATE test_permit SET event_id = '' WHERE number = 'P-2'"),
        [("row_event_missing", "permit", "P-2")],
    ),
    "another row's event": (
        lambda: run("UPDATE test_permit SET event_id = (SELECT MAX(id) FROM ledger_event) WHERE number = 'P-2'"),
        [("row_event_missing", "permit", "P-2")],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_changed_behind_the_back_is_named(name: str, city: Log) -> None:
    change, expected = ROWS[name]
    change()
    assert found(city) == expected


def test_a_row_changed_together_with_its_digest_disagrees_with_its_event(city: Log) -> None:
    permit = Permit.objects.get(number="P-2")
    permit.status = "refused"
    permit.digest = permit.compute_digest()
    permit.save()
    assert found(city) == [("row_differs", "permit", "P-2")]


def test_a_row_put_back_to_an_older_version_is_named(city: Log) -> None:
    older = Permit.objects.get(number="P-2")
    older.status, older.version = "open", 1
    older.digest = older.compute_digest()
    older.event_id = EventObject.objects.filter(object_id="P-2").order_by("event_id")[0].event_id
    older.save()
    assert found(city) == [("row_rolled_back", "permit", "P-2")]


def test_a_row_inserted_without_an_event_is_named(city: Log) -> None:
    stray = Permit(number="P-9", status="granted", version=1, event_id=new_id())
    stray.digest = stray.compute_digest()
    stray.save()
    assert found(city) == [("row_not_recorded", "permit", "P-9")]


def test_row_and_event_changed_together_are_caught_by_the_leaf(city: Log) -> None:
    permit = Permit.objects.get(number="P-2")
    permit.status = "refused"
    permit.digest = permit.compute_digest()
    permit.save()
    said = json.dumps({"version": permit.version, "digest": permit.digest})
    with behind_the_back():
        run("UPDATE ledger_event SET attributes = %s WHERE id = %s", said, permit.event_id)
    (one,) = look(city).findings
    assert (one.what, one.object_id, one.related) == ("event_changed", permit.event_id, (("permit", "P-2"),))


def test_a_lawful_deletion_is_no_finding_and_its_undoing_is(city: Log) -> None:
    permit = Permit.objects.get(number="P-2")
    with transaction.atomic():
        event = NewEvent("permit_deleted", NOW, "system", "", permit.last_state(), (permit.state_ref(),))
        append(new_id(), [event], recorded_us=NOW)
        Permit.objects.filter(number="P-2").delete()
    assert found(city) == []
    permit.save(force_insert=True)
    assert found(city) == [("row_returned", "permit", "P-2")]


def test_a_state_of_a_kind_nothing_audits_is_named(city: Log) -> None:
    with transaction.atomic():
        append(new_id(), [new_event("M26-1", ObjectRef("phantom", "X-1", "state"))], recorded_us=NOW)
    assert found(city) == [("state_unaudited", "phantom", "")]


def test_many_findings_are_counted_and_only_the_first_are_kept(city: Log) -> None:
    with behind_the_back():
        run("UPDATE ledger_event SET actor = 'p-0000' WHERE id IN (SELECT event_id FROM ledger_leaf)")
    result = audit(city, models=[Permit], limit=5)
    assert (len(result.findings), result.count) == (5, 27)


def test_the_audit_keeps_no_writer_waiting_and_sees_one_moment(city: Log) -> None:
    with auditing.snapshot():
        before = Event.objects.count()
        assert connection.in_atomic_block == (connection.vendor == "postgresql")
        assert Event.objects.count() == before
    write(1)
    assert Event.objects.count() == before + 1


def test_installed_state_rows_are_audited_by_themselves() -> None:
    models = RecordedRow.audited()
    assert all(issubclass(model, RecordedRow) and model.object_type for model in models)
    assert len({model.object_type for model in models}) == len(models)
    assert Permit not in models


def test_every_finding_speaks_both_languages() -> None:
    assert all(zh and en and not zh.isascii() and en.isascii() for zh, en in SAYS.values())


def test_the_whole_log_agrees_with_each_checkpoint_it_ever_published(city: Log) -> None:
    place = publishing.folder(city)
    for name in ("13.txt", "19.txt", "27.txt"):
        assert verify_log(city, city.key_file(), (place / name).read_text()) == []


def test_a_trusted_checkpoint_of_another_history_is_said_to_differ(city: Log) -> None:
    forged = city.crypto.note(f"{city.origin}\n13\n{'A' * 43}=\ntime 1\nhash sha256\n", city.origin)
    (one,) = verify_log(city, city.key_file(), forged)
    assert (one.what, one.object_id) == ("trusted_differs", "13")
    longer = city.crypto.note(f"{city.origin}\n99\n{'A' * 43}=\ntime 1\nhash sha256\n", city.origin)
    assert [one.what for one in verify_log(city, city.key_file(), longer)] == ["trusted_differs"]


def test_nothing_is_compared_with_a_checkpoint_the_key_did_not_sign(city: Log) -> None:
    other = CryptoProvider.from_state(city.state / "elsewhere")
    note = (publishing.folder(city) / "13.txt").read_text()
    with pytest.raises(BadInput):
        verify_log(city, other.key_file(city.origin), note)
    with pytest.raises(BadInput):
        verify_log(city, "nonsense", note)
