# SPDX-License-Identifier: Apache-2.0
"""The deployment checks: a sound installation passes, and each fault is found by its number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from typer.testing import CliRunner

from people import account, do
from zhengtong import cli
from zhengtong.acts.actor import SYSTEM
from zhengtong.city import commands
from zhengtong.organization.actions.appoint import Appoint
from zhengtong.organization.demo import PASSWORD, make_demo_accounts
from zhengtong.organization.models import Account, ApiToken
from zhengtong.site.checks import all_messages, deployment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sound(state: Path, settings: Any) -> Any:
    """An installation nothing is wrong with."""
    settings.DEBUG = settings.ZHENGTONG_DEMO = False
    settings.HTTPS = True
    settings.SECRET_KEY = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWprbA-_"
    settings.ZHENGTONG_PUBLIC_URL = "https://zwfw.mingchuan.example"
    settings.ALLOWED_HOSTS = ["zwfw.mingchuan.example"]
    settings.ZHENGTONG_TRUSTED_PROXIES = ["10.0.0.5"]
    state.chmod(0o700)
    keys = state / "keys"
    keys.mkdir(mode=0o700)
    for path in (keys / "log.key", state / "secret-key"):
        path.write_text("secret")
        path.chmod(0o600)
    return settings


def found() -> set[str]:
    return {message.id.removeprefix("zhengtong.") for message in deployment()}


def test_a_sound_installation_passes(sound: Any) -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("setting", "value", "number"),
    [
        ("DEBUG", True, "E001"),
        ("ZHENGTONG_DEMO", True, "E002"),
        ("HTTPS", False, "E003"),
        ("SECRET_KEY", "short", "E004"),
        ("SECRET_KEY", "a" * 64, "E004"),
        ("ZHENGTONG_PUBLIC_URL", "http://zwfw.mingchuan.example", "E005"),
        ("ZHENGTONG_PUBLIC_URL", "https://127.0.0.1", "E005"),
        ("ALLOWED_HOSTS", ["*"], "E006"),
        ("ALLOWED_HOSTS", ["other.example"], "E007"),
        ("ZHENGTONG_TRUSTED_PROXIES", ["proxy"], "E008"),
        ("ZHENGTONG_TRUSTED_PROXIES", ["0.0.0.0/0"], "E009"),
        ("ZHENGTONG_TRUSTED_PROXIES", ["::/0"], "E009"),
        ("ZHENGTONG_TRUSTED_PROXIES", [""], "W010"),
    ],
)
def test_a_setting_that_is_not_safe_is_named(sound: Any, setting: str, value: object, number: str) -> None:
    setattr(sound, setting, value)
    assert found() == {number}


@pytest.mark.parametrize(
    ("name", "mode", "number"),
    [("keys/log.key", 0o640, "E011"), ("keys", 0o755, "E011"), ("secret-key", 0o604, "E011"), (".", 0o755, "E012")],
)
def test_files_that_others_may_read_are_named(sound: Any, state: Path, name: str, mode: int, number: str) -> None:
    (state / name).chmod(mode)
    assert found() == {number}


def test_demo_accounts_and_public_passwords_are_named(sound: Any) -> None:
    account("chen", "officer", "police")
    assert found() == set()
    Account.objects.filter(username="chen").update(password=make_password(PASSWORD))
    assert found() == {"E015"}
    make_demo_accounts()
    assert found() == {"E014", "E015"}


def test_whoever_holds_no_post_is_not_tried(sound: Any) -> None:
    account("resident")
    Account.objects.update(password=make_password(PASSWORD))
    assert found() == set()
    do(Appoint("resident", "auditor"), SYSTEM)
    assert found() == {"E015"}


def test_a_token_that_stands_for_a_person_is_named(sound: Any) -> None:
    person = account("chen")
    ApiToken.objects.create(
        reference="1" * 32,
        account=person,
        secret_hash="2" * 64,
        scopes=[],
        issued_us=0,
        expires_us=1,
        event_id="3" * 32,
    )
    assert found() == {"E016"}


def test_djangos_checks_and_those_of_the_database_are_asked_too(sound: Any) -> None:
    sound.SESSION_COOKIE_SECURE = False
    ids = {message.id for message in all_messages()}
    assert "security.W012" in ids
    assert not {one for one in ids if one.startswith("acts.")}, "the tests' database runs in safe modes"


def test_the_command_tells_all_and_says_no_by_its_exit_code(sound: Any) -> None:
    if not cli.app.registered_commands:
        cli._add_rooms()
    city = str(Path(__file__).resolve().parents[2] / "examples/city")
    sound.ZHENGTONG_DEMO = True
    run = CliRunner().invoke(cli.app, ["check", city, "--deploy", "--json"])
    report = json.loads(run.stdout)
    assert run.exit_code == 1 and report["ok"] is True
    assert "zhengtong.E002" in {one["id"] for one in report["deployment"] if one["level"] == "error"}
    plain = CliRunner().invoke(cli.app, ["check", city])
    assert plain.exit_code == 0 and "zhengtong.E002" not in plain.stdout, "without --deploy the files alone are judged"
    assert "zhengtong.E002" in CliRunner().invoke(cli.app, ["check", city, "--deploy"]).stdout
    assert commands._deployment, "the site registered its check"
