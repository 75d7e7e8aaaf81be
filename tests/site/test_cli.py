# SPDX-License-Identifier: Apache-2.0
"""The command line as a person meets it: exit 0 done, 1 the answer is no, 2 wrong use; never a trace; two languages."""

from __future__ import annotations

import gzip
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from site_shell import CITY, Shell

ROOT = Path(__file__).resolve().parents[2]
LOG = "case_id,activity,timestamp\nc1,a,2026-01-01T00:00:00Z\nc1,b,2026-01-02T00:00:00Z\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A state in which a demo of three cases has been played and an empty record sealed."""
    shell = Shell(tmp_path_factory.mktemp("lived"))
    said = shell("demo", "--cases", "3", "--story", "1")
    assert said.code == 0, said.err
    assert "Demo: 3 cases" in said.err
    return shell


def rows(shell: Shell, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(shell.folder / "state/zhengtong.sqlite3")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


# --- help ---------------------------------------------------------------------------------------------------------

HELPS = """
import json, typer
from typer.core import TyperGroup
from click.testing import CliRunner
from zhengtong import cli
cli._add_rooms()
whole = typer.main.get_command(cli.app)
def walk(group, words):
    for name, one in group.commands.items():
        if isinstance(one, TyperGroup):
            yield from walk(one, [*words, name])
        else:
            yield [*words, name]
told = {" ".join(w): CliRunner().invoke(whole, [*w, "--help"]).output for w in [[], *walk(whole, [])]}
print(json.dumps(told, ensure_ascii=False))
"""


@pytest.mark.parametrize(("language", "example"), [("zh", "例"), ("en", "Example")])
def test_every_command_shows_an_example_in_the_readers_language(language: str, example: str, shell: Shell) -> None:
    told: dict[str, str] = shell(code=HELPS, language=language).json()
    assert {"", "check", "new", "demo", "ledger audit", "logs import", "mine"} <= told.keys()
    for name, text in told.items():
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in text.split("Options")[0])
        assert chinese == (language == "zh"), f"{name or 'zhengtong'} --help is not in {language}"
        if name:
            assert example in text, f"{name} --help shows no example"
            shown = re.search(rf"zhengtong (--\S+ \S+ )*{name}\b", " ".join(text.split()))
            assert shown, f"{name}: the example is of another command"


# --- check, new, schema -------------------------------------------------------------------------------------------


def test_a_new_city_passes_the_check_and_is_never_overwritten(shell: Shell) -> None:
    assert shell("new", "ours", city=None).code == 0
    assert shell("check", "ours", city=None).code == 0
    again = shell("new", "ours", city=None, language="zh")
    assert again.code == 2
    assert "没有写入任何文件" in again.err


def test_a_sound_city_is_counted_and_a_faulty_one_named_line_by_line(shell: Shell) -> None:
    assert shell("check").code == 0
    copy = Path(shutil.copytree(CITY, shell.folder / "city"))
    event, service = copy / "life-events/newborn.yaml", copy / "services/resident-insurance.yaml"
    event.write_text(event.read_text("utf-8").replace("parents == 'unmarried'", "parents == 'single'"), "utf-8")
    service.write_text(service.read_text("utf-8").replace("promised: {days: 5", "promised: {days: 50"), "utf-8")
    for language, words in (("en", "longer than the statutory one"), ("zh", "承诺时限长于法定时限")):
        said = shell("check", str(copy), language=language)
        assert said.code == 1
        assert "life-events/newborn.yaml:30" in said.out
        assert "services/resident-insurance.yaml:12" in said.out
        assert words in said.out
    told = shell("check", str(copy), "--json")
    assert told.code == 1
    assert {(one["file"], one["line"]) for one in told.json()["faults"]} == {
        ("life-events/newborn.yaml", 30),
        ("services/resident-insurance.yaml", 12),
    }


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (("check", "nowhere"), "城市目录不存在", "the city folder does not exist"),
        (("check",), "没有说明城市目录", "no city folder given"),
        (("schema", "moon"), "没有这个类别", "there is no such kind"),
    ],
)
def test_wrong_use_is_told_in_either_language_and_exits_with_2(
    arguments: tuple[str, ...], zh: str, en: str, shell: Shell
) -> None:
    for language, words in (("zh", zh), ("en", en)):
        said = shell(*arguments, city=None, language=language)
        assert (said.code, said.out) == (2, "")
        assert words in said.err


def test_the_schema_of_a_kind_is_json_schema(shell: Shell) -> None:
    schema = shell("schema", "service").json()
    assert schema["$schema"].endswith("2020-12/schema")
    assert {"key", "department", "elements"} <= set(schema["required"])


