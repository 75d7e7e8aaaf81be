# SPDX-License-Identifier: Apache-2.0
"""Sealing: every committed event once, in order of nothing but commitment; published, and never on top of a lie."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from ledger.factory import NOW, behind_the_back, new_event, run, write
from zhengtong import ledger
from zhengtong.errors import Contradicted
from zhengtong.ledger import publishing, sealing, store, verifier
from zhengtong.ledger.composed import Log
from zhengtong.ledger.ids import new_id
from zhengtong.ledger.models import Checkpoint, Leaf, LogIdentity, Node, Unsealed
from zhengtong.ledger.record import append
from zhengtong.ledger.rules import tree

pytestmark = pytest.mark.database


def order() -> list[str]:
    return list(Leaf.objects.order_by("index").values_list("event_id", flat=True))


@pytest.mark.parametrize("batch", [1, 7, 64, 1000])
def test_the_stored_tree_is_the_tree_of_all_events_whatever_the_batches(batch: int, log: Log) -> None:
    events = write(65)
    sealed = log.seal(now_us=NOW, batch=batch)
    assert (sealed.added, sealed.size) == (65, 65)
    leaves = [tree.leaf_hash(log.crypto.hash, event.leaf) for event in events]
    made, tops = tree.extend(log.crypto.hash, 0, [], leaves)
    assert order() == [event.id for event in events]
    assert {(node.level, node.index, bytes(node.hash)) for node in Node.objects.all()} == set(made)
    opened = verifier.open_checkpoint(log.crypto.public_key(log.origin), sealed.note)
    assert opened == verifier.Checkpoint(65, tree.fold(log.crypto.hash, tops), NOW, "sha256")
    assert not Unsealed.objects.exists()


def test_an_empty_log_seals_to_nothing(log: Log) -> None:
    assert log.seal(now_us=NOW) == sealing.Sealed(0, 0, "", "off")
    assert not publishing.folder(log).exists()


def test_sealing_again_adds_nothing_and_signs_nothing_new(log: Log) -> None:
    write(3)
    first = log.seal(now_us=NOW)
    assert log.seal(now_us=NOW + 1) == replace(first, added=0)
    assert Checkpoint.objects.count() == 1


def test_the_tree_grows_by_few_reads(log: Log) -> None:
    write(300)
    log.seal(now_us=NOW)
    write(1)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        log.seal(now_us=NOW)
    assert len(captured) < 30


def test_an_event_whose_id_is_older_than_sealed_ones_is_still_sealed(log: Log) -> None:
    """What an out-of-order commit looks like afterwards: an id below all those that have a leaf."""
    early = new_id()
    later = write(3)
    log.seal(now_us=NOW)
    with transaction.atomic():
        append(new_id(), [replace(new_event(), id=early)], recorded_us=NOW)
    assert early < later[0].id
    assert log.seal(now_us=NOW).added == 1
    assert order() == [*(event.id for event in later), early]


def test_a_later_id_that_commits_first_does_not_hide_the_earlier_one(live_log: Log) -> None:
    """Two transactions open at once; the later id commits and is sealed before the earlier one commits."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: two transactions cannot overlap (simulated above)")
    early, written, go = new_id(), threading.Event(), threading.Event()

    def slow_worker() -> None:
        try:
            with transaction.atomic():
                append(new_id(), [replace(new_event(), id=early)], recorded_us=NOW)
                written.set()
                assert go.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(slow_worker)
        assert written.wait(30)
        (later,) = write(1)
        assert early < later.id
        assert live_log.seal(now_us=NOW).added == 1
        go.set()
        slow.result(30)
    assert live_log.seal(now_us=NOW).added == 1
    assert order() == [later.id, early]


def test_sealers_at_once_give_every_event_one_leaf(live_log: Log) -> None:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
        pytest.skip("an in-memory database has one connection")
    write(200)

    def worker(_: int) -> None:
        try:
            mine = ledger.log()
            for _ in range(3):
                write(5)
                mine.seal(now_us=NOW, batch=20)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(worker, range(4)))
    assert store.size() == Leaf.objects.count() == 260
    newest = Checkpoint.objects.order_by("-size").first()
    assert newest is not None
    assert bytes(newest.root) == store.root_at(live_log.crypto.hash, 260)
    assert (publishing.folder(live_log) / "latest.txt").read_text() == newest.note


def test_a_checkpoint_is_published_as_latest_and_by_its_size_with_the_key(log: Log) -> None:
    write(3)
    first = log.seal(now_us=NOW)
    write(2)
    second = log.seal(now_us=NOW)
    place = publishing.folder(log)
    assert (place / "3.txt").read_text() == first.note
    assert (place / "5.txt").read_text() == (place / "latest.txt").read_text() == second.note
    assert verifier.PublicKey.parse((place / "key.txt").read_text()).name == log.origin
    assert sorted(path.name for path in place.iterdir()) == [".lock", "3.txt", "5.txt", "key.txt", "latest.txt"]


