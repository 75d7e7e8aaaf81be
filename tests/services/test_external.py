# SPDX-License-Identifier: Apache-2.0
"""External steps against the stand-in card system, a process of its own, over real HTTP on loopback."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from zhengtong.errors import Conflict, Contradicted, NotFound, Unavailable, WrongUse
from zhengtong.services.engine.external import (
    Declined,
    ExternalClient,
    ExternalSystem,
    Granted,
    Pending,
)
from zhengtong.services.engine.wire import sign_request

STANDIN = Path(__file__).resolve().parents[2] / "examples/standin/card_system.py"
SECRET = b"a shared secret of the demo city"
APPLICATION = {"name": "欧阳丽娜", "photo": "sha256:00ff"}


class StandIn:
    """The stand-in as a child process; every start lets the system choose a port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        (folder / "secret").write_bytes(SECRET + b"\n")
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(STANDIN), "--port", "0", "--data", str(self.folder / "cards.sqlite3")]
        command += ["--secret-file", str(self.folder / "secret"), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def client(self, *, secret: bytes = SECRET, now: Callable[[], float] = time.time) -> ExternalClient:
        return ExternalClient(ExternalSystem("card", self.url, secret), now)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., StandIn]]:
    running: list[StandIn] = []

    def make(*options: str) -> StandIn:
        running.append(StandIn(tmp_path, *options))
        return running[-1]

    yield make
    for one in running:
        one.stop()


def wait_for(client: ExternalClient, reference: str) -> Granted | Declined:
    for _ in range(200):
        outcome = client.poll(reference)
        if not isinstance(outcome, Pending):
            return outcome
        time.sleep(0.05)
    raise AssertionError("never decided")


def test_an_application_is_pushed_pending_then_granted_with_its_number(start: Callable[..., StandIn]) -> None:
    client = start("--delay", "0.5").client()
    before = time.time()
    assert client.push("M26-00017.card", "card", APPLICATION) == Pending()
    outcome = wait_for(client, "M26-00017.card")
    assert isinstance(outcome, Granted)
    assert outcome.output.startswith("SBK")
    assert before - 1 <= outcome.issued_at.timestamp() <= time.time() + 1
    assert client.poll("M26-00017.card") == outcome


def test_a_refusal_carries_a_reason_code_and_shares_follow_the_setting(start: Callable[..., StandIn]) -> None:
    client = start("--delay", "0", "--refuse-percent", "40").client()
    outcomes = [client.push(f"M26-{n:05}", "card", APPLICATION) for n in range(60)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Declined)]
    assert 10 <= len(refused) <= 40  # the draw depends on the references alone, so this is not luck
    assert all(outcome.reason.islower() for outcome in refused)
    assert outcomes == [client.poll(f"M26-{n:05}") for n in range(60)]


def test_laggards_stay_pending_while_others_are_decided(start: Callable[..., StandIn]) -> None:
    client = start("--delay", "0", "--lag", "3600", "--lag-percent", "50").client()
    kinds = {type(client.push(f"L-{n}", "card", APPLICATION)) for n in range(30)}
    assert kinds == {Pending, Granted}


def test_pushing_again_changes_nothing_and_other_content_is_a_conflict(start: Callable[..., StandIn]) -> None:
    client = start("--delay", "60").client()
    for _ in range(3):
        assert client.push("R-1", "card", APPLICATION) == Pending()
    assert client.push("R-1", "card", dict(reversed(APPLICATION.items()))) == Pending()  # order is not content
    with pytest.raises(Conflict):
        client.push("R-1", "card", {**APPLICATION, "name": "另一人"})


def test_many_pushes_of_one_reference_at_once_are_one_application(
    start: Callable[..., StandIn], tmp_path: Path
) -> None:
    client = start("--delay", "60").client()
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: client.push("R-1", "card", APPLICATION), range(32)))
    assert outcomes == [Pending()] * 32
    with sqlite3.connect(tmp_path / "cards.sqlite3") as db:
        assert db.execute("SELECT count(*) FROM application").fetchone() == (1,)


def test_an_unknown_reference_is_not_found(start: Callable[..., StandIn]) -> None:
    with pytest.raises(NotFound):
        start().client().poll("never-pushed")


