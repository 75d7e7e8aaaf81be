# SPDX-License-Identifier: Apache-2.0
"""A city as loaded: lookups, versions, robustness against any bytes, room for upper rooms' kinds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import FrozenInstanceError, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from city.make import BIRTH_FIRST, FILES, Thing, edited, registry, write
from zhengtong.city.definition import CodeList, Department, Element
from zhengtong.city.ground import register_ground
from zhengtong.city.kinds import Kind, Reference, Registry
from zhengtong.city.load import City, check, find_city, load
from zhengtong.city.text import Text
from zhengtong.city.versions import components, versions
from zhengtong.errors import CityFaults, Fault, NotFound, WrongUse, ZhengtongError

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "city"
GROUND = ("city.yaml", "calendar", "organization/departments.yaml", "organization/roles.yaml", "standards/elements")


@pytest.fixture
def city(tmp_path: Path) -> City:
    return load(write(tmp_path), registry())


def test_objects_are_found_by_kind_or_model_and_key(city: City) -> None:
    assert city.get("department", "police").name.zh == "公安局"
    assert city.get(Department, "police").parent == "government"
    assert [d.key for d in city.all(Department)] == ["government", "police", "health"]
    assert city.keys("role") == ("clerk",)
    assert city.has("code-list", "sex")
    assert not city.has("code-list", "gender")
    assert city.get(CodeList, "sex").names()["1"].en == "Male"
    assert city.meta.name.say("en") == "Testing"


def test_what_is_not_there_is_not_found_and_what_is_no_kind_is_wrong_use(city: City) -> None:
    with pytest.raises(NotFound) as error:
        city.get(Department, "nobody")
    assert error.value.found == "nobody"
    with pytest.raises(WrongUse):
        city.get("departmnt", "police")
    with pytest.raises(WrongUse):
        city.all(Text)


def test_a_city_cannot_be_changed(city: City) -> None:
    with pytest.raises(FrozenInstanceError):
        city.meta = None  # type: ignore[misc, assignment]
    with pytest.raises(TypeError):
        city.items["department"]["new"] = None  # type: ignore[index]
    with pytest.raises(ValidationError):
        city.get(Department, "police").parent = None


def test_an_object_knows_its_file_and_lines(city: City) -> None:
    item = city.item("department", "health")
    assert (item.file, item.line()) == ("organization/departments.yaml", 6)
    assert item.line(("contact", "phone")) == 10
    assert item.line(("contact", "address")) == 9  # absent: the nearest part above it
    fault = city.fault("thing", "birth", ("steps", 1, "limits", "health"), "错", "wrong", found="3")
    assert fault == Fault("things/birth.yaml", 11, "steps[1].limits.health", "错", "wrong", "3")


def test_the_calendar_comes_with_the_city(city: City) -> None:
    assert not city.calendar.is_working_day(date(2026, 10, 1))
    assert city.calendar.is_working_day(date(2026, 10, 10))
    assert city.calendar.provisional(date(2027, 1, 1))
    assert str(city.calendar.zone) == "Asia/Shanghai"
    assert set(city.calendar.hours) == {0, 4}


# --- versions -----------------------------------------------------------------------------------------------


def versions_of(folder: Path) -> dict[tuple[str, str], str]:
    city = load(folder, registry())
    return {(kind, key): city.version(kind, key) for kind, of in city.items.items() for key in of}


def changed(tmp_path: Path, changes: dict[str, str | bytes | None]) -> set[tuple[str, str]]:
    before = versions_of(write(tmp_path / "before"))
    after = versions_of(write(tmp_path / "after", changes))
    return {node for node in before if before[node] != after.get(node)}


def test_a_changed_code_list_changes_all_that_rests_on_it_and_nothing_else(tmp_path: Path) -> None:
    assert changed(tmp_path, edited("standards/code-lists/sex.yaml", "zh: 男", "zh: 男性")) == {
        ("code-list", "sex"),
        ("element", "child_sex"),
        ("thing", "birth"),
    }


def test_a_changed_department_changes_those_below_it_and_what_they_do(tmp_path: Path) -> None:
    assert changed(tmp_path, edited("organization/departments.yaml", '"110"', '"120"')) == {
        ("department", "health"),
        ("thing", "birth"),
        ("thing", "death"),
    }


@pytest.mark.parametrize(
    "changes",
    [
        edited("organization/roles.yaml", "- key", "# a comment\n\n- key"),
        {"organization/roles.yaml": "- name: {en: Clerk, zh: 窗口}\n  key: clerk\n"},
        {"organization/roles.yaml": "- {key: clerk, name: {zh: 窗口, en: Clerk}, description: null}\n"},
        {"standards/elements/person.yaml": None, "standards/elements.yaml": FILES["standards/elements/person.yaml"]},
    ],
)
def test_comments_order_defaults_and_file_names_change_no_version(
    tmp_path: Path, changes: dict[str, str | bytes | None]
) -> None:
    assert changed(tmp_path, changes) == set()
    before, after = load(tmp_path / "before", registry()), load(tmp_path / "after", registry())
    assert before.digest == after.digest


def test_the_digest_tells_two_cities_apart(tmp_path: Path) -> None:
    one = load(write(tmp_path / "a"), registry())
    other = load(write(tmp_path / "b", edited("city.yaml", "en: Testing", "en: Tested")), registry())
    assert one.digest != other.digest


class Node(BaseModel):
    name: str


graphs = st.integers(1, 8).flatmap(
    lambda n: st.dictionaries(
        st.integers(0, n - 1), st.lists(st.integers(0, n - 1), max_size=4), min_size=n, max_size=n
    )
)


def reach(edges: dict[int, list[int]], start: int) -> set[int]:
    seen, pending = {start}, [start]
    while pending:
        for to in edges[pending.pop()]:
            if to not in seen:
                seen.add(to)
                pending.append(to)
    return seen


@settings(deadline=None)
@given(graph=graphs, change=st.integers(0, 7))
def test_a_change_changes_exactly_the_versions_of_all_from_which_it_can_be_reached(
    graph: dict[int, list[int]], change: int
) -> None:
    change %= len(graph)
    edges = {("k", str(n)): [("k", str(to)) for to in tos] for n, tos in graph.items()}
    objects = {node: Node(name=node[1]) for node in edges}
    before = versions(objects, edges)
    after = versions({**objects, ("k", str(change)): Node(name="other")}, edges)
    assert {n for n in graph if before["k", str(n)] != after["k", str(n)]} == {
        n for n in graph if change in reach(graph, n)
    }
    assert len(set(before.values())) == len(before)


@given(graph=graphs)
def test_components_are_the_sets_that_reach_each_other_lowest_first(graph: dict[int, list[int]]) -> None:
    found = components({("k", str(n)): [("k", str(to)) for to in tos] for n, tos in graph.items()})
    as_sets = [{int(key) for _, key in ring} for ring in found]
    assert sorted(n for ring in as_sets for n in ring) == sorted(graph)
    done: set[int] = set()
    for ring in as_sets:
        for n in ring:
            assert {m for m in graph if m in reach(graph, n) and n in reach(graph, m)} == ring
            assert reach(graph, n) <= done | ring
        done |= ring


def test_a_long_chain_of_references_does_not_exhaust_the_stack() -> None:
    edges = {("k", f"{i:05d}"): [("k", f"{i + 1:05d}")] for i in range(5000)}
    edges["k", "05000"] = []
    hashes = versions({node: Node(name=node[1]) for node in edges}, edges)
    assert len(set(hashes.values())) == 5001


# --- any bytes ----------------------------------------------------------------------------------------------

yaml_like = st.text(alphabet="abk: -[]{}\"'\n#&*!|>?,%@`\\x0é中\t<1.~=", max_size=200)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    file=st.sampled_from(sorted(FILES)),
    contents=st.one_of(st.binary(max_size=200), yaml_like.map(str.encode)),
    keep=st.integers(0, 400),
)
def test_no_bytes_make_the_loader_fail_in_any_other_way(file: str, contents: bytes, keep: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {file: FILES[file].encode()[:keep] + contents})
        try:
            load(folder, registry())
        except ZhengtongError as error:
            assert isinstance(error, CityFaults)
            for fault in error.faults:
                lines = (Path(folder) / fault.file).read_bytes().count(b"\n") + 1
                assert 1 <= fault.line <= lines
                assert fault.zh
                assert fault.en


def test_bombs_of_aliases_and_depth_end_quickly_and_by_name(tmp_path: Path) -> None:
    rows = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"{b}: &{b} [{', '.join(['*' + a] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    folder = write(tmp_path, {"things/death.yaml": "\n".join(rows)})
    (fault,) = check(folder, registry())
    assert "too many parts" in fault.en
    chain = "a: &a " + "[" * 30 + "]" * 30 + "\nb: " + "[" * 30 + "*a" + "]" * 30
    (fault,) = check(write(tmp_path, {"things/death.yaml": chain}), registry())
    assert "too deeply nested" in fault.en


def test_a_modest_alias_is_written_out(tmp_path: Path) -> None:
    text = "- key: government\n  name: &n {zh: 政府, en: Government}\n  short: *n\n"
    changes = edited(
        "organization/departments.yaml", FILES["organization/departments.yaml"].split("- key: police")[0], text
    )
    city = load(write(tmp_path, changes), registry())
    assert city.get(Department, "government").short == Text(zh="政府", en="Government")


# --- what upper rooms rely on -------------------------------------------------------------------------------


def test_a_kinds_own_variables_are_the_names_its_conditions_may_use(tmp_path: Path) -> None:
    made = registry()
    made.kinds["thing"] = replace(made.kinds["thing"], variables=lambda _city, _thing: {"household_size": "int"})
    faults = check(write(tmp_path), made)
    assert {(f.line, f.found) for f in faults} == {(7, "child_sex"), (13, "birth_date")}


def test_a_kinds_check_sees_only_objects_that_rest_on_sound_ones(tmp_path: Path) -> None:
    seen: list[str] = []

    def look(city: City, thing: Thing) -> Iterable[Fault]:
        seen.append(thing.key)
        city.get(Department, thing.department)
        yield city.fault("thing", thing.key, ("department",), "不行", "not so")

    made = registry()
    made.kinds["thing"] = replace(made.kinds["thing"], check=look)
    faults = check(write(tmp_path, edited("organization/departments.yaml", 'phone: "110"', "phone: 110")), made)
    assert seen == []  # both rest on the department that is faulty, birth also through death
    assert [f.file for f in faults] == ["organization/departments.yaml"]
    faults = check(write(tmp_path), made)
    assert sorted(seen) == ["birth", "death"]
    assert {(f.file, f.line) for f in faults} == {("things/birth.yaml", BIRTH_FIRST), ("things/death.yaml", 2)}


def test_a_check_of_the_city_may_miss_what_is_faulty_but_nothing_else(tmp_path: Path) -> None:
    def look(city: City) -> Iterable[Fault]:
        yield Fault("things/birth.yaml", 1, "", "甲", "first")
        city.get("thing", "death")
        yield Fault("things/birth.yaml", 1, "", "乙", "second")

    made = registry()
    made.register_check(look)
    made.register_check(look)  # again, without effect
    assert [f.en for f in check(write(tmp_path), made)] == ["second", "first"]
    broken = check(write(tmp_path, edited("things/death.yaml", "fields: []", "fields: 3")), made)
    assert [f.en for f in broken if f.file == "things/birth.yaml"] == ["first"]
    made.register_check(lambda city: [city.fault("thing", "nobody", (), "无", "none")])
    with pytest.raises(NotFound):
        check(write(tmp_path), made)


def test_files_of_rooms_that_are_no_definitions_are_left_to_them(tmp_path: Path) -> None:
    made = registry()
    folder = write(tmp_path, {"notices/accept.typ": "= x", "notices/accept.txt": "x"})
    assert [f.file for f in check(folder, made)] == ["notices/accept.txt", "notices/accept.typ"]
    made.register_files("notices", ".typ")
    assert [f.file for f in check(folder, made)] == ["notices/accept.txt"]


def test_a_kind_cannot_be_registered_twice_but_for_the_same() -> None:
    made = Registry()
    register_ground(made)
    register_ground(made)
    with pytest.raises(WrongUse):
        made.register(Kind("department", "elsewhere", Thing, Text(zh="甲", en="a")))
    with pytest.raises(WrongUse):
        made.register(Kind("other", "organization/departments", Thing, Text(zh="甲", en="a")))


def test_a_reference_to_a_kind_nobody_registered_is_an_error_of_the_program(tmp_path: Path) -> None:
    made = registry()
    del made.kinds["department"]
    with pytest.raises(WrongUse):
        check(write(tmp_path), made)
    assert Reference("department").kind == "department"


# --- the demo city ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> City:
    """The ground's own files of the demo city, without those of upper rooms."""
    folder = tmp_path_factory.mktemp("city")
    for name in (*GROUND, "standards/code-lists"):
        source, target = EXAMPLE / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    made = Registry()
    register_ground(made)
    return load(folder, made)


