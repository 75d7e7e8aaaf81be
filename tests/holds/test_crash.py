# SPDX-License-Identifier: Apache-2.0
"""kill -9 of web and worker under load: what was answered is there once, and the record still proves it.

The load is people at browsers who insist, always under the same key; the killer follows a seeded plan of bounded
length.
"""

from __future__ import annotations

import json
import os
import queue
import random
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holds.house import Browser, House, on_postgresql, own_database
from zhengtong.ledger.verifier import verify_bundle

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finding the processes to kill needs /proc"),
]
SEED = 20260112
PLAN = ("web", "worker", "all", "web", "worker", "web", "all", "web")
MOST_CASES = 20
SETTLE_S = 60
STEPS = {"birth-registration": "officer-police", "vaccination-record": "officer-cdc"}


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            given = os.environ.get("ZHENGTONG_DATABASE_URL")
            server = given or stack.enter_context(on_postgresql().postgresql())
            url = stack.enter_context(own_database(server))
        made = House(tmp_path, url)
        stack.callback(made.end)
        made.start()
        yield made


@dataclass
class Answered:
    """What people were told is done: by key, the case (and for an officer the step and the act)."""

    submitted: dict[str, str] = field(default_factory=dict)
    acted: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Load:
    """Two applicants file cases, two departments accept and grant what was filed, until told to stop."""

    def __init__(self, house: House, seed: int) -> None:
        self.answered = Answered()
        self.stop, self.all_filed = threading.Event(), threading.Event()
        self.desks: dict[str, queue.Queue[str]] = {step: queue.Queue() for step in STEPS}
        self.applicants = [Browser(house, name) for name in ("parent", "neighbour")]
        self.officers = {step: Browser(house, name) for step, name in STEPS.items()}
        self.seed = seed

    def apply(self, place: int) -> None:
        chance = random.Random(self.seed + place)
        while not self.stop.is_set() and len(self.answered.submitted) < MOST_CASES:
            key = secrets.token_hex(16)
            case = self.applicants[place].submit(key)
            with self.answered.lock:
                self.answered.submitted[key] = case
            for desk in self.desks.values():
                desk.put(case)
            self.stop.wait(chance.uniform(0, 0.8))

    def decide(self, step: str) -> None:
        """Ends when everything is filed and the desk is empty."""
        while True:
            try:
                case = self.desks[step].get(timeout=0.2)
            except queue.Empty:
                if self.all_filed.is_set() and self.desks[step].empty():
                    return
                continue
            for act in ("accept", "grant"):
                key = secrets.token_hex(16)
                self.officers[step].act(case, step, act, key)
                with self.answered.lock:
                    self.answered.acted[key] = (case, step, act)


def kill(house: House, checkpoints: list[Path]) -> int:
    """Follow the plan; keeps a copy of the published checkpoint before each killing. Returns how many died."""
    chance, died = random.Random(SEED), 0
    published = house.state / "checkpoints/latest.txt"
    for turn, what in enumerate(PLAN):
        time.sleep(chance.uniform(0.4, 2.0))
        if published.exists():
            copy = house.state.parent / f"checkpoint-{turn}.txt"
            shutil.copy(published, copy)
            checkpoints.append(copy)
        if what == "all":
            house.kill_everything()
            died += 1
            house.start()
            continue
        for victim in house.processes(what)[: chance.choice((1, 2))]:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                died += 1
    return died


def test_what_was_answered_survives_killing_and_the_record_proves_it(house: House) -> None:
    load, checkpoints = Load(house, SEED), list[Path]()
    with ThreadPoolExecutor(4) as pool:
        try:
            applicants = [pool.submit(load.apply, place) for place in range(2)]
            officers = [pool.submit(load.decide, step) for step in STEPS]
            died = kill(house, checkpoints)
            load.stop.set()
            for person in applicants:
                person.result(180)
        finally:
            load.stop.set()
            load.all_filed.set()
        for person in officers:
            person.result(180)
    answered = load.answered
    assert died >= len(PLAN) - 2, "the plan found too few processes to kill"
    assert len(answered.submitted) >= 5
    assert set(answered.acted.values()) == {
        (case, step, act) for case in answered.submitted.values() for step in STEPS for act in ("accept", "grant")
    }
    browsers = (*load.applicants, *load.officers.values())
    signing_in, forms = 2 * len(browsers), len(answered.submitted) + len(answered.acted)
    assert sum(one.tries for one in browsers) > signing_in + forms, "nobody ever had to ask twice"
    wait_for_the_sealer(house)
    check_every_answer(house, answered)
    check_that_asking_again_changes_nothing(house, load)
    assert house.end() == 0
    check_the_record(house, checkpoints)


