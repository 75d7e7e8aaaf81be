# SPDX-License-Identifier: Apache-2.0
"""A real calendar, the licence regime of 行政许可法, and short words for facts."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from chinese_calendar.constants import holidays, workdays

from zhengtong.city.calendar import WorkingCalendar, YearTable
from zhengtong.services.rules.facts import Fact, FactKind
from zhengtong.services.rules.regimes import Allowance, Extension, Regime, Source, Terms

HOUR = 3_600_000_000
DAY = 24 * HOUR
OFF = frozenset(holidays)
ON = frozenset(workdays)
YEARS = (2024, 2025, 2026)  # 2027 has no published notice here: it is provisional


def calendar_in(zone: str) -> WorkingCalendar:
    return WorkingCalendar(
        ZoneInfo(zone),
        tuple(
            YearTable(
                year,
                frozenset(day for day in OFF if day.year == year),
                frozenset(day for day in ON if day.year == year),
            )
            for year in YEARS
        ),
    )


CALENDAR = calendar_in("Asia/Shanghai")
LAW = Source("中华人民共和国行政许可法", verified=True)
LICENCE = Regime(
    key="licence",
    zh="行政许可",
    en="administrative licence",
    source=LAW,
    accept=Allowance(5),
    deemed=True,
    correct=Allowance(15, "calendar_days"),
    decide=Allowance(20, extension=Extension(10, "head"), near=3),
    joint=Allowance(45, extension=Extension(15, "government")),
    deliver=Allowance(10),
)
SILENT = Regime("registration", "登记", "registration", Source("演示"), accept=Allowance(5), decide=Allowance(20))


def at(day: str, hour: int = 10) -> int:
    """A Shanghai hour of an ISO date, in µs."""
    return CALENDAR.start_of_day(date.fromisoformat(day)) + hour * HOUR


def end(day: str) -> int:
    """The last microsecond of a Shanghai date."""
    return CALENDAR.end_of_day(date.fromisoformat(day))


def fact(kind: FactKind, day: str, hour: int = 10, **more: object) -> Fact:
    return Fact(kind, at(day, hour), **more)  # type: ignore[arg-type]


def plain(amount: int, unit: str = "working_days", extension: int = 0, near: int | None = None) -> Terms:
    """Terms with nothing but a limit for deciding."""
    longer = Extension(extension) if extension else None
    decide = Allowance(amount, unit, extension=longer, near=near)  # type: ignore[arg-type]
    return Terms(Regime("plain", "普通", "plain", Source("演示"), decide=decide))