def test_the_demo_city_is_sound_and_says_that_it_is_a_demo(example: City) -> None:
    assert example.meta.demo
    assert "演示" in example.meta.name.zh
    departments = [
        "police",
        "health",
        "insurance",
        "hr",
        "cdc",
        "data",
        "office",
        "service-hall",
        "market",
        "fire",
        "urban",
    ]
    assert set(departments) <= set(example.keys(Department))
    roles = ("resident", "clerk", "officer", "data_bureau", "government_office", "leader", "auditor", "head", "hotline")
    assert example.keys("role") == roles


def test_the_demo_citys_calendars_are_those_of_the_notices(example: City) -> None:
    from zhengtong.city.seeding import calendar_file

    for year in example.keys("calendar"):
        held = (EXAMPLE / "calendar" / f"{year}.yaml").read_text(encoding="utf-8")
        assert held == f"# SPDX-License-Identifier: Apache-2.0\n{calendar_file(int(year))}"


def test_personal_elements_of_the_demo_city_are_graded_as_such(example: City) -> None:
    for element in example.all(Element):
        if element.type in ("id_card", "mobile"):
            assert element.personal
            assert element.grade >= 3


# --- where the city is --------------------------------------------------------------------------------------


def test_the_city_is_named_or_set_or_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHENGTONG_CITY", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongUse):
        find_city()
    write(tmp_path / "a")
    write(tmp_path / "b")
    assert find_city(tmp_path / "a") == tmp_path / "a"
    monkeypatch.setenv("ZHENGTONG_CITY", str(tmp_path / "b"))
    assert find_city() == tmp_path / "b"
    assert find_city(tmp_path / "a") == tmp_path / "a"
    monkeypatch.delenv("ZHENGTONG_CITY")
    monkeypatch.chdir(tmp_path / "a")
    assert find_city() == Path()
    with pytest.raises(WrongUse):
        find_city(tmp_path / "nowhere")
    with pytest.raises(WrongUse):
        load(tmp_path / "nowhere", registry())
