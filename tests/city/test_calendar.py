# SPDX-License-Identifier: Apache-2.0
"""Working days: counted in constant time, equal to counting one by one; years without a notice are provisional."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.city.calendar import FIRST, LAST, WorkingCalendar, YearTable, conflicts
from zhengtong.city.definition import CalendarYear
from zhengtong.city.seeding import calendar_file, published_years
from zhengtong.city.source import parse
from zhengtong.city.validation import validate
from zhengtong.errors import BadInput, NotFound

ZONE = ZoneInfo("Asia/Shanghai")
YEARS = (2024, 2025, 2026)
HOURS = {0: ((time(9), time(12)), (time(13, 30), time(17, 30))), 4: ((time(9), time(16)),)}


def year_file(year: int) -> CalendarYear:
    document = parse(calendar_file(year).encode(), f"calendar/{year}.yaml")
    value, faults = validate(CalendarYear, document.data, document, ())
    assert isinstance(value, CalendarYear), faults
    return value


CALENDAR = WorkingCalendar(ZONE, tuple(year_file(year).table() for year in YEARS), HOURS)
days = st.dates(date(2023, 6, 1), date(2028, 6, 30))


def slow_count(start: date, end: date) -> int:
    """Working days in (start, end], one by one, by the package the table was seeded from."""
    count, day = 0, start
    while day < end:
        day += timedelta(days=1)
        if day.year in YEARS:
            count += chinese_calendar.is_workday(day)
        else:
            count += day.weekday() < 5
    return count


@settings(deadline=None)
@given(start=days, end=days)
def test_counting_by_prefix_sums_equals_counting_day_by_day(start: date, end: date) -> None:
    start, end = min(start, end), max(start, end)
    assert CALENDAR.working_days_between(start, end) == slow_count(start, end)


@settings(deadline=None)
@given(start=days, n=st.integers(1, 250))
def test_the_nth_working_day_is_one_and_n_days_are_between(start: date, n: int) -> None:
    due = CALENDAR.add_working_days(start, n)
    assert due > start
    assert CALENDAR.is_working_day(due)
    assert slow_count(start, due) == n


@given(start=days, n=st.integers(-250, 250))
def test_adding_and_counting_are_inverse_in_both_directions(start: date, n: int) -> None:
    assert CALENDAR.working_days_between(start, CALENDAR.add_working_days(start, n)) == n


@given(start=days, a=st.integers(1, 60), b=st.integers(1, 60))
def test_days_added_in_two_parts_are_days_added_at_once(start: date, a: int, b: int) -> None:
    first = CALENDAR.add_working_days(start, a)
    assert CALENDAR.add_working_days(first, b) == CALENDAR.add_working_days(start, a + b)


@given(a=days, b=days, c=days)
def test_counts_add_up_over_a_day_in_between(a: date, b: date, c: date) -> None:
    a, b, c = sorted((a, b, c))
    between = CALENDAR.working_days_between
    assert between(a, b) + between(b, c) == between(a, c)


@given(day=days)
def test_the_next_working_day_is_the_day_itself_or_the_first_after_it(day: date) -> None:
    found = CALENDAR.next_working_day(day)
    assert CALENDAR.is_working_day(found)
    assert not any(CALENDAR.is_working_day(day + timedelta(days=i)) for i in range((found - day).days))


def test_a_make_up_saturday_counts_and_the_golden_week_does_not() -> None:
    assert CALENDAR.is_working_day(date(2026, 10, 10))
    assert CALENDAR.is_working_day(date(2026, 9, 20))
    assert not CALENDAR.is_working_day(date(2026, 10, 7))
    # accepted on Wednesday 30 September 2026: five working days end on Tuesday 13 October
    assert CALENDAR.add_working_days(date(2026, 9, 30), 5) == date(2026, 10, 13)


def test_a_year_without_a_notice_is_provisional_and_counts_weekdays() -> None:
    assert [CALENDAR.provisional(date(year, 6, 1)) for year in (2023, 2024, 2026, 2027)] == [
        True,
        False,
        False,
        True,
    ]
    assert CALENDAR.is_working_day(date(2027, 10, 1))  # a Friday nobody has published yet
    assert CALENDAR.provisional_between(date(2026, 12, 20), date(2027, 1, 5))
    assert CALENDAR.provisional_between(date(2027, 1, 5), date(2026, 12, 20))
    assert not CALENDAR.provisional_between(date(2024, 1, 1), date(2026, 12, 31))


def test_a_table_written_ahead_of_the_notice_counts_but_stays_provisional() -> None:
    ahead = YearTable(2027, frozenset({date(2027, 10, 1)}), frozenset(), published=False)
    calendar = WorkingCalendar(ZONE, (ahead,))
    assert not calendar.is_working_day(date(2027, 10, 1))
    assert calendar.provisional(date(2027, 10, 1))


def test_publishing_a_year_changes_no_other_year() -> None:
    fewer = WorkingCalendar(ZONE, tuple(year_file(year).table() for year in (2024, 2025)))
    for ordinal in range(date(2023, 1, 1).toordinal(), date(2026, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        assert fewer.is_working_day(day) == CALENDAR.is_working_day(day)


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(2101, 1, 1)])
def test_a_date_outside_the_table_is_refused_with_the_span(day: date) -> None:
    for ask in (CALENDAR.is_working_day, lambda d: CALENDAR.working_days_between(d, FIRST)):
        with pytest.raises(BadInput) as error:
            ask(day)
        assert error.value.expected == f"{FIRST} – {LAST}"
    with pytest.raises(BadInput):
        CALENDAR.add_working_days(LAST, 1)
    with pytest.raises(BadInput):
        CALENDAR.add_working_days(FIRST, -1)


@given(day=days)
def test_a_day_begins_and_ends_in_the_citys_zone(day: date) -> None:
    start, end = CALENDAR.start_of_day(day), CALENDAR.end_of_day(day)
    assert end - start == 86_400_000_000 - 1  # Shanghai has kept one offset since 1991
    assert CALENDAR.date_of(start) == CALENDAR.date_of(end) == day
    assert CALENDAR.date_of(start - 1) == day - timedelta(days=1)
    assert CALENDAR.date_of(end + 1) == day + timedelta(days=1)


@given(us=st.integers(0, 4_000_000_000_000_000))
def test_an_instant_lies_in_the_day_it_is_said_to(us: int) -> None:
    day = CALENDAR.date_of(us)
    assert CALENDAR.start_of_day(day) <= us <= CALENDAR.end_of_day(day)


def test_an_instant_is_microseconds_since_1970_utc() -> None:
    expected = datetime(2026, 11, 9, 8, 30, tzinfo=ZONE).timestamp()
    assert CALENDAR.instant(date(2026, 11, 9), time(8, 30)) == round(expected) * 1_000_000


@pytest.mark.parametrize(
    ("day", "closes"),
    [
        (date(2026, 11, 9), time(17, 30)),  # Monday: the last of two spans
        (date(2026, 11, 13), time(16)),  # Friday
        (date(2026, 10, 10), time(16)),  # a make-up Saturday closes as Friday does
    ],
)
def test_the_working_day_ends_at_closing_time(day: date, closes: time) -> None:
    assert CALENDAR.end_of_working_day(day) == CALENDAR.instant(day, closes)


def test_a_day_without_hours_ends_at_midnight() -> None:
    sunday = date(2026, 11, 8)
    assert CALENDAR.end_of_working_day(sunday) == CALENDAR.end_of_day(sunday)
    bare = WorkingCalendar(ZONE)
    assert bare.end_of_working_day(date(2026, 11, 9)) == bare.end_of_day(date(2026, 11, 9))


def test_a_day_with_a_clock_change_is_as_long_as_it_is() -> None:
    berlin = WorkingCalendar(ZoneInfo("Europe/Berlin"))
    short, long = date(2026, 3, 29), date(2026, 10, 25)
    hour = 3_600_000_000
    assert berlin.end_of_day(short) + 1 - berlin.start_of_day(short) == 23 * hour
    assert berlin.end_of_day(long) + 1 - berlin.start_of_day(long) == 25 * hour


def test_conflicting_tables_are_found_with_both_years() -> None:
    day = date(2026, 12, 31)
    off = YearTable(2027, frozenset({day}), frozenset())
    on = YearTable(2026, frozenset(), frozenset({day}))
    assert conflicts([on, off]) == {day: (2027, 2026)}
    assert conflicts([off]) == {}


@pytest.mark.parametrize("year", YEARS)
def test_the_seeded_year_is_the_package_day_by_day(year: int) -> None:
    for ordinal in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        assert CALENDAR.is_working_day(day) == chinese_calendar.is_workday(day), day


# Where the `holidays` package and our table differ, the day is listed here with the reason, never papered over.
# For 2024 to 2026 they agree on every day.
DIFFERENCES: dict[date, str] = {}


@pytest.mark.parametrize("year", YEARS)
def test_a_second_package_agrees_but_for_the_days_listed(year: int) -> None:
    other = holidays.country_holidays("CN", years=year)
    differing = {
        day
        for day in (date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()))
        if CALENDAR.is_working_day(day) != other.is_working_day(day)
    }
    assert differing == {day for day in DIFFERENCES if day.year == year}


def test_every_published_year_can_be_seeded_and_reads_back_sound() -> None:
    for year in published_years():
        table = year_file(year).table()
        assert table.published
        assert {day.year for day in table.holidays} == {year}


def test_a_year_not_published_is_refused_by_name() -> None:
    unknown = published_years()[-1] + 1
    with pytest.raises(NotFound) as error:
        calendar_file(unknown)
    assert error.value.found == unknown
