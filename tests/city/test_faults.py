# SPDX-License-Identifier: Apache-2.0
"""Faults planted in a valid folder: each named with file and line, and nothing else."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.make import FILES, edited, registry, write
from zhengtong.city.load import check, load
from zhengtong.errors import CityFaults, Fault


@dataclass(frozen=True)
class Planted:
    """`old` in `file` becomes `new`; the fault stands at `line`, and its English sentence holds `words`."""

    file: str
    old: str
    new: str
    line: int
    field: str
    words: str
    found: str = ""
    expected: str = ""


DEPARTMENTS, PERSON = "organization/departments.yaml", "standards/elements/person.yaml"
SEX, YEAR, BIRTH = "standards/code-lists/sex.yaml", "calendar/2026.yaml", "things/birth.yaml"

AHEAD = "year: 2027\nstatus: provisional\nholidays: []\nworkdays:\n"

PLANTED = {
    "unclosed bracket": Planted("city.yaml", '"16:00"}]', '"16:00"}', 8, "", "YAML syntax error"),
    "unclosed quote": Planted("city.yaml", '"999900"', '"999900', 3, "", "YAML syntax error"),
    "tab": Planted(
        DEPARTMENTS, "  parent: government\n- key: health", "\tparent: government\n- key: health", 5, "", "tab"
    ),
    "duplicate mapping key": Planted(
        SEX, "source: GB", "name: {zh: 甲, en: A}\nsource: GB", 3, "name", "duplicate key"
    ),
    "unknown key": Planted(
        PERSON, "  maximum: 30", "  maximun: 30", 17, "[2].maximun", "did you mean maximum", "maximun", "maximum"
    ),
    "misspelt required key": Planted(
        BIRTH, "department: police", "departmnt: police", 2, "departmnt", "did you mean department"
    ),
    "missing key": Planted(SEX, "source: GB/T 2261.1\n", "", 1, "source", "required key is missing"),
    "missing key in a list": Planted(
        PERSON, "  type: date\n  not_future: true\n", "", 7, "[1].type", "required key is missing"
    ),
    "number for text": Planted(SEX, 'code: "1"', "code: 1", 5, "codes[0].code", "must be text", "1", '"1"'),
    "text for number": Planted(PERSON, "  maximum: 30", '  maximum: "30"', 17, "[2].maximum", "whole number", "30"),
    "list for mapping": Planted(
        SEX, "name: {zh: 性别, en: Sex}", "name: [性别]", 2, "name", "must be a mapping", "列表"
    ),
    "half translated": Planted(
        DEPARTMENTS, "{zh: 卫健委, en: Health}", "{zh: 卫健委}", 7, "[2].name.en", "required key is missing"
    ),
    "value outside the choices": Planted(
        PERSON, "  type: integer", "  type: number", 15, "[2].type", "not one of the values", "number"
    ),
    "grade out of range": Planted(PERSON, "  grade: 2", "  grade: 5", 18, "[2].grade", "too large", "5", "≤ 4"),
    "duplicate id": Planted(
        DEPARTMENTS, "- key: health", "- key: police", 6, "[2].key", "duplicate key, organization/departments.yaml:3"
    ),
    "key and file name differ": Planted(
        SEX, "key: sex", "key: gender", 1, "key", "differs from the file's name", "gender", "sex"
    ),
    "dangling reference": Planted(
        DEPARTMENTS,
        "  parent: government\n- key: health",
        "  parent: goverment\n- key: health",
        5,
        "[1].parent",
        "no such entry among the departments",
        "goverment",
        "government",
    ),
    "dangling reference in a list": Planted(
        BIRTH, "birth_date]", "birthdate]", 3, "fields[1]", "no such entry", "birthdate", "birth_date"
    ),
    "dangling key of a mapping": Planted(
        BIRTH, "health: 3", "heath: 3", 11, "steps[1].limits.heath", "no such entry", "heath", "health"
    ),
    "dangling reference in a union": Planted(
        BIRTH, "element: household_size", "element: houshold_size", 6, "steps[0].element", "no such entry"
    ),
    "dangling code list": Planted(
        PERSON, "code_list: sex", "code_list: sexes", 4, "[0].code_list", "no such entry", "sexes", "sex"
    ),
    "department above itself": Planted(
        DEPARTMENTS,
        "en: Government}",
        "en: Government}\n  parent: police",
        3,
        "[0].parent",
        "ring",
        "government → police → government",
    ),
    "reference to itself": Planted(
        "things/death.yaml", "fields: []", "fields: []\nneeds: death", 4, "needs", "ring", "death → death"
    ),
    "ring of things": Planted("things/death.yaml", "fields: []", "fields: []\nneeds: birth", 15, "needs", "ring"),
    "unknown name in a condition": Planted(
        BIRTH,
        "child_sex ==",
        "child_sexx ==",
        7,
        "steps[0].when",
        "column 23: there is no child_sexx",
        "child_sexx",
        "child_sex",
    ),
    "types in a condition": Planted(BIRTH, '== "1"', "== 1", 7, "steps[0].when", "column 33: the types do not fit"),
    "syntax of a condition": Planted(
        BIRTH, "household_size > 2 &&", "household_size > &&", 7, "steps[0].when", "syntax error"
    ),
    "condition that yields a number": Planted(
        BIRTH,
        'household_size > 2 && child_sex == "1"',
        "household_size + 2",
        7,
        "steps[0].when",
        "true or false",
        "INT",
    ),
    "second line of a condition": Planted(
        BIRTH, "&& household_size > 0", "&& household > 0", 14, "steps[1].when", "column 4: there is no household"
    ),
    "holiday in another year": Planted(
        YEAR,
        "    first: 2026-10-01\n    last: 2026-10-07",
        "    first: 2027-10-01\n    last: 2027-10-07",
        8,
        "holidays[1].first",
        "another year",
        "2027-10-01",
    ),
    "holiday backwards": Planted(
        YEAR, "last: 2026-10-07", "last: 2026-09-07", 9, "holidays[1].last", "ends before it begins"
    ),
    "make-up workday in the week": Planted(YEAR, "2026-10-10", "2026-10-12", 12, "workdays[1]", "working day anyway"),
    "make-up workday in a holiday": Planted(YEAR, "2026-10-10", "2026-10-03", 12, "workdays[1]", "same day"),
    "make-up workday twice": Planted(YEAR, "2026-10-10", "2026-01-04", 12, "workdays[1]", "duplicate make-up"),
    "no such day": Planted(YEAR, "2026-10-10", "2026-02-30", 12, "workdays[1]", "not a valid date", "2026-02-30"),
    "published without notice": Planted(
        YEAR, "source:\n  title: 国务院办公厅关于2026年部分节假日安排的通知\n", "", 2, "status", "name its notice"
    ),
    "attribute of another type": Planted(
        PERSON,
        "  not_future: true\n",
        "  not_future: true\n  minimum: 1\n",
        11,
        "[1].minimum",
        "type date cannot have minimum",
    ),
    "code without list": Planted(PERSON, "  code_list: sex\n", "", 3, "[0].type", "needs a code_list"),
    "example against its rule": Planted(
        PERSON,
        "  maximum: 30\n",
        '  maximum: 30\n  example: "31"\n',
        18,
        "[2].example",
        "breaks the element's own rules",
        "31",
    ),
    "code given twice": Planted(SEX, 'code: "2"', 'code: "1"', 6, "codes[1].code", "duplicate code"),
    "overlapping hours": Planted("city.yaml", 'opens: "13:30"', 'opens: "11:30"', 6, "hours", "overlap"),
    "no such clock time": Planted(
        "city.yaml", 'closes: "16:00"', 'closes: "26:00"', 8, "hours.friday[0].closes", "no such time of day", "26:00"
    ),
    "alias loop": Planted(
        "city.yaml", "name: {zh: 测试市, en: Testing}", "name: &n {zh: *n, en: Testing}", 2, "", "refers to itself"
    ),
    "tag": Planted(
        "city.yaml", "level: county", "level: !!python/name:os.system county", 4, "", "tags are not accepted"
    ),
    "control character": Planted(
        "city.yaml", "en: Testing", 'en: "Test\\u0007ing"', 2, "", "control character", "U+0007"
    ),
    "right-to-left override": Planted(
        "city.yaml", "en: Testing", "en: Test\u202eing", 2, "", "control character", "U+202E"
    ),
    "entry that is no mapping": Planted(
        "organization/roles.yaml", "- key: clerk", "- officer\n- key: clerk", 1, "[0]", "must be a mapping", "officer"
    ),
    "key that cannot be one": Planted(
        "organization/roles.yaml", "key: clerk", "key: Clerk!", 1, "[0].key", "not written as it must be", "Clerk!"
    ),
}


def faults_of(changes: dict[str, str | bytes | None]) -> list[Fault]:
    with tempfile.TemporaryDirectory() as folder:
        return check(write(Path(folder), changes), registry())


def assert_named(fault: Fault, planted: Planted) -> None:
    assert (fault.file, fault.line, fault.field) == (
        planted.file if planted.words != "ring" or planted.line != 15 else BIRTH,
        planted.line,
        planted.field,
    )
    assert planted.words in fault.en
    assert planted.found in fault.found
    assert planted.expected in fault.expected
    assert fault.zh and fault.zh != fault.en


def test_the_folder_the_faults_are_planted_in_is_sound() -> None:
    assert faults_of({}) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_named_at_its_line_and_nothing_else_is(name: str) -> None:
    planted = PLANTED[name]
    faults = faults_of(edited(planted.file, planted.old, planted.new))
    assert len(faults) == 1, [fault.say("en") for fault in faults]
    assert_named(faults[0], planted)


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(sorted(PLANTED)),
    comments=st.dictionaries(st.sampled_from(sorted(FILES)), st.integers(0, 30)),
)
def test_a_fault_moves_with_its_line(name: str, comments: dict[str, int]) -> None:
    planted = PLANTED[name]
    changes = {**FILES, **edited(planted.file, planted.old, planted.new)}
    for file, count in comments.items():
        changes[file] = "# 注释\n" * count + str(changes[file])
    (fault,) = faults_of(changes)
    assert fault.line == planted.line + comments.get(fault.file, 0)


@settings(deadline=None, max_examples=60)
@given(names=st.sets(st.sampled_from(sorted(PLANTED)), min_size=2, max_size=6))
def test_several_faults_in_different_files_are_all_named_in_one_run(names: set[str]) -> None:
    by_file: dict[str, Planted] = {}
    for name in sorted(names):
        # a duplicate id takes another's place, so that what named it dangles too
        if "ring" not in PLANTED[name].words and name != "duplicate id":
            by_file.setdefault(PLANTED[name].file, PLANTED[name])
    changes: dict[str, str | bytes | None] = {}
    for planted in by_file.values():
        changes.update(edited(planted.file, planted.old, planted.new))
    places = {(fault.file, fault.line) for fault in faults_of(changes)}
    expected = {(planted.file, planted.line) for planted in by_file.values()}
    if PERSON in by_file:  # what a broken element means for a condition is not judged until it is mended
        expected = {place for place in expected if place[0] != BIRTH} | {p for p in expected if p in places}
    assert expected <= places
    assert {file for file, _ in places} <= set(by_file)


def test_faults_in_one_file_are_all_named_in_one_run() -> None:
    text = FILES[BIRTH].replace("department: police", "department: polise\nextra: 1").replace("5", '"5"')
    text = text.replace("child_sex ==", "child_sexx ==")
    places = {(f.line, f.field) for f in faults_of({BIRTH: text.replace("2 &&", "&&")})}
    assert {(2, "department"), (3, "extra"), (11, "steps[1].limits.police"), (8, "steps[0].when")} <= places


@pytest.mark.parametrize(
    ("changes", "file", "line", "words"),
    [
        ({"sevices/x.yaml": "key: x"}, "sevices/x.yaml", 1, "no file belongs here"),
        ({"thing/x.yaml": "key: x"}, "thing/x.yaml", 1, "no file belongs here"),
        ({"notes.txt": "x"}, "notes.txt", 1, "no file belongs here"),
        ({"things/x.yml": "key: x"}, "things/x.yml", 1, "ends in .yaml"),
        ({"organization/roles.yaml": ""}, "organization/roles.yaml", 1, "empty"),
        ({"things/birth.yaml": "# nothing yet\n"}, "things/birth.yaml", 1, "empty"),
        ({"organization/roles.yaml": "key: clerk"}, "organization/roles.yaml", 1, "must be a list"),
        ({"things/birth.yaml": "- key: birth"}, "things/birth.yaml", 1, "must be a mapping"),
        ({"city.yaml": None}, "city.yaml", 1, "missing"),
        ({"things/x.yaml": "key: x\n\xff".encode("latin-1")}, "things/x.yaml", 2, "UTF-8"),
        ({"things/x.yaml": "key: 公安".encode("gb18030")}, "things/x.yaml", 1, "UTF-8"),
        ({"things/x.yaml": "key: x".encode("utf-16")}, "things/x.yaml", 1, "UTF-8"),
        ({"things/x.yaml": b"key: x\x00"}, "things/x.yaml", 1, "control character"),
        ({"things/x.yaml": b"#" * (4 * 1024 * 1024 + 1)}, "things/x.yaml", 1, "too large"),
        ({"things/x.yaml": b"[" * 5000}, "things/x.yaml", 1, "too deeply nested"),
        ({"calendar/2027.yaml": AHEAD + "  - 2026-12-06\n  - 2026-12-13\n  - 2026-11-08\n"},
         "calendar/2027.yaml", 7, "another year"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_as_a_whole_is_one_fault(
    changes: dict[str, str | bytes | None], file: str, line: int, words: str
) -> None:
    (fault,) = faults_of(changes)
    assert (fault.file, fault.line) == (file, line)
    assert words in fault.en


def test_a_misplaced_folder_is_told_the_nearest_one() -> None:
    (fault,) = faults_of({"thing/x.yaml": "key: x"})
    assert fault.expected == "things"


def test_an_unreadable_file_does_not_make_what_it_defines_dangle() -> None:
    (fault,) = faults_of({DEPARTMENTS: FILES[DEPARTMENTS] + "- key: [\n"})
    assert fault.file == DEPARTMENTS


def test_two_years_may_not_disagree_about_a_day() -> None:
    year = AHEAD + "  - 2026-12-06\n"
    holiday = "- {name: {zh: 假, en: Off}, first: 2026-12-05, last: 2026-12-06}\nworkdays:"
    changes = {**edited(YEAR, "workdays:", "  " + holiday), "calendar/2027.yaml": year}
    (fault,) = faults_of(changes)
    assert (fault.file, fault.line) == ("calendar/2027.yaml", 5)
    assert "2026" in fault.en


def test_links_are_refused_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("key: secret\n")
    city = write(tmp_path / "city")
    (city / "things" / "linked.yaml").symlink_to(outside)
    (city / "standards" / "more").symlink_to(tmp_path)
    faults = check(city, registry())
    assert [(f.file, f.en) for f in faults] == [
        ("standards/more", "links and special files are not accepted"),
        ("things/linked.yaml", "links and special files are not accepted"),
    ]


def test_notes_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    city = write(tmp_path, {"README.md": "# x", ".git/config": "x", "things/.swp": "x"})
    assert check(city, registry()) == []


def test_loading_a_faulty_folder_raises_all_its_faults_in_both_languages(tmp_path: Path) -> None:
    city = write(tmp_path, {**edited(SEX, "source: GB/T 2261.1\n", ""), "notes.txt": "x"})
    with pytest.raises(CityFaults) as error:
        load(city, registry())
    assert [fault.file for fault in error.value.faults] == ["notes.txt", SEX]
    assert "缺少必填的键" in error.value.say("zh")
    assert f"{SEX}:1 source: a required key is missing" in error.value.say("en")
