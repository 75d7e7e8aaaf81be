# SPDX-License-Identifier: Apache-2.0
"""Delivery: at least once, by one worker at a time, and what it causes once, however workers die."""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from acts.noting import Note
from holds.together import HANG_S, at_once, sealed_and_clean
from people import OTHER, PARENT, key, publish, submit
from zhengtong.acts import outbox
from zhengtong.acts.models import OutboxMessage, PerformedAct
from zhengtong.acts.outbox import LAST_RETRY_US, LEASE_US, SECOND, Again, deliver, handles, retry_delay_us
from zhengtong.acts.perform import perform
from zhengtong.errors import Conflict, Unavailable
from zhengtong.ledger.models import Event
from zhengtong.services import processes
from zhengtong.services.models import Notice
from zhengtong.site.worker import Worker

TOPIC = "test.noted"


class Killed(BaseException):
    """What the code of a killed worker sees: nothing after this point runs."""


class Clock:
    """The wall clock of the outbox, moved by hand."""

    def __init__(self) -> None:
        self.us = 2_000_000_000 * SECOND

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(outbox, "now_us", made)
    return made


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[[outbox.Handler], None]:
    """Make a function the one handler of the test's topic."""
    monkeypatch.setattr(outbox, "_handlers", {})
    return lambda handler: outbox._handlers.update({TOPIC: handler})


Handle = Callable[[outbox.Handler], None]


def order(count: int = 1, **fields: Any) -> list[int]:
    """Messages as acts leave them; returns their ids."""
    made = [
        OutboxMessage(topic=TOPIC, payload={"n": n}, act="0" * 32, **{"created_us": 1, "due_us": 1, **fields})
        for n in range(count)
    ]
    return [message.pk for message in OutboxMessage.objects.bulk_create(made)]


def message() -> OutboxMessage:
    return OutboxMessage.objects.get()


