# SPDX-License-Identifier: Apache-2.0
"""Print a year's calendar file from the `chinesecalendar` package, for a person to compare with the notice.

    python tools/seed_calendar.py 2026 --number 国办发明电〔2025〕7号 --issued 2025-11-04 > calendar/2026.yaml

The package is a table typed off the State Council's notices; the notice itself decides. A year it does not know is
refused: a guessed calendar would look like a published one.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta

from chinese_calendar import constants

NAMES = {
    "New Year's Day": ("元旦", "New Year's Day"),
    "Spring Festival": ("春节", "Spring Festival"),
    "Tomb-sweeping Day": ("清明节", "Qingming Festival"),
    "Labour Day": ("劳动节", "Labour Day"),
    "Dragon Boat Festival": ("端午节", "Dragon Boat Festival"),
    "Mid-autumn Festival": ("中秋节", "Mid-Autumn Festival"),
    "National Day": ("国庆节", "National Day"),
}


def spans(year: int) -> list[tuple[str, date, date]]:
    """Consecutive days off under one name, as (the package's name, first, last)."""
    result: list[tuple[str, date, date]] = []
    for day in sorted(day for day in constants.holidays if day.year == year):
        name = constants.holidays[day]
        if result and result[-1][0] == name and result[-1][2] + timedelta(days=1) == day:
            result[-1] = (name, result[-1][1], day)
        else:
            result.append((name, day, day))
    return result


def render(year: int, number: str | None, issued: str | None) -> str:
    """The file's text. Raises KeyError for a year the package does not know."""
    if not any(day.year == year for day in constants.workdays):
        raise KeyError(year)
    lines = [
        f"# {year} 年放假调休安排，国务院办公厅发布 · State Council's holiday arrangement",
        f"year: {year}",
        "status: published",
        "source:",
        f"  title: 国务院办公厅关于{year}年部分节假日安排的通知",
    ]
    lines += [f"  number: {number}"] if number else []
    lines += [f"  issued: {issued}"] if issued else []
    lines.append("holidays:")
    for name, first, last in spans(year):
        zh, en = NAMES[name]
        lines.append(f'  - {{name: {{zh: {zh}, en: "{en}"}}, first: {first}, last: {last}}}')
    lines.append("workdays:")
    lines += [f"  - {day}" for day in sorted(constants.workdays) if day.year == year]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("year", type=int)
    parser.add_argument("--number", help="number of the notice, such as 国办发明电〔2025〕7号")
    parser.add_argument("--issued", help="date of the notice, YYYY-MM-DD")
    options = parser.parse_args()
    try:
        print(render(options.year, options.number, options.issued), end="")
    except KeyError:
        print(f"chinesecalendar knows no {options.year}: not published yet, or update it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
