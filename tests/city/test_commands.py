# SPDX-License-Identifier: Apache-2.0
"""`zhengtong check`, `new` and `schema` as a person or a program meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from city.make import edited, write
from zhengtong.city import commands, kinds
from zhengtong.city.ground import register_ground
from zhengtong.city.kinds import Registry
from zhengtong.city.load import check
from zhengtong.city.seeding import published_years
from zhengtong.city.text import Text, language, say
from zhengtong.errors import WrongUse

GROUND_ONLY: dict[str, str | bytes | None] = {"things/birth.yaml": None, "things/death.yaml": None}


@pytest.fixture(autouse=True)
def _ground_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other rooms may have registered kinds in this process; the commands are tried with the ground's."""
    made = Registry()
    register_ground(made)
    monkeypatch.setattr(kinds, "registry", made)
    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "en")


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    commands.add_to(made)
    return made


def run(app: typer.Typer, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_sound_folder_is_counted_by_kind(app: typer.Typer, tmp_path: Path) -> None:
    code, output = run(app, "check", str(write(tmp_path, GROUND_ONLY)))
    assert code == 0
    rows = [line.replace("│", " ").split() for line in output.splitlines()]
    assert ["departments", "3"] in rows
    assert ["data", "elements", "3"] in rows
    assert "holiday notices on file: 2026" in output


def test_a_faulty_folder_is_listed_line_by_line_and_exits_with_1(app: typer.Typer, tmp_path: Path) -> None:
    changes = {**GROUND_ONLY, **edited("standards/elements/person.yaml", "grade: 2", "grade: 7")}
    code, output = run(app, "check", str(write(tmp_path, changes)))
    assert code == 1
    assert "standards/elements/person.yaml:18 [2].grade: the number is too large; found 7; expected ≤ 4" in output


def test_the_language_of_messages_is_the_readers(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "zh")
    changes = {**GROUND_ONLY, "notes.txt": "x"}
    _, output = run(app, "check", str(write(tmp_path, changes)))
    assert "这里不放文件" in output
    assert "1 处错误" in output


def test_programs_get_json_for_both_answers(app: typer.Typer, tmp_path: Path) -> None:
    code, output = run(app, "check", "--json", str(write(tmp_path / "a", GROUND_ONLY)))
    report = json.loads(output)
    assert (code, report["ok"], report["faults"], report["checked"]["department"]) == (0, True, [], 3)
    assert len(report["digest"]) == 64
    code, output = run(app, "check", "--json", str(write(tmp_path / "b", {**GROUND_ONLY, "x.txt": "x"})))
    report = json.loads(output)
    assert (code, report["ok"], report["digest"]) == (1, False, None)
    assert report["faults"][0]["file"] == "x.txt"
    assert report["faults"][0]["line"] == 1
    assert {"zh", "en", "found", "expected", "field"} <= set(report["faults"][0])


def test_a_folder_that_is_none_is_wrong_use(app: typer.Typer, tmp_path: Path) -> None:
    with pytest.raises(WrongUse):
        run(app, "check", str(tmp_path / "nowhere"))


def test_a_new_city_passes_its_own_check_and_has_calendars(app: typer.Typer, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    code, output = run(app, "new", str(folder))
    assert code == 0
    assert "zhengtong check" in output
    assert check(folder) == []
    assert {path.stem for path in (folder / "calendar").iterdir()} == {str(y) for y in published_years()[-3:]}


def test_a_new_city_never_overwrites(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(WrongUse):
        run(app, "new", str(tmp_path))
    with pytest.raises(WrongUse):
        run(app, "new", str(tmp_path / "mine.txt"))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert run(app, "new", str(tmp_path / "empty"))[0] == 0


def test_the_schema_describes_whole_files_with_their_references(app: typer.Typer) -> None:
    schema = json.loads(run(app, "schema", "department")[1])
    assert schema["type"] == "array"
    parent = schema["items"]["properties"]["parent"]["anyOf"][0]
    assert parent["x-reference"] == "department"
    assert schema["items"]["additionalProperties"] is False
    one = json.loads(run(app, "schema", "city")[1])
    assert "hours" in one["required"]


def test_the_schema_lists_kinds_and_refuses_unknown_ones(app: typer.Typer) -> None:
    _, output = run(app, "schema")
    for kind in kinds.registry.kinds:
        assert kind in output
    with pytest.raises(WrongUse) as error:
        run(app, "schema", "departmnt")
    assert "department" in str(error.value.expected)


@pytest.mark.parametrize("command", ["check", "new", "schema"])
def test_help_shows_an_example(app: typer.Typer, command: str) -> None:
    code, output = run(app, command, "--help")
    assert code == 0
    assert f"zhengtong {command}" in output


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "zh"), ("zh", "zh"), ("en", "en"), ("EN_US.utf8", "en"), ("fr", "zh")]
)
def test_messages_are_chinese_unless_english_is_asked_for(
    value: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZHENGTONG_LANGUAGE")
    if value is not None:
        monkeypatch.setenv("ZHENGTONG_LANGUAGE", value)
    assert language() == expected
    assert say("中", "en") == {"zh": "中", "en": "en"}[expected]


def test_text_is_said_in_the_readers_language() -> None:
    text = Text(zh="中", en="E")
    assert [text.say(lang) for lang in ("zh", "zh-hans", "en", "fr")] == ["中", "中", "E", "E"]
