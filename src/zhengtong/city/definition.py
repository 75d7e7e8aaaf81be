# SPDX-License-Identifier: Apache-2.0
"""The ground's own files of a city folder: the city, its calendar, departments, roles, data elements, code
lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from zhengtong.city.calendar import FIRST, LAST, Hours, YearTable
from zhengtong.city.conditions import BadCondition, pattern
from zhengtong.city.identifiers import read_uscc
from zhengtong.city.kinds import Definition, Key, Line, Reference, wrong
from zhengtong.city.text import Text
from zhengtong.errors import BadInput

if TYPE_CHECKING:
    from zhengtong.city.load import City

DepartmentRef = Annotated[str, Reference("department")]
RoleRef = Annotated[str, Reference("role")]
ElementRef = Annotated[str, Reference("element")]
CodeListRef = Annotated[str, Reference("code-list")]

VariableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=64)]
"""A key that is also a name in conditions: no hyphen, which CEL reads as minus."""


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise wrong("没有这个时区", "there is no such time zone", found=name, expected="Asia/Shanghai")
    return name


def _clock(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError:
        raise wrong("没有这个钟点", "there is no such time of day", found=text, expected="09:00") from None
    return text


def _uscc(code: str) -> str:
    try:
        canonical = read_uscc(code)
    except BadInput as error:
        raise wrong(error.zh, error.en, found=str(error.found), expected=str(error.expected or "")) from None
    if canonical != code:
        raise wrong("请用规范写法", "use the canonical form", found=code, expected=canonical)
    return code


def _regex(text: str) -> str:
    try:
        pattern(text)
    except BadCondition as error:
        raise wrong(error.zh, error.en, found=str(error.found), expected="RE2") from None
    return text


Clock = Annotated[str, StringConstraints(pattern=r"^[0-2][0-9]:[0-5][0-9]$"), AfterValidator(_clock)]
Uscc = Annotated[str, AfterValidator(_uscc)]
Regex = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_regex)]


class Opening(Definition):
    opens: Clock
    closes: Clock

    @model_validator(mode="after")
    def _in_order(self) -> Opening:
        if self.opens >= self.closes:
            raise wrong(
                "关门时间要晚于开门时间",
                "closing time must be after opening time",
                found=f"{self.opens}–{self.closes}",
            )
        return self


class WeeklyHours(Definition):
    """Opening hours of the service hall. What a working day is, the calendar says, not these."""

    monday: tuple[Opening, ...] = ()
    tuesday: tuple[Opening, ...] = ()
    wednesday: tuple[Opening, ...] = ()
    thursday: tuple[Opening, ...] = ()
    friday: tuple[Opening, ...] = ()
    saturday: tuple[Opening, ...] = ()
    sunday: tuple[Opening, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> WeeklyHours:
        for name in type(self).model_fields:
            spans: tuple[Opening, ...] = getattr(self, name)
            for earlier, later in pairwise(spans):
                if later.opens < earlier.closes:
                    raise wrong(
                        f"{name} 的时段要按先后排列，不能重叠",
                        f"the spans of {name} must be in order and not overlap",
                        found=f"{earlier.opens}–{earlier.closes}, {later.opens}–{later.closes}",
                    )
        return self

    def by_weekday(self) -> dict[int, Hours]:
        """0 = Monday; days without opening hours are left out."""
        table: dict[int, Hours] = {}
        for day, name in enumerate(type(self).model_fields):
            spans = getattr(self, name)
            if spans:
                table[day] = tuple((time.fromisoformat(span.opens), time.fromisoformat(span.closes)) for span in spans)
        return table


class CityFile(Definition):
    """`city.yaml`."""

    key: Key
    name: Text
    division: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    """县级以上行政区划代码 (GB/T 2260); a demo city takes one that no place has."""
    level: Literal["prefecture", "county"]
    demo: bool = False
    """True makes every page say that nothing here is real."""
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    languages: Annotated[tuple[Literal["zh", "en"], ...], Field(min_length=1)] = ("zh", "en")
    hotline: Line | None = None
    hours: WeeklyHours

    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Notice(Definition):
    """The notice a year's table was taken from."""

    title: Line
    number: Line | None = None
    issued: date | None = None


