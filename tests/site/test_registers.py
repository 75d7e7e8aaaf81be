# SPDX-License-Identifier: Apache-2.0
"""The made-up registers: valid numbers of no real place, families that fit, gaps as set, the same again by seed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from zhengtong.city.identifiers import read_id_card, read_uscc
from zhengtong.errors import BadInput
from zhengtong.site.registers import Place, Registers, Size, make_registers, organisation_code, write_registers

TODAY = date(2026, 10, 26)
PLACE = Place("明川市", "999900", ["999902", "999903"], TODAY)
SMALL = Size(residents=600, companies=80, gaps=0.2, seed=7)


@pytest.fixture(scope="module")
def registers() -> Registers:
    return make_registers(SMALL, PLACE)


def test_every_number_is_valid_and_given_once(registers: Registers) -> None:
    assert len(registers.people) >= SMALL.residents
    for number, person in registers.people.items():
        assert read_id_card(number, today=TODAY, divisions=["999900"]) == number == person.id_number
        assert number[6:14] == f"{person.born:%Y%m%d}"
        assert (int(number[16]) % 2 == 1) == (person.sex == "1"), "the 17th digit tells the sex (GB 11643)"
    codes = [company.credit_code for company in registers.companies]
    assert len(set(codes)) == len(codes) == SMALL.companies
    for code in codes:
        assert read_uscc(code) == code
        assert organisation_code(code[8:16]) == code[8:17]
    assert len({company.name for company in registers.companies}) == SMALL.companies


def test_the_check_character_of_an_organisation_is_that_of_a_published_example() -> None:
    """GB 11714 gives D2143569-X as its example."""
    assert organisation_code("D2143569") == "D2143569X"


def test_families_fit(registers: Registers) -> None:
    for number, household in registers.households.items():
        members = registers.members(number)
        assert household.head in {member.id_number for member in members}
        head = registers.people[household.head]
        for member in members:
            if member.relation == "child":
                assert head.age(TODAY) - member.age(TODAY) >= 18
                assert member.name[0] == head.name[0]
    relations = Counter(person.relation for person in registers.people.values())
    assert relations["head"] == len(registers.households)
    assert min(relations["spouse"], relations["child"]) > 50
    for company in registers.companies:
        assert registers.people[company.legal_person].age(TODAY) >= 22


def share_missing(file: Path, column: str, table: str) -> float:
    with sqlite3.connect(file) as connection:
        (share,) = connection.execute(f"SELECT avg({column} IS NULL) FROM {table}").fetchone()
    connection.close()
    return float(share)


@pytest.mark.parametrize("gaps", [0.0, 0.2, 1.0])
def test_the_file_lacks_what_the_setting_says_and_never_a_name(
    registers: Registers, gaps: float, tmp_path: Path
) -> None:
    file = write_registers(registers, Size(600, 80, gaps, 7), tmp_path)
    assert share_missing(file, "address", "household") == pytest.approx(gaps, abs=0.08)
    assert share_missing(file, "address", "company") == pytest.approx(gaps, abs=0.15)
    assert share_missing(file, "name", "person") == share_missing(file, "id_number", "person") == 0
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (len(registers.people),)
        held = dict(connection.execute("SELECT number, address FROM household WHERE address IS NOT NULL"))
    connection.close()
    assert held.items() <= {n: one.address for n, one in registers.households.items()}.items()


def test_the_same_seed_makes_the_same_people_and_another_others(registers: Registers) -> None:
    assert make_registers(SMALL, PLACE).people == registers.people
    assert make_registers(Size(600, 80, 0.2, 8), PLACE).people.keys() != registers.people.keys()


def test_writing_again_replaces_the_file_as_a_whole(registers: Registers, tmp_path: Path) -> None:
    first = write_registers(registers, SMALL, tmp_path)
    again = write_registers(registers, SMALL, tmp_path)
    assert first == again
    assert [path.name for path in first.parent.iterdir()] == ["registers.sqlite3"]


@pytest.mark.parametrize("wrong", [{"residents": 3}, {"companies": 0}, {"gaps": -0.1}, {"gaps": 1.1}])
def test_a_size_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        Size(**wrong)  # type: ignore[arg-type]  # wrong on purpose
