# SPDX-License-Identifier: Apache-2.0
"""The commands `logs` and `mine`, as a person and as a program use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from evaluation import oracle
from evaluation.oracle import Event
from zhengtong.errors import BadInput, Contradicted, NotFound
from zhengtong.evaluation import commands
from zhengtong.evaluation.engine.importing import Imported, import_log

LOG = """case_id,activity,timestamp,case:enddate,case:deadline
c1,受理,2026-01-01T00:00:00Z,2026-01-03T00:00:00Z,2026-01-02T00:00:00Z
c1,办结,2026-01-03T00:00:00Z,2026-01-03T00:00:00Z,2026-01-02T00:00:00Z
c2,受理,2026-01-01T00:00:00Z,,2026-01-02T00:00:00Z
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZHENGTONG_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "log.csv").write_text(LOG, "utf-8")
    return tmp_path


def run(*arguments: str, import_source: commands.ImportSource = import_log) -> str:
    app = typer.Typer()
    app.add_typer(commands.logs_commands(import_source), name="logs")
    app.command("mine")(commands.mine)
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_a_person_imports_lists_and_mines_a_log(state: Path) -> None:
    said = run("logs", "import", str(state / "log.csv"), "--source", "permits")
    assert "imported permits: 3 events, 2 cases, 2 activities" in said
    assert "imported already" in run("logs", "import", str(state / "log.csv"), "--source", "permits")
    assert "permits" in run("logs", "list")
    mined = run("mine", "permits")
    for words in ("3 events, 2 cases, 2 activities, 1 arcs, 2 variants", "受理 → 办结", "2.0 d", "0.00 %"):
        assert words in mined


def test_the_same_in_chinese(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "zh")
    assert "已导入 permits：3 个事件，2 个办件" in run("logs", "import", str(state / "log.csv"), "--source", "permits")
    mined = run("mine", "permits")
    for words in ("流程图", "瓶颈", "逾期", "2.0 天"):
        assert words in mined


def test_a_program_reads_json(state: Path) -> None:
    done = json.loads(run("logs", "import", str(state / "log.csv"), "--source", "permits", "--json"))
    assert (done["fresh"], done["events"]) == (True, 3)
    assert [one["name"] for one in json.loads(run("logs", "list", "--json"))] == ["permits"]
    mined = json.loads(run("mine", "permits", "--json", "--top", "1"))
    assert (mined["arcs"], mined["variants"], mined["finished"], mined["late"]) == (1, 2, 1, {"deadline": 1})
    assert len(mined["top_variants"]["top"]) == 1


def test_mapping_zone_and_replace_reach_the_import(state: Path) -> None:
    (state / "other.csv").write_text("nr;wat;wanneer\n1;a;2026-07-01 00:00\n", "utf-8")
    (state / "m.yaml").write_text("columns: {case: nr, activity: wat, timestamp: wanneer}\n", "utf-8")
    run("logs", "import", str(state / "log.csv"), "--source", "x")
    options = ["--source", "x", "--map", str(state / "m.yaml"), "--zone", "Asia/Shanghai", "--replace", "--json"]
    done = json.loads(run("logs", "import", str(state / "other.csv"), *options))
    assert done["first_us"] == 1_782_835_200_000_000  # 2026-06-30 16:00 UTC
    assert done["replaces"]
    with pytest.raises(BadInput, match="zone"):
        run("logs", "import", str(state / "log.csv"), "--source", "y", "--zone", "Mars")


def test_the_import_goes_through_the_hook_when_there_is_one(state: Path) -> None:
    recorded = []

    def act(*arguments: object, **named: object) -> Imported:
        done = import_log(*arguments, **named)  # type: ignore[arg-type]
        recorded.append(done.source.name)
        return done

    run("logs", "import", str(state / "log.csv"), "--source", "permits", import_source=act)
    assert recorded == ["permits"]


def test_what_is_unusual_is_said(state: Path) -> None:
    log = [Event("c", "a", 2_000_000), Event("c", "b", 1_000_000)]
    (state / "back.csv").write_bytes(oracle.as_csv(log))
    assert "1 events stood out of order" in run("logs", "import", str(state / "back.csv"), "--source", "back")
    assert set(commands.NOTES) >= {"transitions", "rows_skipped", "times_doubled_by_clock_change"}


def test_a_source_changed_behind_our_back_is_not_mined(state: Path) -> None:
    run("logs", "import", str(state / "log.csv"), "--source", "permits")
    events = next((state / "state" / "sources").glob("*/events.parquet"))
    events.write_bytes(events.read_bytes()[:-1] + b"!")
    with pytest.raises(Contradicted, match=r"events\.parquet"):
        run("mine", "permits")


def test_mining_what_is_not_there_says_what_is(state: Path) -> None:
    run("logs", "import", str(state / "log.csv"), "--source", "permits")
    with pytest.raises(NotFound, match="permits"):
        run("mine", "permit")


def test_help_shows_an_example(state: Path) -> None:
    assert "--map vth.yaml" in run("logs", "import", "--help")