def wait_for_the_sealer(house: House) -> None:
    """Everything committed by now gets its leaf from the worker by itself."""
    ((newest,),) = house.query("SELECT MAX(id) FROM ledger_event")
    until = time.monotonic() + SETTLE_S
    waiting = f"SELECT COUNT(*) FROM ledger_unsealed WHERE event_id <= '{newest}'"
    while house.query(waiting) != [(0,)]:
        assert time.monotonic() < until, "the sealer did not catch up"
        time.sleep(0.2)


def check_every_answer(house: House, answered: Answered) -> None:
    performed: dict[str, list[tuple[str, object]]] = {}
    for key, act, result in house.query("SELECT key, act, result FROM acts_performedact"):
        performed.setdefault(key, []).append((act, json.loads(result) if isinstance(result, str) else result))
    events = house.query("SELECT act, type FROM ledger_event")
    cases = {row[0] for row in house.query("SELECT number FROM services_case")}
    assert cases == set(answered.submitted.values()), "a case that nobody was told of, or one that is lost"
    assert len(cases) == len(answered.submitted)
    for key, case in answered.submitted.items():
        ((act, result),) = performed[key]
        assert result == {"case": case}
        assert events.count((act, "case_submitted")) == 1
    types = {"accept": "step_accepted", "grant": "step_granted"}
    for key, (_, step, what) in answered.acted.items():
        ((act, result),) = performed[key]
        assert isinstance(result, dict) and result["step"] == step
        assert events.count((act, types[what])) == 1
    states = house.query(
        "SELECT c.number, s.key, s.state FROM services_step s JOIN services_case c ON c.id = s.case_id"
    )
    for case, step, state in states:
        if step in STEPS:
            assert state == "granted", f"{case} {step}: the approval that was answered is lost"
    outputs = house.query("SELECT COUNT(*), COUNT(DISTINCT step_id) FROM services_output")
    assert outputs[0][0] == outputs[0][1] >= 2 * len(cases)
    numbers = sorted(int(case[4:]) for case in cases)
    assert numbers == list(range(1, len(cases) + 1)), "a number was given out and lost"


def how_much(house: House) -> list[tuple[int, ...]]:
    """Cases, and acts of persons (the worker goes on meanwhile)."""
    cases = house.query("SELECT COUNT(*) FROM services_case")
    return cases + house.query("SELECT COUNT(*) FROM acts_performedact WHERE actor <> 'system'")


def check_that_asking_again_changes_nothing(house: House, load: Load) -> None:
    """A person who never saw the answer sends the form again, hours later."""
    owners = dict(house.query("SELECT number, applicant FROM services_case"))
    ((parent,),) = house.query("SELECT pseudonym FROM organization_account WHERE username = 'parent'")
    before = how_much(house)
    for key, case in list(load.answered.submitted.items())[:5]:
        browser = load.applicants[0 if owners[case] == parent else 1]
        assert browser.submit(key) == case
    for key, (case, step, act) in list(load.answered.acted.items())[:5]:
        load.officers[step].act(case, step, act, key)
    assert how_much(house) == before


def check_the_record(house: House, checkpoints: list[Path]) -> None:
    """Audit, the whole log against every checkpoint that was ever seen outside, and single proofs."""
    sealed = house.run("ledger", "seal", "--json")
    assert sealed.returncode == 0, sealed.stderr
    audit = house.run("ledger", "audit", "--json")
    assert audit.returncode == 0, audit.stdout[-3000:]
    told = json.loads(audit.stdout)
    assert told["count"] == 0 and told["waiting"] == 0 and told["leaves"] == json.loads(sealed.stdout)["size"]
    published = house.state / "checkpoints"
    assert checkpoints, "nothing had been published before the last killing"
    for checkpoint in (checkpoints[0], published / "latest.txt"):
        whole = house.run("ledger", "verify", "--key", str(published / "key.txt"), "--checkpoint", str(checkpoint))
        assert whole.returncode == 0, whole.stdout + whole.stderr
    granted = house.query("SELECT id FROM ledger_event WHERE type = 'step_granted' ORDER BY id")
    for (event,) in random.Random(SEED).sample(granted, 2):
        bundle = house.run("ledger", "prove", event).stdout
        verdict = verify_bundle(bundle, (published / "key.txt").read_text(), (published / "latest.txt").read_text())
        assert verdict.state == "proven", verdict.reasons
    if not house.url:
        assert house.query("PRAGMA integrity_check") == [("ok",)]
        assert house.query("PRAGMA foreign_key_check") == []
