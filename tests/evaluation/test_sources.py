# SPDX-License-Identifier: Apache-2.0
"""The shelf of sources: all or nothing, once, never changed, and safe from killed and competing imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evaluation import oracle
from evaluation.oracle import Event
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.evaluation.definition import parse_mapping
from zhengtong.evaluation.engine import importing, sources
from zhengtong.evaluation.engine.importing import import_log

ONE = oracle.as_csv([Event("c", "a", 1), Event("c", "b", 2)])
OTHER = oracle.as_csv([Event("c", "a", 1), Event("c", "z", 2)])


def put(folder: Path, data: bytes, name: str = "log.csv") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def test_the_same_file_and_mapping_under_the_same_name_is_recognised(tmp_path: Path) -> None:
    first = import_log(put(tmp_path, ONE), "log", tmp_path, now_us=1)
    again = import_log(put(tmp_path, ONE, "renamed.csv"), "log", tmp_path, now_us=2)
    assert (first.fresh, again.fresh) == (True, False)
    assert again.source.about == first.source.about
    assert len(sources.list_sources(tmp_path)) == 1


@pytest.mark.parametrize(("data", "mapping"), [(OTHER, "{}"), (ONE, "zone: UTC")])
def test_another_file_or_mapping_under_the_name_needs_to_replace_it(tmp_path: Path, data: bytes, mapping: str) -> None:
    first = import_log(put(tmp_path, ONE), "log", tmp_path, now_us=1).source
    mapped = parse_mapping(mapping, "m")
    with pytest.raises(Conflict, match="another log"):
        import_log(put(tmp_path, data), "log", tmp_path, now_us=2, mapping=mapped)
    second = import_log(put(tmp_path, data), "log", tmp_path, now_us=2, mapping=mapped, replace=True).source
    assert second.about["replaces"] == first.id != second.id
    assert [source.id for source in sources.list_sources(tmp_path)] == [second.id]
    assert not first.changed()  # whoever holds the old hashes can still check them


def test_a_log_may_be_replaced_back_and_forth(tmp_path: Path) -> None:
    ids = [
        import_log(put(tmp_path, data), "log", tmp_path, now_us=1, replace=True).source.id
        for data in (ONE, OTHER, ONE, OTHER)
    ]
    assert len(set(ids)) == 4
    assert sources.get_source(tmp_path, "log").id == ids[-1]


def test_names_may_be_chinese_and_stand_side_by_side(tmp_path: Path) -> None:
    for name in ("许可", "permits-2026.v1"):
        import_log(put(tmp_path, ONE), name, tmp_path, now_us=1)
    assert [source.name for source in sources.list_sources(tmp_path)] == ["permits-2026.v1", "许可"]
    with pytest.raises(NotFound, match=r"permits-2026\.v1, 许可"):
        sources.get_source(tmp_path, "none")


def test_the_source_says_what_it_was_made_of(tmp_path: Path) -> None:
    file = put(tmp_path, oracle.zipped(ONE), "log.csv.gz")
    source = import_log(file, "log", tmp_path, now_us=77).source
    about = json.loads((source.folder / "source.json").read_text("utf-8"))
    assert about["file"]["sha256"] == sources.file_sha256(file)
    assert about["file"]["bytes"] == file.stat().st_size
    assert about["output"]["events.parquet"]["sha256"] == sources.file_sha256(source.events)
    assert about["output"]["cases.parquet"]["sha256"] == sources.file_sha256(source.cases)
    assert (about["imported_us"], about["events"], about["cases"]) == (77, 2, 1)
    assert sorted(path.name for path in source.folder.iterdir()) == ["cases.parquet", "events.parquet", "source.json"]


def test_the_same_log_gives_the_same_bytes(tmp_path: Path) -> None:
    outputs = [
        import_log(put(tmp_path, ONE), "log", tmp_path / state, now_us=now).source.about["output"]
        for state, now in (("a", 1), ("b", 2))
    ]
    assert outputs[0] == outputs[1]


def test_a_changed_source_is_noticed(tmp_path: Path) -> None:
    source = import_log(put(tmp_path, ONE), "log", tmp_path, now_us=1).source
    assert source.changed() == []
    source.events.write_bytes(source.events.read_bytes() + b"x")
    source.cases.unlink()
    assert sorted(source.changed()) == ["cases.parquet", "events.parquet"]


def test_an_import_that_dies_on_any_step_leaves_the_old_source_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = import_log(put(tmp_path, ONE), "log", tmp_path, now_us=1).source

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    for module, step in (
        (importing.normalise, "create_parsed"),
        (importing.normalise, "write_output"),
        (importing.sources, "commit"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, step, fail)
            with pytest.raises(OSError, match="disk is full"):
                import_log(put(tmp_path, OTHER), "log", tmp_path, now_us=2, replace=True)
    assert [path.name for path in (tmp_path / "sources").iterdir()] == [old.id]
    assert sources.get_source(tmp_path, "log").id == old.id


def test_a_file_that_changes_while_it_is_read_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(tmp_path, ONE)
    known = importing.opening.file_sha256

    def then_change(path: Path) -> str:
        digest = known(path)
        file.write_bytes(OTHER)
        return digest

    monkeypatch.setattr(importing.opening, "file_sha256", then_change)
    with pytest.raises(Conflict, match="changed while"):
        import_log(file, "log", tmp_path, now_us=1)
    assert sources.list_sources(tmp_path) == []


HANG = """
import sys, time
from pathlib import Path
from zhengtong.evaluation.engine import importing
def hang(*_, **__):
    print("staged", flush=True)
    time.sleep(600)
