# SPDX-License-Identifier: Apache-2.0
"""The command line of the ledger, as a person and as a program use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from ledger.factory import behind_the_back, run, write
from zhengtong.ledger import publishing
from zhengtong.ledger.commands import app, verify_command
from zhengtong.ledger.composed import Log
from zhengtong.ledger.segments import segments

pytestmark = pytest.mark.database
checker = typer.Typer()
checker.command()(verify_command)


def call(*arguments: object, of: typer.Typer = app) -> Result:
    return CliRunner().invoke(of, [str(one) for one in arguments])


def test_seal_seals_publishes_and_exports(log: Log) -> None:
    write(3)
    done = call("seal", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["size"] == 3
    assert segments(log).manifest().size == 3
    assert (publishing.folder(log) / "3.txt").exists()


def test_a_proof_fetched_on_the_command_line_verifies_there_and_a_changed_one_does_not(
    log: Log, tmp_path: Path
) -> None:
    event = write(3)[1]
    call("seal")
    place = publishing.folder(log)
    out = tmp_path / "proof.json"
    assert call("prove", event.id, "--out", out).exit_code == 0
    trust = ("--key", place / "key.txt", "--checkpoint", place / "latest.txt")
    done = call(out, *trust, "--json", of=checker)
    assert (done.exit_code, json.loads(done.stdout)["state"]) == (0, "proven")
    out.write_text(out.read_text().replace("p-7c31", "p-0000"))
    done = call(out, *trust, of=checker)
    assert done.exit_code == 1
    assert "contradicted" in done.stdout or "相互矛盾" in done.stdout
    out.write_text("{")
    assert call(out, *trust, of=checker).exit_code == 2
    assert call(tmp_path / "missing.json", *trust, of=checker).exit_code == 2


def test_an_unsealed_event_verifies_as_promised_with_exit_code_1(log: Log, tmp_path: Path) -> None:
    (event,) = write(1)
    (tmp_path / "promise.json").write_text(call("prove", event.id).stdout, "utf-8")
    (tmp_path / "key.txt").write_text(call("export-key").stdout, "utf-8")
    done = call(tmp_path / "promise.json", "--key", tmp_path / "key.txt", "--json", of=checker)
    assert (done.exit_code, json.loads(done.stdout)["state"]) == (1, "promised")


def test_audit_exits_0_when_all_agrees_and_1_naming_the_case_when_not(log: Log) -> None:
    event = write(3)[1]
    call("seal")
    assert call("audit").exit_code == 0
    with behind_the_back():
        run("UPDATE ledger_event SET actor = 'p-0000' WHERE id = %s", event.id)
    done = call("audit", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["count"] == 1
    assert (told["findings"][0]["what"], told["findings"][0]["object_id"]) == ("event_changed", event.id)
    assert told["findings"][0]["related"] == [["case", "M26-00001"]]
    shown = call("audit")
    assert shown.exit_code == 1
    assert "M26-00001" in shown.stdout


def test_verify_checks_the_whole_log_against_a_trusted_checkpoint(log: Log, tmp_path: Path) -> None:
    event = write(5)[2]
    call("seal")
    place = publishing.folder(log)
    trust = ("--key", place / "key.txt", "--checkpoint", place / "5.txt")
    assert call("verify", *trust).exit_code == 0
    with behind_the_back():
        run("UPDATE ledger_event SET actor = 'p-0000' WHERE id = %s", event.id)
    done = call("verify", *trust, "--json")
    assert done.exit_code == 1
    assert [one["what"] for one in json.loads(done.stdout)["findings"]] == ["event_changed"]


def test_what_cannot_be_answered_says_so_in_the_chosen_language(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    for language, words in (("zh", "没有这个事件"), ("en", "there is no such event")):
        monkeypatch.setenv("ZHENGTONG_LANGUAGE", language)
        done = call("prove", "0" * 32)
        assert done.exit_code == 1
        assert words in done.output


@pytest.mark.parametrize("name", ["seal", "prove", "verify", "audit", "export-key"])
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    done = call(name, "--help")
    assert done.exit_code == 0
    assert f"zhengtong ledger {name}" in done.stdout
