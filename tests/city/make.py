# SPDX-License-Identifier: Apache-2.0
"""A small valid city folder, written file by file, for tests to break."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from zhengtong.city.definition import DepartmentRef, ElementRef
from zhengtong.city.ground import register_ground
from zhengtong.city.kinds import Condition, Definition, Key, Kind, Reference, Registry
from zhengtong.city.text import Text

FILES: dict[str, str] = {
    "city.yaml": """\
key: testing
name: {zh: 测试市, en: Testing}
division: "999900"
level: county
demo: true
hours:
  monday: [{opens: "09:00", closes: "12:00"}, {opens: "13:30", closes: "17:30"}]
  friday: [{opens: "09:00", closes: "16:00"}]
""",
    "calendar/2026.yaml": """\
year: 2026
status: published
source:
  title: 国务院办公厅关于2026年部分节假日安排的通知
holidays:
  - {name: {zh: 元旦, en: New Year}, first: 2026-01-01, last: 2026-01-03}
  - name: {zh: 国庆节, en: National Day}
    first: 2026-10-01
    last: 2026-10-07
workdays:
  - 2026-01-04
  - 2026-10-10
""",
    "organization/departments.yaml": """\
- key: government
  name: {zh: 政府, en: Government}
- key: police
  name: {zh: 公安局, en: Police}
  parent: government
- key: health
  name: {zh: 卫健委, en: Health}
  parent: government
  contact:
    phone: "110"
""",
    "organization/roles.yaml": """\
- key: clerk
  name: {zh: 窗口, en: Clerk}
""",
    "standards/elements/person.yaml": """\
- key: child_sex
  name: {zh: 性别, en: Sex}
  type: code
  code_list: sex
  grade: 3
  personal: true
- key: birth_date
  name: {zh: 出生日期, en: Birth date}
  type: date
  not_future: true
  grade: 3
  personal: true
- key: household_size
  name: {zh: 人口, en: Persons}
  type: integer
  minimum: 1
  maximum: 30
  grade: 2
  personal: true
""",
    "standards/code-lists/sex.yaml": """\
key: sex
name: {zh: 性别, en: Sex}
source: GB/T 2261.1
codes:
  - {code: "1", name: {zh: 男, en: Male}}
  - {code: "2", name: {zh: 女, en: Female}}
""",
    "things/birth.yaml": """\
key: birth
department: police
fields: [child_sex, birth_date]
steps:
  - kind: ask
    element: household_size
    when: household_size > 2 && child_sex == "1"
  - kind: wait
    limits:
      police: 5
      health: 3
    when: |
      birth_date < timestamp("2026-01-01T00:00:00Z")
      && household_size > 0
needs: death
""",
    "things/death.yaml": """\
key: death
department: health
fields: []
""",
}


class Ask(Definition):
    kind: Literal["ask"]
    element: ElementRef
    when: Condition | None = None


class Wait(Definition):
    kind: Literal["wait"]
    limits: dict[DepartmentRef, int] = {}
    when: Condition | None = None


class Thing(Definition):
    """A definition of an upper room, with marks in every place they can stand."""

    key: Key
    department: DepartmentRef
    fields: tuple[ElementRef, ...]
    steps: tuple[Annotated[Ask | Wait, Field(discriminator="kind")], ...] = ()
    needs: Annotated[str, Reference("thing", acyclic=True)] | None = None


def registry() -> Registry:
    made = Registry()
    register_ground(made)
    made.register(Kind("thing", "things", Thing, Text(zh="事物", en="things")))
    return made


def write(folder: Path, changes: dict[str, str | bytes | None] | None = None) -> Path:
    """Write the valid folder with some files replaced, added, or (None) left out."""
    files: dict[str, str | bytes | None] = {**FILES, **(changes or {})}
    for name, text in files.items():
        if text is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def edited(name: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """One file with one place changed; the place must be there exactly once."""
    assert FILES[name].count(old) == 1, (name, old, FILES[name].count(old))
    return {name: FILES[name].replace(old, new)}


BIRTH_FIRST = 2
"""The line of the first key of things/birth.yaml that names another object."""
