# SPDX-License-Identifier: Apache-2.0
"""What an earlier release recorded goes on: same root, clean audit, its open cases come to their end."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from holds import earlier
from holds.house import ROOT, Browser, House, on_postgresql, own_database

pytestmark = pytest.mark.crash
RELEASES = ("thin-slice",)


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
        yield made


@pytest.mark.parametrize("release", RELEASES)
def test_the_record_of_an_earlier_release_goes_on(house: House, release: str, tmp_path: Path) -> None:
    environment = {
        **house.environment,
        "DJANGO_SETTINGS_MODULE": "zhengtong.site.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
    }
    command = [sys.executable, "-m", "holds.earlier", release]
    loaded = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert loaded.returncode == 0, loaded.stderr
    about = earlier.about(release)
    (tmp_path / "then.txt").write_text(about["checkpoint"], "utf-8")
    (tmp_path / "key.txt").write_text(house.run("ledger", "export-key").stdout, "utf-8")
    trusted = ("--key", str(tmp_path / "key.txt"), "--checkpoint", str(tmp_path / "then.txt"))

    audited = house.run("ledger", "audit")  # migrates first
    assert audited.returncode == 0, audited.stdout
    verified = house.run("ledger", "verify", *trusted)
    assert verified.returncode == 0, verified.stdout

    open_steps = house.query(
        "SELECT c.number, s.key, s.department, s.state FROM services_step s JOIN services_case c ON c.id = s.case_id "
        "WHERE c.phase = 'open' AND s.external = '' AND s.state IN ('pending', 'accepted')"
    )
    assert {state for *_, state in open_steps} == {"pending", "accepted"}, "the record has cases in the middle"
    house.start()
    for number, step, department, state in open_steps:
        officer = Browser(house, f"officer-{department}")
        for act in ("accept", "grant") if state == "pending" else ("grant",):
            officer.act(number, step, act, secrets.token_hex(16))
    states = house.query(
        "SELECT c.number, s.key, s.state FROM services_step s JOIN services_case c ON c.id = s.case_id"
    )
    decided = {(number, step) for number, step, *_ in open_steps}
    assert {state for number, step, state in states if (number, step) in decided} == {"granted"}
    assert house.end() == 0
    assert house.run("ledger", "audit").returncode == 0
    assert house.run("ledger", "verify", *trusted).returncode == 0
