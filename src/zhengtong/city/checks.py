# SPDX-License-Identifier: Apache-2.0
"""What the models of single files cannot see of the ground's own kinds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from zhengtong.city.calendar import LAST, WEEKDAYS
from zhengtong.city.definition import AUTOCOMPLETE, CalendarYear, CodeList, Element
from zhengtong.city.elements import read_value
from zhengtong.city.load import City
from zhengtong.errors import BadInput, Fault


def check_element(city: City, element: Element) -> Iterable[Fault]:
    """Attributes that do not belong to the element's type, and an example that its own rules refuse."""

    def fault(field: str, zh: str, en: str, found: object = "", expected: str = "") -> Fault:
        return city.fault("element", element.key, (field,), zh, en, found=str(found), expected=expected)

    allowed = {
        "code_list": ("code",),
        "pattern": ("text", "address"),
        "minimum": ("integer",),
        "maximum": ("integer",),
        "earliest": ("date",),
        "not_future": ("date",),
    }
    for field, types in allowed.items():
        if field in element.model_fields_set and element.type not in types:
            yield fault(
                field,
                f"类型 {element.type} 的数据元不能有 {field}",
                f"an element of type {element.type} cannot have {field}",
                expected=" | ".join(types),
            )
    if element.type == "code" and element.code_list is None:
        yield fault("type", "代码型数据元要有 code_list", "an element of type code needs a code_list")
    if element.minimum is not None and element.maximum is not None and element.minimum > element.maximum:
        yield fault(
            "maximum",
            "maximum 小于 minimum",
            "maximum is below minimum",
            element.maximum,
            f"≥ {element.minimum}",
        )
    if element.autocomplete is not None and element.autocomplete not in AUTOCOMPLETE:
        yield fault(
            "autocomplete",
            "不是 HTML 的 autocomplete 标记",
            "this is no autocomplete token of HTML",
            element.autocomplete,
        )
    yield from check_once(city, element)
    if element.example is not None:
        codes = city.get(CodeList, element.code_list).names() if element.code_list else {}
        try:
            read_value(element, element.example, today=LAST, codes=codes, divisions=(city.meta.division,))
        except BadInput as error:
            yield fault(
                "example",
                f"示例不合自己的规则：{error.zh}",
                f"the example breaks the element's own rules: {error.en}",
                element.example,
                str(error.expected or ""),
            )


def check_once(city: City, element: Element) -> Iterable[Fault]:
    """Two elements with one name, or with one number of the national standard, would ask the same thing twice."""
    for other in city.all(Element):
        if other.key == element.key:
            return  # what stands after it finds this one
        same = [
            ("name", element.name.zh == other.name.zh or element.name.en.casefold() == other.name.en.casefold()),
            ("identifier", element.identifier is not None and element.identifier == other.identifier),
        ]
        for field, alike in same:
            if alike:
                yield city.fault(
                    "element", element.key, (field,),
                    f"与数据元“{other.key}”相同，同一件事会问两次",
                    f"the same as {other.key}: one thing would be asked twice",
                    found=element.key, expected=other.key,
                )  # fmt: skip


def check_code_list(city: City, codes: CodeList) -> Iterable[Fault]:
    first: dict[str, int] = {}
    for i, code in enumerate(codes.codes):
        if code.code in first:
            yield city.fault(
                "code-list",
                codes.key,
                ("codes", i, "code"),
                f"代码重复，第 {first[code.code] + 1} 项已有",
                f"duplicate code, entry {first[code.code] + 1} has it",
                found=code.code,
            )
        first.setdefault(code.code, i)


def check_calendar(city: City, year: CalendarYear) -> Iterable[Fault]:
    """Days in another year, spans that run backwards, make-up workdays that are holidays or working days
    anyway.
    """

    def fault(path: tuple[str | int, ...], zh: str, en: str, found: object, expected: str = "") -> Fault:
        return city.fault("calendar", year.key, path, zh, en, found=str(found), expected=expected)

    span = f"{year.year - 1}-12-01 – {year.year}-12-31"

    def outside(day: date) -> bool:
        return not date(year.year - 1, 12, 1) <= day <= date(year.year, 12, 31)

    if year.status == "published" and year.source is None:
        yield fault(
            ("status",),
            "已公布的年份要写明通知",
            "a published year has to name its notice",
            "published",
            "source",
        )
    seen: dict[date, int] = {}
    for i, holiday in enumerate(year.holidays):
        if holiday.last < holiday.first:
            yield fault(("holidays", i, "last"), "假期结束早于开始", "the holiday ends before it begins", holiday.last)
        for end in ("first", "last"):
            if outside(getattr(holiday, end)):
                yield fault(
                    ("holidays", i, end),
                    "假期不在这一年",
                    "the holiday lies in another year",
                    getattr(holiday, end),
                    span,
                )
                break
    off = year.days_off()
    for i, day in enumerate(year.workdays):
        path = ("workdays", i)
        if outside(day):
            yield fault(path, "调休上班日不在这一年", "the make-up workday lies in another year", day, span)
        elif day in off:
            yield fault(path, "同一天既放假又上班", "the same day is a holiday and a make-up workday", day)
        elif day.weekday() in WEEKDAYS:
            yield fault(path, "这一天本来就是工作日", "this day is a working day anyway", day, "周六或周日 Sat/Sun")
        elif day in seen:
            yield fault(path, "调休上班日重复", "duplicate make-up workday", day)
        seen[day] = i
