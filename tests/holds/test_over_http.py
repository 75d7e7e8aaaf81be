# SPDX-License-Identifier: Apache-2.0
"""Clients of the real web, in processes of its own: every form that was answered is there, once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from holds.house import Browser, House, own_database
from holds.together import at_once

pytestmark = pytest.mark.database
CLIENTS, EACH = 8, 3


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        server = os.environ.get("ZHENGTONG_DATABASE_URL", "")
        url = stack.enter_context(own_database(server)) if server else ""
        made = House(tmp_path, url)
        stack.callback(made.end)
        made.start()
        yield made


def test_clients_at_once_over_http_write_and_none_is_lost(house: House) -> None:
    people = [Browser(house, ("parent", "neighbour")[place % 2]) for place in range(CLIENTS)]
    keys = {place: [secrets.token_hex(16) for _ in range(EACH)] for place in range(CLIENTS)}

    def client(place: int) -> list[str]:
        return [people[place].submit(key) for key in keys[place]]

    mine = at_once(CLIENTS, client)
    # Everybody presses the button a second time: nothing new happens, and everybody reads the same answer.
    assert at_once(CLIENTS, client) == mine
    numbers = [number for some in mine for number in some]
    assert len(set(numbers)) == CLIENTS * EACH
    assert {row[0] for row in house.query("SELECT number FROM services_case")} == set(numbers)
    submitted = house.query("SELECT key, result FROM acts_performedact WHERE verb = 'case.submit'")
    assert len(submitted) == CLIENTS * EACH
    assert house.end() == 0
    sealing = house.run("ledger", "seal")
    assert sealing.returncode == 0, sealing.stderr
    audit = house.run("ledger", "audit", "--json")
    assert audit.returncode == 0, audit.stdout


def test_one_form_sent_by_many_tabs_at_once_is_one_case(house: House) -> None:
    key = secrets.token_hex(16)
    tabs = [Browser(house, "parent") for _ in range(4)]
    numbers = set(at_once(len(tabs), lambda place: tabs[place].submit(key)))
    assert house.query("SELECT number FROM services_case") == [(number,) for number in numbers]
    first = tabs[0].client
    without = {"act_key": "", "csrfmiddlewaretoken": first.cookies["csrftoken"]}
    answer = first.post(f"/my/{numbers.pop()}/withdraw/", data=without)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, "a form without a key must not be carried out"
    assert house.query("SELECT phase FROM services_case") == [("open",)]
