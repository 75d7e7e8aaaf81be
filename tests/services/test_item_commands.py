# SPDX-License-Identifier: Apache-2.0
"""`zhengtong items` as the data bureau uses it: import, list, compare, report, conform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from typer.testing import CliRunner

from services.item_factory import COLUMNS, items, write_csv, write_map
from zhengtong.errors import BadInput
from zhengtong.services.item_commands import app

pytestmark = pytest.mark.django_db
AT = {name: n for n, name in enumerate(COLUMNS)}
FOOD = "11999900MB0000059H3990100502001"


@pytest.fixture(autouse=True)
def folder(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "en")
    monkeypatch.setenv("ZHENGTONG_CITY", str(settings.ZHENGTONG_CITY))
    monkeypatch.setenv("COLUMNS", "160")
    write_map(tmp_path / "map.yaml")
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def taken(folder: Path, rows: list[list[str]]) -> dict[str, Any]:
    file = write_csv(folder / "list.csv", rows)
    return dict(
        json.loads(run("import", str(file), "--source", "province", "--map", str(folder / "map.yaml"), "--json"))
    )


def test_a_list_is_imported_listed_compared_and_reported(folder: Path) -> None:
    rows = list(items(4))
    before = taken(folder, rows)["hash"]
    rows[0][AT["承诺办结时限"]], rows[1][AT["实施编码"]] = "77", FOOD
    after = taken(folder, rows[:3])["hash"]
    assert {one["hash"] for one in json.loads(run("list", "--json"))} == {before, after}
    assert before[:12] in run("list")
    found = json.loads(run("diff", before[:10], after[:10], "--json"))
    assert (found["added"], found["removed"]) == ([], [["ID00000003", "事项3"]])
    assert {(c["key"], c["field"]) for c in found["changed"]} == {
        ("ID00000000", "promised_days"), ("ID00000001", "task_code"),
    }  # fmt: skip
    told = run("diff", before, after)
    assert "0 added, 1 removed, 2 changed (2 fields)" in told and "promised limit" in told
    report = json.loads(run("report", after, "--json"))
    linked = {one["service"]: one for one in report["services"]}
    assert linked["food-licence"]["found"] and not linked["fire-check"]["found"]
    assert "food-licence: list → city" in run("report", after)


def test_faults_are_told_with_their_rows(folder: Path) -> None:
    rows = list(items(2))
    rows[1][AT["承诺办结时限"]] = "五天"
    file = write_csv(folder / "list.csv", rows)
    told = run("import", str(file), "--source", "province", "--map", str(folder / "map.yaml"))
    assert "2 items, 1 faults, 0 rows left out" in told
    assert "row 3 承诺办结时限: a whole number is expected; found 五天" in told


def test_the_citys_own_services_and_a_list_are_held_to_the_rules(folder: Path) -> None:
    own = json.loads(run("conform", "--json", code=1))  # four services are under a regime without a limit
    assert {"rule", "department", "passed", "failed", "not_judged", "failing", "rate", "severity"} == set(own[0])
    rows = list(items(30))
    for row in rows:
        row[AT["法定办结时限"]] = ""
    snapshot = taken(folder, rows)["hash"]
    told = run("conform", snapshot, code=1)
    assert "The statutory limit is given" in told and "0.0%" in told
    judged = json.loads(run("conform", snapshot, "--json", code=1))
    assert sum(one["failed"] for one in judged if one["rule"] == "statutory-present") == 30


def test_what_cannot_be_imported_is_told_and_leaves_nothing(folder: Path) -> None:
    for file in (folder / "absent.csv", folder / "map.yaml"):
        with pytest.raises(BadInput):
            run("import", str(file), "--source", "province", "--map", str(folder / "map.yaml"))
    assert json.loads(run("list", "--json")) == []


def test_a_code_is_decoded_for_people_and_programs() -> None:
    assert "Administrative licence" in run("decode", FOOD)
    found = json.loads(run("decode", FOOD + "202611230001", "--json"))
    assert found["date"]["value"] == "2026-11-23"
    with pytest.raises(BadInput, match="wrong length"):
        run("decode", "12")