@pytest.mark.parametrize("arguments", [("fly",), ("check", "--fast"), ("demo", "--cases", "0"), ("mine",)])
def test_what_no_command_takes_exits_with_2(arguments: tuple[str, ...], shell: Shell) -> None:
    assert shell(*arguments).code == 2


# --- demo and ledger ----------------------------------------------------------------------------------------------


def test_the_demo_is_recorded_sealed_and_clean(lived: Shell) -> None:
    assert rows(lived, "SELECT count(*), min(demo) FROM services_case") == [(3, 1)]
    told = lived("ledger", "audit", "--json")
    assert told.code == 0
    report = told.json()
    assert report["findings"] == []
    assert report["leaves"] == rows(lived, "SELECT count(*) FROM ledger_event")[0][0] > 30


def test_one_row_changed_behind_the_back_and_the_audit_names_its_case(lived: Shell) -> None:
    copy = Shell(Path(shutil.copytree(lived.folder, lived.folder.with_name("changed"))))
    connection = sqlite3.connect(copy.folder / "state/zhengtong.sqlite3")
    (step,) = connection.execute("SELECT reference FROM services_step ORDER BY id LIMIT 1").fetchone()
    number = step.partition(".")[0]
    connection.execute("UPDATE services_step SET state = 'granted' || state WHERE reference LIKE ?", (f"{number}.%",))
    connection.commit()
    connection.close()
    for language in ("zh", "en"):
        said = copy("ledger", "audit", language=language)
        assert said.code == 1
        assert step in said.all


def test_an_event_is_proven_and_one_that_is_not_there_is_not(lived: Shell) -> None:
    (event,) = rows(lived, "SELECT id FROM ledger_event ORDER BY id LIMIT 1")[0]
    proof = lived("ledger", "prove", event)
    assert proof.code == 0
    assert event in proof.out
    assert {"proof", "checkpoint"} & proof.json().keys()
    unknown = lived("ledger", "prove", "0" * 32)
    assert unknown.code == 1
    assert unknown.err.strip()


def test_a_demo_without_a_city_says_so(shell: Shell) -> None:
    said = shell("demo", "--cases", "1", city=shell.folder)
    assert said.code == 1
    assert "city.yaml" in said.err


# --- logs and mine ------------------------------------------------------------------------------------------------


def events_of_sources(shell: Shell) -> int:
    return int(rows(shell, "SELECT count(*) FROM ledger_event WHERE type = 'source_imported'")[0][0])


def test_a_log_is_imported_recorded_once_and_mined(shell: Shell) -> None:
    (shell.folder / "log.csv").write_text(LOG, "utf-8")
    for language, words in (("en", "imported x: 2 events"), ("zh", "早已导入")):
        said = shell("logs", "import", "log.csv", "--source", "x", language=language)
        assert said.code == 0
        assert words in said.out
    assert events_of_sources(shell) == 1
    mined = shell("mine", "x", "--json")
    assert (mined.code, mined.json()["arcs"]) == (0, 1)
    other = shell("mine", "y")
    assert other.code == 1
    assert "x" in other.err


@pytest.mark.parametrize("language", ["zh", "en"])
def test_bad_logs_are_refused_and_leave_nothing(language: str, shell: Shell) -> None:
    (shell.folder / "log.csv").write_text("case_id,activity,timestamp\nc1,a,yesterday\n", "utf-8")
    (shell.folder / "cut.xes.gz").write_bytes(gzip.compress(b"<log><trace>")[:-6])
    for file in ("log.csv", "cut.xes.gz", "nowhere.csv"):
        said = shell("logs", "import", file, "--source", "x", language=language)
        assert said.code == 2, file
        assert said.err.strip()
    assert shell("logs", "list", "--json").json() == []
    assert events_of_sources(shell) == 0


@pytest.mark.parametrize("kind", ["csv", "xes"])
def test_a_real_permit_log_gives_its_known_numbers(kind: str, shell: Shell, shared: Path) -> None:
    """CoSeLoG's receipt phase; the answers stand in the data folder's README."""
    said = shell("logs", "import", str(shared / f"permits/receipt.{kind}.gz"), "--source", "permits")
    assert said.code == 0, said.err
    mined = shell("mine", "permits", "--json").json()
    assert (mined["events"], mined["cases"]) == (8577, 1434)
    assert (mined["arcs"], mined["variants"]) == (99, 116)
    assert (mined["finished"], mined["late"]["deadline"]) == (1329, 309)
    assert events_of_sources(shell) == 1
