# SPDX-License-Identifier: Apache-2.0
"""Made-up registers of the demo city: its residents, their households and its businesses.

    STATE/registers/registers.sqlite3
        household  number, address, district, head
        person     id_number, name, sex, born, household, relation, mobile
        company    credit_code, name, trade, legal_person, address, opened

Everything is made from a seed, with valid check characters and division codes that belong to no place. The demo's
applicants are these people, so that nobody is invented twice. `gaps` is the share of telephone numbers and addresses
that the file lacks, as a real register does; the people themselves know theirs.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from zhengtong.city.identifiers import id_check_character, uscc_check_character
from zhengtong.errors import BadInput

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚"
GIVEN = "安宁知夏明远思齐若溪子墨清和书瑶景行嘉禾一诺雨桐云舒承泽建国丽华志强秀英文静海燕晓东春梅立新永康佳怡浩然"
STREETS = ("安宁路", "通达路", "康泰路", "兴业路", "文华路", "和顺路", "安居路", "莲塘街", "政和路", "港前路")
TRADES = ("餐饮", "商贸", "物流", "建筑", "科技", "服装", "食品加工", "汽车维修")
MARKS = ("恒川", "明达", "瑞和", "嘉禾", "通远", "百味", "新源", "启辰", "宏业", "安顺", "佳和", "众诚")
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11714: weights of the first eight characters of an organisation's code, modulo 11."""


@dataclass(frozen=True)
class Household:
    number: str
    address: str
    district: str
    head: str


@dataclass(frozen=True)
class Resident:
    id_number: str
    name: str
    sex: str
    born: date
    household: str
    relation: str
    mobile: str

    def age(self, on: date) -> int:
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))


@dataclass(frozen=True)
class Company:
    credit_code: str
    name: str
    trade: str
    legal_person: str
    address: str
    opened: date


@dataclass(frozen=True)
class Size:
    """How large the registers are. Raises `BadInput` for a share of gaps that is none."""

    residents: int = 9000
    companies: int = 1200
    gaps: float = 0.03
    seed: int = 2026

    def __post_init__(self) -> None:
        if not 0 <= self.gaps <= 1 or self.residents < 200 or self.companies < 20:
            raise BadInput(
                "登记簿的规模不对", "the registers cannot be of this size",
                found=f"{self.residents}, {self.companies}, {self.gaps}", expected="≥ 200, ≥ 20, 0–1",
            )  # fmt: skip


@dataclass
class Registers:
    """Who lives and trades in the city, as they know it themselves."""

    households: dict[str, Household] = field(default_factory=dict)
    people: dict[str, Resident] = field(default_factory=dict)
    companies: list[Company] = field(default_factory=list)

    def members(self, household: str) -> list[Resident]:
        return self._by_household.get(household, [])

    @property
    def _by_household(self) -> dict[str, list[Resident]]:
        held: dict[str, list[Resident]] | None = self.__dict__.get("_members")
        if held is None:
            held = {}
            for person in self.people.values():
                held.setdefault(person.household, []).append(person)
            self.__dict__["_members"] = held
        return held