def test_a_kill_loses_no_acknowledged_application(start: Callable[..., StandIn]) -> None:
    office = start("--delay", "0")
    held = {f"K-{n}": office.client().push(f"K-{n}", "card", APPLICATION) for n in range(10)}
    office.process.kill()
    office.process.wait()
    with pytest.raises(Unavailable):
        office.client().poll("K-0")
    office.stop()
    office.start()
    assert {reference: office.client().poll(reference) for reference in held} == held


def test_the_end_is_clean_on_sigterm_even_with_a_client_connected(start: Callable[..., StandIn]) -> None:
    office = start("--delay", "0")
    with httpx.Client(base_url=office.url, trust_env=False) as idle:
        idle.get("/")
        office.process.send_signal(signal.SIGTERM)
        idle.close()
        assert office.process.wait(timeout=30) == 0


def test_a_wrong_secret_is_refused_there_and_its_reply_not_believed_here(start: Callable[..., StandIn]) -> None:
    office = start()
    with pytest.raises(Contradicted, match="wrong signature"):
        office.client(secret=b"b" * 32).push("R-1", "card", APPLICATION)
    with pytest.raises(NotFound):
        office.client().poll("R-1")


def test_a_clock_far_off_is_refused(start: Callable[..., StandIn]) -> None:
    with pytest.raises(Contradicted, match="clocks"):
        start().client(now=lambda: time.time() - 3600).push("R-1", "card", APPLICATION)


def test_a_request_recorded_on_the_way_cannot_be_played_again(start: Callable[..., StandIn]) -> None:
    office = start()
    body = json.dumps({"reference": "P-1", "service": "card", "application": {}}).encode()
    headers = sign_request(
        SECRET, method="POST", target="/applications", body=body, at=int(time.time()), nonce="once"
    ).as_headers()
    with httpx.Client(base_url=office.url, trust_env=False) as thief:
        assert thief.post("/applications", content=body, headers=headers).status_code == 201
        assert thief.post("/applications", content=body, headers=headers).status_code == 401
        assert thief.get("/applications/P-1", headers=headers).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"reference": "../x", "service": "a", "application": {}}'])
def test_the_stand_in_refuses_malformed_applications(body: bytes, start: Callable[..., StandIn]) -> None:
    headers = sign_request(
        SECRET, method="POST", target="/applications", body=body, at=int(time.time()), nonce="n"
    ).as_headers()
    reply = httpx.post(start().url + "/applications", content=body, headers=headers, trust_env=False)
    assert reply.status_code == 422


def test_the_stand_in_wants_a_real_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    command = [sys.executable, str(STANDIN), "--data", str(tmp_path / "d"), "--secret-file", str(tmp_path / "secret")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "at least 16" in done.stderr


def test_nobody_listening_is_unavailable_and_says_so_in_both_languages() -> None:
    client = ExternalClient(ExternalSystem("card", "http://127.0.0.1:9", SECRET), time.time)
    with pytest.raises(Unavailable) as caught:
        client.poll("R-1")
    assert "外部系统没有应答" in caught.value.say("zh") and "ConnectError" in caught.value.say("en")


@pytest.mark.parametrize("reference", ["", ".", "..", "../admin", "a/b", "a?b", "a b", "甲", "a" * 101, "-a", "a\n"])
def test_a_reference_that_could_change_the_address_is_never_sent(reference: str) -> None:
    client = ExternalClient(ExternalSystem("card", "http://127.0.0.1:9", SECRET), time.time)
    with pytest.raises(WrongUse):
        client.poll(reference)
    with pytest.raises(WrongUse):
        client.push(reference, "card", {})


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("ftp://a", SECRET),
        ("http://", SECRET),
        ("card.example", SECRET),
        ("http://user:pass@a", SECRET),
        ("http://a?x=1", SECRET),
        ("http://a", b"short"),
    ],
)
def test_a_definition_that_cannot_work_is_refused_at_once(url: str, secret: bytes) -> None:
    with pytest.raises(WrongUse):
        ExternalSystem("card", url, secret)


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(ExternalSystem("card", "http://a", SECRET))


def test_polls_run_side_by_side(start: Callable[..., StandIn]) -> None:
    client = start("--delay", "0").client()
    client.push("S-1", "card", APPLICATION)
    barrier = threading.Barrier(8)

    def poll(_: int) -> object:
        barrier.wait()
        return client.poll("S-1")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(poll, range(8)))) == 1