class Seen(list[int]):
    """A handler that remembers what it was given."""

    def __call__(self, payload: Mapping[str, Any]) -> None:
        self.append(payload["n"])


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
class TestDelivery:
    def test_what_is_due_is_handled_once_and_in_order(self, clock: Clock, handle: Handle) -> None:
        handle(seen := Seen())
        order(3)
        order(1, due_us=clock.us + 1)
        assert (deliver(), seen) == (3, [0, 1, 2])
        assert deliver() == 0
        clock.us += 1
        assert (deliver(), seen) == (1, [0, 1, 2, 0])
        assert not OutboxMessage.objects.filter(done_us=None).exists()

    def test_a_dead_workers_message_is_taken_over_when_its_lease_ends_and_not_before(
        self, clock: Clock, handle: Handle
    ) -> None:
        order()

        def dies(_: Mapping[str, Any]) -> None:
            raise Killed

        handle(dies)
        with pytest.raises(Killed):
            deliver()
        handle(seen := Seen())
        clock.us += LEASE_US - 1
        assert (deliver(), seen) == (0, [])
        clock.us += 1
        assert (deliver(), seen) == (1, [0])
        assert message().done_us == clock.us

    def test_a_live_workers_message_is_left_alone(self, handle: Handle) -> None:
        """One worker stands in the middle of handling; another, at the same time, finds nothing to do."""
        order()
        inside, go = threading.Event(), threading.Event()
        times = Counter[str]()

        def slow(_: Mapping[str, Any]) -> None:
            times["handled"] += 1
            inside.set()
            assert go.wait(HANG_S)

        handle(slow)

        def worker() -> int:
            try:
                return deliver()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(worker)
            assert inside.wait(HANG_S)
            assert deliver() == 0
            go.set()
            assert first.result(HANG_S) == 1
        assert (deliver(), times["handled"]) == (0, 1)

    def test_many_workers_share_the_messages_without_handling_one_twice(self, handle: Handle) -> None:
        count, seen, lock = 60, Counter[int](), threading.Lock()

        def counts(payload: Mapping[str, Any]) -> None:
            with lock:
                seen[payload["n"]] += 1

        handle(counts)
        order(count)

        def worker(_: int) -> int:
            done = 0
            while handled := deliver(limit=3):
                done += handled
            return done

        assert sum(at_once(6, worker)) == count
        assert seen == dict.fromkeys(range(count), 1)

    def test_a_worker_that_was_slow_with_one_leaves_the_rest_to_who_took_them(
        self, clock: Clock, handle: Handle
    ) -> None:
        """It claimed two; while it handled the first, both leases ran out and another worker did both."""
        order(2)
        seen: list[tuple[str, int]] = []

        def other(payload: Mapping[str, Any]) -> None:
            seen.append(("other", payload["n"]))

        def slow(payload: Mapping[str, Any]) -> None:
            seen.append(("slow", payload["n"]))
            clock.us += LEASE_US + 1
            handle(other)
            assert deliver() == 2

        handle(slow)
        assert deliver() == 1
        assert seen == [("slow", 0), ("other", 0), ("other", 1)]

    def test_what_does_not_answer_is_tried_again_later_and_later(self, clock: Clock, handle: Handle) -> None:
        def down(_: Mapping[str, Any]) -> None:
            raise Unavailable("对方没有应答", "nobody answers")

        handle(down)
        order()
        waits = []
        for attempt in range(1, 16):
            assert deliver() == 1
            waits.append((message().due_us - clock.us) // SECOND)
            assert (message().attempts, message().done_us) == (attempt, None)
            assert "nobody answers" in message().last_error
            clock.us = message().due_us - 1
            assert deliver() == 0
            clock.us += 1
        assert waits[:5] == [2, 4, 8, 16, 32]
        assert waits[-1] == 3600
        handle(Seen())
        assert deliver() == 1
        assert (message().done_us, message().last_error) == (clock.us, "")

    def test_any_other_failure_is_kept_where_it_is_seen_and_holds_up_nobody(self, clock: Clock, handle: Handle) -> None:
        first, *_ = order(3)
        seen = Seen()

        def fails_on_the_first(payload: Mapping[str, Any]) -> None:
            if payload["n"] == 0:
                raise Conflict("不能再试", "this will not get better by itself")
            seen(payload)

        handle(fails_on_the_first)
        assert (deliver(), seen) == (3, [1, 2])
        kept = OutboxMessage.objects.get(pk=first)
        assert (kept.done_us, kept.due_us, kept.attempts) == (None, clock.us + LAST_RETRY_US, 1)
        assert "will not get better" in kept.last_error
        assert OutboxMessage.objects.filter(done_us=None).count() == 1

    def test_a_fault_of_a_handler_ends_no_worker_and_is_tried_again_without_telling_what_people_wrote(
        self, clock: Clock, handle: Handle, caplog: pytest.LogCaptureFixture
    ) -> None:
        first, *_ = order(2)
        seen = Seen()

        def breaks_on_the_first(payload: Mapping[str, Any]) -> None:
            if payload["n"] == 0:
                try:
                    int("张三 110101199003078515")
                except ValueError as error:
                    raise KeyError("13800138000") from error
            seen(payload)

        handle(breaks_on_the_first)
        with caplog.at_level(logging.ERROR):
            assert (deliver(), seen) == (2, [1])
        kept = OutboxMessage.objects.get(pk=first)
        assert (kept.done_us, kept.due_us, kept.attempts) == (None, clock.us + 2 * SECOND, 1)
        assert re.fullmatch(r"KeyError at breaks_on_the_first:\d+", kept.last_error)
        assert "ValueError" in caplog.text and 'raise KeyError("' in caplog.text and __file__ in caplog.text
        assert all("110101199003078515" not in line or "int(" in line for line in caplog.text.splitlines())
        clock.us += 2 * SECOND
        assert deliver() == 1
        assert OutboxMessage.objects.get(pk=first).due_us == clock.us + 4 * SECOND
        handle(seen)
        clock.us += 4 * SECOND
        assert (deliver(), seen) == (1, [1, 0])
        assert OutboxMessage.objects.get(pk=first).last_error == ""

    def test_a_worker_goes_on_after_a_fault_of_a_handler(self, state: Path, handle: Handle) -> None:
        order(2)
        seen: list[int] = []

        def breaks_first(payload: Mapping[str, Any]) -> None:
            seen.append(payload["n"])
            assert payload["n"], "the first one breaks"

        handle(breaks_first)
        assert Worker().turn() == 2
        assert seen == [0, 1]

    def test_what_is_not_finished_is_asked_again_and_that_is_no_failure(self, clock: Clock, handle: Handle) -> None:
        answers: list[Again | None] = [Again(5 * SECOND), Again(7 * SECOND), None]
        handle(lambda _: answers.pop(0))
        order()
        for wait in (5, 7):
            assert deliver() == 1
            assert (message().due_us, message().attempts, message().last_error) == (clock.us + wait * SECOND, 0, "")
            clock.us += wait * SECOND
        assert deliver() == 1
        assert message().done_us == clock.us

    def test_a_handler_killed_after_its_act_runs_twice_and_records_once(self, clock: Clock, handle: Handle) -> None:
        order()
        dying = [True]

        def records(payload: Mapping[str, Any]) -> None:
            if "n" in payload:  # not the message which that act orders
                perform(Note(PARENT.id), PARENT, f"noted/{payload['n']}")
            if dying:
                raise Killed

        handle(records)
        with pytest.raises(Killed):
            deliver()
        dying.clear()
        clock.us += LEASE_US
        assert deliver() == 2
        assert Event.objects.filter(type="noted").count() == PerformedAct.objects.filter(key="noted/0").count() == 1

    def test_work_ordered_by_an_act_that_failed_is_never_delivered(self, handle: Handle) -> None:
        handle(seen := Seen())
        for fails, owner in ((True, PARENT.id), (False, OTHER.id)):
            with pytest.raises(Exception, match=r"told to fail|not allowed"):
                perform(Note(owner, fails=fails), PARENT, key())
        assert (deliver(), seen) == (0, [])


def test_the_trace_of_a_fault_holds_our_lines_and_no_values() -> None:
    secret = "".join(["李", "四"])
    try:
        try:
            {}[secret]
        except KeyError:
            raise RuntimeError(secret)  # noqa: B904  # what is under test: the cause that Python adds by itself
    except RuntimeError as error:
        kind, trace = outbox.kind_and_trace(error)
    assert kind.startswith("RuntimeError at test_the_trace")
    assert "KeyError" in trace and "{}[secret]" in trace and secret not in kind + trace


@given(attempts=st.integers(0, 10_000))
def test_the_wait_grows_to_an_hour_and_stays_there(attempts: int) -> None:
    assert 2 * SECOND <= retry_delay_us(attempts) <= retry_delay_us(attempts + 1) <= 3600 * SECOND


def test_a_topic_has_one_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_handlers", {})
    seen = Seen()
    handles(TOPIC)(seen)
    handles(TOPIC)(seen)
    with pytest.raises(RuntimeError, match="two handlers"):
        handles(TOPIC)(lambda _: None)


def test_every_topic_that_acts_order_has_its_handler() -> None:
    assert {"services.push", "services.sign_notice"} <= set(outbox._handlers)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_notice_signed_by_two_workers_at_once_is_recorded_once(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each makes a file of its own (its signature has its own time); one of them is the one on record."""
    case = submit(publish())
    notice = Notice.objects.get(case__number=case)
    made = iter(["a" * 64, "b" * 64, "c" * 64, "d" * 64])
    monkeypatch.setattr(processes, "make_file", lambda _: next(made))
    at_once(4, lambda _: processes.sign_notice({"notice": notice.reference}))
    notice.refresh_from_db()
    sealed = Event.objects.filter(type="notice_sealed")
    assert [event.attributes["sha256"] for event in sealed] == [notice.sha256]
    sealed_and_clean()