def organisation_code(first_8: str) -> str:
    """The nine characters of GB 11714 for the first eight."""
    total = sum(int(c, 36) * w for c, w in zip(first_8, ORGANISATION_WEIGHTS, strict=True))
    return first_8 + {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


@dataclass(frozen=True)
class Place:
    """Where the people live, and as of which day they have their age."""

    name: str
    division: str
    districts: Sequence[str]
    on: date


def make_registers(size: Size, place: Place) -> Registers:
    """The same registers for the same arguments."""
    draw = random.Random(size.seed)  # noqa: S311  # people of a demo, no secret
    made = Registers()
    numbers = _Numbers(draw, place.division)
    while len(made.people) < size.residents:
        _household(draw, numbers, made, place)
    heads = [p for p in made.people.values() if 22 <= p.age(place.on) <= 65]
    for serial in range(size.companies):
        made.companies.append(_company(draw, serial, draw.choice(heads), place))
    return made


class _Numbers:
    """Numbers of residents, none given twice."""

    def __init__(self, draw: random.Random, division: str) -> None:
        self.draw, self.division, self.given = draw, division, set[str]()

    def of(self, born: date, sex: str) -> str:
        while True:
            serial = self.draw.randrange(100, 999)
            serial += (serial % 2 == 0) == (sex == "1")  # the 17th digit is odd for a man
            body = f"{self.division}{born:%Y%m%d}{serial:03d}"
            if body not in self.given:
                self.given.add(body)
                return body + id_check_character(body)


def _name(draw: random.Random, surname: str) -> str:
    return surname + "".join(draw.sample(GIVEN, 2 if draw.random() < 0.8 else 1))


def _household(draw: random.Random, numbers: _Numbers, made: Registers, place: Place) -> None:
    """A couple with their children, a person alone, or old people."""
    kind = draw.choices(("family", "single", "old"), (62, 20, 18))[0]
    low, high = {"family": (24, 52), "single": (20, 58), "old": (58, 88)}[kind]
    age = draw.randint(low, high)
    number = f"{len(made.households) + 1:09d}"
    surnames = draw.choice(SURNAMES), draw.choice(SURNAMES)
    couple = kind == "family" or (kind == "old" and draw.random() < 0.7)
    spans = [("head", "1" if couple or draw.random() < 0.5 else "2", age)]
    if couple:
        spans.append(("spouse", "2", max(20, age - draw.randint(-2, 5))))
    if kind == "family":
        children = draw.choices((0, 1, 2, 3), (20, 45, 30, 5))[0]
        spans += [("child", draw.choice("12"), draw.randint(0, max(0, min(17, age - 23)))) for _ in range(children)]
    for relation, sex, years in spans:
        born = place.on - timedelta(days=years * 365 + draw.randint(1, 360))
        surname = surnames[1] if relation == "spouse" else surnames[0]
        mobile = f"139{draw.randrange(10**8):08d}" if years >= 12 else ""
        person = Resident(numbers.of(born, sex), _name(draw, surname), sex, born, number, relation, mobile)
        made.people[person.id_number] = person
        if relation == "head":
            address = f"{_street(draw, place)} {draw.randint(1, 20)} 幢 {draw.randint(101, 2604)} 室"
            made.households[number] = Household(number, address, draw.choice(place.districts), person.id_number)


def _street(draw: random.Random, place: Place) -> str:
    return f"{place.name}{draw.choice(STREETS)} {draw.randint(1, 180)} 号"


def _company(draw: random.Random, serial: int, head: Resident, place: Place) -> Company:
    body = f"91{place.division}{organisation_code(f'MA{serial:06d}')}"
    trade = draw.choice(TRADES)
    ending = draw.choice(("有限公司", "店", "经营部"))
    return Company(
        credit_code=body + uscc_check_character(body),
        name=f"{place.name}{draw.choice(MARKS)}{head.name[0]}{_ordinal(serial)}{trade}{ending}",
        trade=trade,
        legal_person=head.id_number,
        address=_street(draw, place),
        opened=place.on - timedelta(days=draw.randint(1, 6000)),
    )


def _ordinal(serial: int) -> str:
    """Two characters that make names of companies distinct."""
    return GIVEN[serial % len(GIVEN)] + GIVEN[serial // len(GIVEN) % len(GIVEN)]


_TABLES = """
CREATE TABLE household (number TEXT PRIMARY KEY, address TEXT, district TEXT, head TEXT NOT NULL);
CREATE TABLE person (id_number TEXT PRIMARY KEY, name TEXT NOT NULL, sex TEXT NOT NULL, born TEXT NOT NULL,
                     household TEXT, relation TEXT NOT NULL, mobile TEXT);
CREATE TABLE company (credit_code TEXT PRIMARY KEY, name TEXT NOT NULL, trade TEXT NOT NULL,
                      legal_person TEXT NOT NULL, address TEXT, opened TEXT NOT NULL);
CREATE TABLE made (residents INTEGER, companies INTEGER, gaps REAL, seed INTEGER);
"""


def write_registers(registers: Registers, size: Size, state: Path) -> Path:
    """The registers as departments hold them, written aside and renamed: a file of its own, replaced as a whole."""
    folder = state / "registers"
    folder.mkdir(parents=True, exist_ok=True)
    file, aside = folder / "registers.sqlite3", folder / f".{os.getpid()}.sqlite3"
    aside.unlink(missing_ok=True)
    lose = random.Random(size.seed + 1)  # noqa: S311
    connection = sqlite3.connect(aside)
    try:
        connection.executescript(_TABLES)
        connection.executemany(
            "INSERT INTO household VALUES (?, ?, ?, ?)", _held_households(registers, lose, size.gaps)
        )
        connection.executemany(
            "INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, ?)", _held_people(registers, lose, size.gaps)
        )
        connection.executemany(
            "INSERT INTO company VALUES (?, ?, ?, ?, ?, ?)", _held_companies(registers, lose, size.gaps)
        )
        connection.execute(
            "INSERT INTO made VALUES (?, ?, ?, ?)", (size.residents, size.companies, size.gaps, size.seed)
        )
        connection.commit()
    finally:
        connection.close()
    aside.replace(file)
    return file


Row = tuple[str | None, ...]


def _kept(lose: random.Random, gaps: float, value: str) -> str | None:
    return None if lose.random() < gaps else value or None


def _held_households(registers: Registers, lose: random.Random, gaps: float) -> Iterator[Row]:
    for one in registers.households.values():
        yield one.number, _kept(lose, gaps, one.address), _kept(lose, gaps, one.district), one.head


def _held_people(registers: Registers, lose: random.Random, gaps: float) -> Iterator[Row]:
    for one in registers.people.values():
        household, mobile = _kept(lose, gaps, one.household), _kept(lose, gaps, one.mobile)
        yield one.id_number, one.name, one.sex, one.born.isoformat(), household, one.relation, mobile


def _held_companies(registers: Registers, lose: random.Random, gaps: float) -> Iterator[Row]:
    for one in registers.companies:
        address = _kept(lose, gaps, one.address)
        yield one.credit_code, one.name, one.trade, one.legal_person, address, one.opened.isoformat()
