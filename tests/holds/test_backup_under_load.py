# SPDX-License-Identifier: Apache-2.0
"""Backups taken while people work: each is one moment of the house, and restores to the root it had then."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from holds.house import Browser, House, on_postgresql, own_database

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finding the processes to kill needs /proc"),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def houses(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[House, House]]:
    """A house that works, and an empty place of the same kind beside it."""
    with ExitStack() as stack:
        urls = ["", ""]
        if request.param == "postgresql":
            given = os.environ.get("ZHENGTONG_DATABASE_URL")
            server = given or stack.enter_context(on_postgresql().postgresql())
            urls = [stack.enter_context(own_database(server)) for _ in range(2)]
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
        first, second = House(tmp_path / "first", urls[0]), House(tmp_path / "second", urls[1])
        stack.callback(first.end)
        stack.callback(second.end)
        first.start()
        yield first, second


def test_a_backup_under_load_restores_to_its_own_moment(houses: tuple[House, House], tmp_path: Path) -> None:
    first, second = houses
    (tmp_path / "passphrase").write_text("four calm words here")
    asks = ("--passphrase-file", str(tmp_path / "passphrase"))
    stop, filed = threading.Event(), list[str]()

    def work() -> None:
        parent = Browser(first, "parent")
        while not stop.is_set():
            filed.append(parent.submit(secrets.token_hex(16)))

    person = threading.Thread(target=work)
    person.start()
    try:
        while len(filed) < 2:
            assert person.is_alive()
            stop.wait(0.1)
        taken = first.run("backup", str(tmp_path / "backup.tar.gz"), *asks)
        assert taken.returncode == 0, taken.stderr
        after = len(filed)
        while len(filed) <= after:  # the house went on
            assert person.is_alive()
            stop.wait(0.1)
    finally:
        stop.set()
        person.join(120)
    killed_while_restoring(second, tmp_path / "backup.tar.gz", asks)
    restored = second.run("restore", str(tmp_path / "backup.tar.gz"), *asks)
    assert restored.returncode == 0, restored.stderr
    checkpoints = "SELECT size, root, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1"
    ((size, root, note),) = second.query(checkpoints)
    assert [(size, bytes(root), note)] == [
        (row[0], bytes(row[1]), row[2])
        for row in first.query(f"SELECT size, root, note FROM ledger_checkpoint WHERE size = {size}")
    ]
    cases = {row[0] for row in second.query("SELECT number FROM services_case")}
    assert set(filed[:2]) <= cases < set(filed) | cases and len(cases) <= len(filed)
    audited = second.run("ledger", "audit", "--json")
    assert audited.returncode == 0, audited.stdout
    second.start()
    assert Browser(second, "parent").submit(secrets.token_hex(16)) not in cases, "the restored house works on"


def killed_while_restoring(house: House, backup: Path, asks: tuple[str, ...]) -> None:
    """kill -9 in the middle: the state folder is still free, and the next try needs no cleaning up."""
    command = [sys.executable, "-m", "zhengtong", "restore", str(backup), *asks]
    child = subprocess.Popen(command, env=house.environment, stderr=subprocess.PIPE)
    while child.poll() is None and not list(house.state.parent.glob(".state.restoring-*/backup.json")):
        pass
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, "it was over before it could be killed"
    assert not house.state.exists()
