# SPDX-License-Identifier: Apache-2.0
"""Calendar files from the `chinesecalendar` package, for a new city folder or a new year of an old one.

The package is a table typed off the State Council's notices; the notice itself decides. A year it does not
know is refused: a guessed calendar would look like a published one.
"""

from __future__ import annotations

from datetime import date, timedelta

from chinese_calendar import constants

from zhengtong.errors import NotFound

NAMES = {
    "New Year's Day": ("元旦", "New Year's Day"),
    "Spring Festival": ("春节", "Spring Festival"),
    "Tomb-sweeping Day": ("清明节", "Qingming Festival"),
    "Labour Day": ("劳动节", "Labour Day"),
    "Dragon Boat Festival": ("端午节", "Dragon Boat Festival"),
    "Mid-autumn Festival": ("中秋节", "Mid-Autumn Festival"),
    "National Day": ("国庆节", "National Day"),
    "Anti-Fascist 70th Day": ("抗战胜利 70 周年纪念日", "70th Anniversary of Victory"),
}

NOTICES = {
    2024: ("国办发明电〔2023〕7号", "2023-10-25"),
    2025: ("国办发明电〔2024〕12号", "2024-11-12"),
    2026: ("国办发明电〔2025〕7号", "2025-11-04"),
}
"""Number and date of the notices, which the package does not carry."""


def published_years() -> list[int]:
    """The years the package knows. It names make-up workdays for every one of them."""
    return sorted({day.year for day in constants.workdays})


def calendar_file(year: int) -> str:
    """The text of `calendar/YEAR.yaml`. Raises NotFound for a year the package does not know."""
    if year not in published_years():
        raise NotFound(
            f"chinesecalendar 没有 {year} 年：通知还没有公布，或需要升级这个包",
            f"chinesecalendar knows no {year}: the notice is not out yet, or the package needs an update",
            found=year,
            expected=f"{published_years()[0]}–{published_years()[-1]}",
        )
    lines = [
        f"# {year} 年放假调休安排，国务院办公厅发布 · State Council's holiday arrangement",
        f"year: {year}",
        "status: published",
        "source:",
        f"  title: 国务院办公厅关于{year}年部分节假日安排的通知",
    ]
    if year in NOTICES:
        number, issued = NOTICES[year]
        lines += [f"  number: {number}", f"  issued: {issued}"]
    lines.append("holidays:")
    for name, first, last in _spans(year):
        zh, en = NAMES[name]
        lines.append(f'  - {{name: {{zh: {zh}, en: "{en}"}}, first: {first}, last: {last}}}')
    workdays = [f"  - {day}" for day in sorted(constants.workdays) if day.year == year]
    return "\n".join([*lines, "workdays:", *workdays]) + "\n"


def _spans(year: int) -> list[tuple[str, date, date]]:
    """Consecutive days off under one name, as (the package's name, first, last)."""
    result: list[tuple[str, date, date]] = []
    for day in sorted(day for day in constants.holidays if day.year == year):
        name = constants.holidays[day]
        if result and result[-1][0] == name and result[-1][2] + timedelta(days=1) == day:
            result[-1] = (name, result[-1][1], day)
        else:
            result.append((name, day, day))
    return result