class Holiday(Definition):
    """Days off, from `first` to `last`, weekend days among them as the notice counts them."""

    name: Text
    first: date
    last: date


class CalendarYear(Definition):
    """`calendar/2026.yaml`. Dates may reach into the December before: New Year's holiday sometimes does."""

    year: Annotated[int, Field(ge=FIRST.year + 1, le=LAST.year)]
    status: Literal["published", "provisional"]
    source: Notice | None = None
    holidays: tuple[Holiday, ...]
    workdays: tuple[date, ...] = ()

    @property
    def key(self) -> str:
        return str(self.year)

    def days_off(self) -> frozenset[date]:
        return frozenset(
            date.fromordinal(n)
            for holiday in self.holidays
            if (holiday.last - holiday.first).days < 400
            for n in range(holiday.first.toordinal(), holiday.last.toordinal() + 1)
        )

    def table(self) -> YearTable:
        return YearTable(
            self.year,
            self.days_off(),
            frozenset(self.workdays),
            self.status == "published",
            (self.source.number or self.source.title) if self.source else "",
        )


class Contact(Definition):
    phone: Line | None = None
    address: Text | None = None


class Department(Definition):
    """An organizational unit (W3C ORG `OrganizationalUnit`)."""

    key: Key
    name: Text
    short: Text | None = None
    code: Uscc | None = None
    """统一社会信用代码."""
    parent: Annotated[str, Reference("department", acyclic=True)] | None = None
    contact: Contact | None = None


class Role(Definition):
    """A post whose holders may do certain verbs (W3C ORG `Role`)."""

    key: Key
    name: Text
    description: Text | None = None


ElementType = Literal[
    "text",
    "date",
    "integer",
    "boolean",
    "code",
    "id_card",
    "mobile",
    "uscc",
    "postal_code",
    "address",
]
VARIABLE_TYPES: dict[str, str] = {"integer": "int", "boolean": "bool", "date": "timestamp"}
_TOKENS = (
    "off on name family-name given-name honorific-prefix nickname bday bday-day bday-month bday-year sex tel "
    "tel-national email organization organization-title street-address address-line1 address-line2 "
    "address-level1 address-level2 address-level3 address-level4 postal-code country country-name"
)
AUTOCOMPLETE = frozenset(_TOKENS.split())
"""Tokens of the HTML standard a government form has use for (WCAG 1.3.5)."""


class Element(Definition):
    """数据元: one piece of information, asked once however many services need it."""

    key: VariableName
    name: Text
    type: ElementType
    max_length: Annotated[int, Field(ge=1, le=4000)] | None = None
    """Characters; 200 where absent."""
    pattern: Regex | None = None
    """RE2, over the whole text; for `text` and `address` only."""
    minimum: int | None = None
    maximum: int | None = None
    earliest: date | None = None
    not_future: bool = False
    code_list: CodeListRef | None = None
    identifier: Line | None = None
    """Number of the national data element, where there is one."""
    grade: Annotated[int, Field(ge=1, le=4)]
    """Sensitivity 1 to 4, as 一般数据 is split by annex H of GB/T 43697-2024."""
    personal: bool
    hint: Text | None = None
    example: Line | None = None
    autocomplete: Line | None = None

    def variable_type(self) -> str:
        """The CEL type of its value: everything but numbers, yes/no and dates is a string."""
        return VARIABLE_TYPES.get(self.type, "string")


class Code(Definition):
    code: Annotated[str, StringConstraints(pattern=r"^\S{1,40}$")]
    name: Text


class CodeList(Definition):
    """字典: the closed list of values of an element."""

    key: Key
    name: Text
    source: Line
    """The standard or document the codes come from, or who decided them."""
    codes: Annotated[tuple[Code, ...], Field(min_length=1)]

    def names(self) -> dict[str, Text]:
        return {code.code: code.name for code in self.codes}


def element_variables(city: City, _: Any = None) -> Mapping[str, str]:
    """All data elements as CEL variables: the default for conditions of a kind that names no other."""
    return {element.key: element.variable_type() for element in city.all(Element)}
