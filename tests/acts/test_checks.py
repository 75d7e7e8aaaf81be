# SPDX-License-Identifier: Apache-2.0
"""A database in a mode that may lose acknowledged writes is refused before anything is served."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import Tags, run_checks
from django.db import connection, connections

from testing_city import small_city
from zhengtong.acts.checks import database_modes, faults, require_safe_modes
from zhengtong.errors import WrongUse

ROOT = Path(__file__).resolve().parents[2]
INIT = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
GOOD: dict[str, Any] = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": INIT}


@contextmanager
def database(path: Path, options: dict[str, Any], **more: object) -> Iterator[str]:
    """Another SQLite file opened with `options`; yields its alias."""
    made = deepcopy(connections["default"].settings_dict)
    made |= {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options, **more}
    connections.settings["other"] = made
    try:
        yield "other"
    finally:
        connections["other"].close()
        del connections["other"]
        del connections.settings["other"]


def where(alias: str) -> dict[str, object]:
    return {str(fault.where): fault.found for fault in faults(alias)}


@pytest.fixture
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.mark.usefixtures("unblocked")
def test_the_settings_modes_pass(tmp_path: Path) -> None:
    with database(tmp_path / "a.sqlite3", GOOD) as alias:
        assert faults(alias) == []
        require_safe_modes(alias)
        assert database_modes(databases=[alias]) == []


@pytest.mark.usefixtures("unblocked")
@pytest.mark.parametrize(
    ("changed", "mode", "found"),
    [
        ({"init_command": INIT.replace("WAL", "DELETE")}, "journal_mode", "delete"),
        ({"init_command": INIT.replace("WAL", "MEMORY")}, "journal_mode", "memory"),
        ({"init_command": INIT.replace("journal_mode=WAL", "jurnal_mode=WAL")}, "journal_mode", "delete"),
        ({"init_command": INIT.replace("FULL", "NORMAL")}, "synchronous", "NORMAL"),
        ({"init_command": INIT.replace("FULL", "OFF")}, "synchronous", "OFF"),
        ({"init_command": INIT.replace("foreign_keys=ON", "foreign_keys=OFF")}, "foreign_keys", "OFF"),
        ({"transaction_mode": None}, "transaction_mode", None),
        ({"transaction_mode": "DEFERRED"}, "transaction_mode", "DEFERRED"),
    ],
)
def test_every_other_mode_is_refused_by_name(tmp_path: Path, changed: dict[str, Any], mode: str, found: object) -> None:
    with database(tmp_path / "a.sqlite3", {**GOOD, **changed}) as alias:
        assert where(alias) == {mode: found}
        with pytest.raises(WrongUse) as refused:
            require_safe_modes(alias)
        assert mode in refused.value.say("zh") and "不启动" in refused.value.say("zh")
        (message,) = run_checks(tags=[Tags.database], databases=[alias])
        assert message.is_serious() and str(message.id).startswith("acts.E00") and mode in message.msg


@pytest.mark.usefixtures("unblocked")
def test_a_stricter_mode_passes(tmp_path: Path) -> None:
    with database(tmp_path / "a.sqlite3", {**GOOD, "init_command": INIT.replace("FULL", "EXTRA")}) as alias:
        assert faults(alias) == []


@pytest.mark.usefixtures("unblocked")
def test_a_transaction_around_each_request_is_refused(tmp_path: Path) -> None:
    with database(tmp_path / "a.sqlite3", GOOD, ATOMIC_REQUESTS=True) as alias:
        assert where(alias) == {"ATOMIC_REQUESTS": True}


@pytest.mark.usefixtures("unblocked")
def test_djangos_own_defaults_are_refused_for_every_reason_at_once(tmp_path: Path) -> None:
    with database(tmp_path / "a.sqlite3", {}) as alias:
        assert set(where(alias)) == {"journal_mode", "transaction_mode"}
        assert {message.id for message in database_modes(databases=[alias])} == {"acts.E001", "acts.E003"}


@pytest.mark.django_db
@pytest.mark.database
def test_the_database_of_the_settings_passes() -> None:
    assert faults() == []
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        assert where("default") == {"synchronous_commit": "off"}


ATTEMPTS = {
    "the web under another server": "import zhengtong.site.wsgi",
    "the worker": "from zhengtong.site.commands import worker; worker()",
    "serve": "import django; django.setup(); from zhengtong.site.serving import prepare; prepare()",
}


@pytest.mark.parametrize("what", sorted(ATTEMPTS))
def test_whatever_serves_or_works_refuses_to_start(tmp_path: Path, what: str) -> None:
    (tmp_path / "careless.py").write_text(
        "from zhengtong.site.settings import *\nDATABASES['default']['OPTIONS'].pop('transaction_mode')\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "careless",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "src")]),
        "ZHENGTONG_STATE": str(tmp_path / "state"),
        "ZHENGTONG_CITY": str(small_city()),
    }
    environment.pop("ZHENGTONG_DATABASE_URL", None)
    command = [sys.executable, "-c", ATTEMPTS[what]]
    tried = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert tried.returncode == 1
    assert "WrongUse: transaction_mode: the database runs in a mode that may lose" in tried.stderr
    if (tmp_path / "state/zhengtong.sqlite3").exists():
        assert (tmp_path / "state/zhengtong.sqlite3").stat().st_size <= 4096, "something was written before the refusal"