def test_what_a_crash_left_unpublished_is_published_by_the_next_sealing(log: Log) -> None:
    write(3)
    log.seal(now_us=NOW)
    (publishing.folder(log) / "latest.txt").unlink()
    assert log.seal(now_us=NOW).added == 0
    assert (publishing.folder(log) / "latest.txt").exists()


def test_a_database_rolled_back_behind_its_published_checkpoint_is_not_sealed_on(log: Log) -> None:
    write(4)
    log.seal(now_us=NOW)
    write(4)
    log.seal(now_us=NOW)
    with behind_the_back():
        run("DELETE FROM ledger_leaf WHERE idx >= 4")
        run("DELETE FROM ledger_node WHERE level = 3 OR (level = 2 AND idx = 1) OR (level = 1 AND idx >= 2)")
        run("DELETE FROM ledger_checkpoint WHERE size = 8")
    write(1)
    with pytest.raises(Contradicted, match="rolled back"):
        log.seal(now_us=NOW)
    assert store.size() == 4


def test_a_rewritten_tree_is_not_sealed_on(log: Log) -> None:
    write(4)
    log.seal(now_us=NOW)
    with behind_the_back():
        run("UPDATE ledger_node SET hash = %s WHERE level = 2", b"x" * 32)
    write(1)
    with pytest.raises(Contradicted, match="rewritten"):
        log.seal(now_us=NOW)


def test_another_logs_checkpoints_are_not_overwritten(log: Log) -> None:
    write(1)
    log.seal(now_us=NOW)
    other = replace(log, origin="other/1")
    write(1)
    with pytest.raises(Contradicted, match="another log"):
        other.seal(now_us=NOW)


def test_an_event_that_could_never_have_been_recorded_stops_the_sealing(log: Log) -> None:
    write(1)
    with behind_the_back():
        run("UPDATE ledger_event SET attributes = '{\"share\": 0.5}'")
    with pytest.raises(Contradicted, match="could never"):
        log.seal(now_us=NOW)
    assert store.size() == 0


def test_an_event_inserted_by_any_other_way_reaches_the_sealer(log: Log) -> None:
    run(
        "INSERT INTO ledger_event (id, act, type, time_us, recorded_us, actor, department, attributes) "
        "VALUES (%s, %s, 'a', 1, 1, 'system', '', '{}')",
        new_id(),
        new_id(),
    )
    assert log.seal(now_us=NOW).added == 1


class Receiver:
    """A witness on the loopback: keeps what it is sent, and fails while told to."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.failing = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self.send_response(503 if outer.failing else 200)
                self.end_headers()
                if not outer.failing:
                    outer.notes.append(body)

            def log_message(self, *_: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_webhook_gets_each_newest_checkpoint_once(log: Log, receiver: Receiver) -> None:
    posting = replace(log, webhook=receiver.url)
    write(2)
    assert posting.seal(now_us=NOW).webhook == "sent"
    assert posting.seal(now_us=NOW).webhook == "known"
    assert receiver.notes == [Checkpoint.objects.get(size=2).note]


def test_a_failed_post_is_made_good_by_the_next_sealing_and_blocks_nothing(log: Log, receiver: Receiver) -> None:
    posting = replace(log, webhook=receiver.url)
    receiver.failing = True
    write(2)
    sealed = posting.seal(now_us=NOW)
    assert (sealed.added, sealed.webhook) == (2, "HTTP 503")
    receiver.failing = False
    again = posting.seal(now_us=NOW)
    assert (again.added, again.webhook) == (0, "sent")
    assert receiver.notes == [sealed.note]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "nonsense", "http://[::1"])
def test_an_address_where_nobody_answers_blocks_nothing(url: str, log: Log) -> None:
    write(1)
    sealed = replace(log, webhook=url).seal(now_us=NOW)
    assert sealed.added == 1
    assert sealed.webhook not in {"sent", "known", "off"}


def test_a_log_is_named_once_after_its_city(log: Log, settings) -> None:
    assert ledger.log().origin == log.origin
    with behind_the_back():
        LogIdentity.objects.all().delete()
    settings.ZHENGTONG_CITY_NAME = "衡川 市+"
    named = ledger.log().origin
    assert named.startswith("衡川-市-/") and named != log.origin
    settings.ZHENGTONG_CITY_NAME = "改名"
    settings.ZHENGTONG_LEDGER_SUITE = "sm2-sm3"
    assert (ledger.log().origin, ledger.log().crypto.suite) == (named, "ed25519-sha256")


def test_a_log_of_the_national_suite_seals_and_proves(state, db, settings) -> None:
    settings.ZHENGTONG_LEDGER_SUITE = "sm2-sm3"
    log = ledger.log()
    events = write(9)
    sealed = log.seal(now_us=NOW)
    verdict = verifier.verify_bundle(log.prove(events[3].id), log.key_file(), sealed.note)
    assert verdict.state == "proven"
    assert "hash sm3" in sealed.note