importing.normalise.write_output = hang
importing.import_log(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), now_us=1)
"""


def hanging(file: Path, name: str, state: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(oracle.REPOSITORY / "src")}
    command = [sys.executable, "-c", HANG, str(file), name, str(state)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "staged\n"
    return process


def test_a_killed_import_leaves_no_source_and_the_next_one_sweeps_after_it(tmp_path: Path) -> None:
    dead = hanging(put(tmp_path, ONE), "dead", tmp_path)
    alive = hanging(put(tmp_path, ONE), "alive", tmp_path)
    try:
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert sources.list_sources(tmp_path) == []
        assert len(list((tmp_path / "sources").iterdir())) == 2
        source = import_log(put(tmp_path, OTHER), "log", tmp_path, now_us=1).source
        left = {path.name for path in (tmp_path / "sources").iterdir()}
        assert source.id in left
        assert len(left) == 2  # the living import keeps its folder
    finally:
        alive.kill()
        alive.wait()
    with pytest.raises(BadInput):
        import_log(put(tmp_path, b"x"), "bad", tmp_path, now_us=1)
    assert [path.name for path in (tmp_path / "sources").iterdir()] == [source.id]


RACE = """
import sys, time
from pathlib import Path
from zhengtong.errors import Conflict
from zhengtong.evaluation.engine.importing import import_log
try:
    print(import_log(Path(sys.argv[1]), "log", Path(sys.argv[2]), now_us=1).fresh)
except Conflict:
    print("conflict")
"""


def test_of_two_imports_under_one_name_only_one_wins(tmp_path: Path) -> None:
    files = [put(tmp_path, data, f"{n}.csv") for n, data in enumerate((ONE, OTHER))]
    environment = {**os.environ, "PYTHONPATH": str(oracle.REPOSITORY / "src")}
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(file), str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
        )
        for file in files
    ]
    assert sorted(process.communicate()[0].strip() for process in racing) == ["True", "conflict"]
    assert len(sources.list_sources(tmp_path)) == 1


def test_waiting_for_the_shelf_ends_when_its_holder_does(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    code = (
        "import sys, time; from pathlib import Path; from zhengtong.evaluation.engine.sources import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(oracle.REPOSITORY / "src")}
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "sources")], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    time.sleep(0)
    assert import_log(put(tmp_path, ONE), "log", tmp_path, now_us=1).fresh
