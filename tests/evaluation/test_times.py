# SPDX-License-Identifier: Apache-2.0
"""Times as people write them become one instant and one local day, whatever the format."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.evaluation.engine.duck import connect
from zhengtong.evaluation.engine.times import DEFAULT_FORMATS, compile_format, time_sql

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 -- zones are added by the tests
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.fixture(scope="module")
def duck() -> duckdb.DuckDBPyConnection:
    return connect()


def read(
    duck: duckdb.DuckDBPyConnection, text: str, formats: tuple[str, ...] = DEFAULT_FORMATS, zone: str | None = None
) -> tuple[int | None, int | None, bool | None]:
    """(microseconds UTC, local day, whether a zone was needed)."""
    made = time_sql("t", "x", formats, zone)
    parts = f"SELECT {made.parts} FROM (SELECT ?::VARCHAR AS x)"
    row = duck.execute(f"SELECT {made.us}, {made.day}, {made.naive} FROM ({parts})", [text]).fetchone()
    assert row is not None
    return row


def us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def day(moment: datetime) -> int:
    return (moment.date() - date(1970, 1, 1)).days


@settings(deadline=None, max_examples=30)
@given(moment=moments, zone=offsets, between=st.sampled_from("T "))
def test_iso_with_an_offset_keeps_its_instant_and_the_date_as_written(
    duck: duckdb.DuckDBPyConnection, moment: datetime, zone: timezone, between: str
) -> None:
    written = moment.replace(tzinfo=zone)
    assert read(duck, written.isoformat(between)) == (us(written), day(written), False)


@settings(deadline=None, max_examples=30)
@given(moment=moments, zone=offsets)
def test_a_declared_zone_decides_the_date_but_not_the_instant(
    duck: duckdb.DuckDBPyConnection, moment: datetime, zone: timezone
) -> None:
    written = moment.replace(tzinfo=zone)
    here = written.astimezone(ZoneInfo("Asia/Shanghai"))
    assert read(duck, written.isoformat(), zone="Asia/Shanghai") == (us(written), day(here), False)


@settings(deadline=None, max_examples=30)
@given(moment=moments.map(lambda moment: moment.replace(microsecond=0)))
@pytest.mark.parametrize(
    ("written", "formats"),
    [
        ("%Y年%m月%d日 %H:%M:%S", DEFAULT_FORMATS),
        ("%Y/%m/%d %H:%M:%S", DEFAULT_FORMATS),
        ("%Y-%m-%d %H:%M:%S", DEFAULT_FORMATS),
        ("%d.%m.%Y %H:%M:%S", ("dd.mm.yyyy hh:mm:ss",)),
        ("%d-%m-%Y %H:%M:%S.%f", ("dd-MM-yyyy HH:mm:ss.SSS",)),
        ("%d-%m-%Y %H:%M:%S.%f", ("dd-mm-yyyy hh:mm:ss.fff",)),
        ("%m/%d/%Y %I:%M:%S %p", ("%m/%d/%Y %I:%M:%S %p",)),
    ],
)
def test_a_time_without_zone_is_local_to_the_declared_one(
    duck: duckdb.DuckDBPyConnection, moment: datetime, written: str, formats: tuple[str, ...]
) -> None:
    """China kept summer time from 1986 to 1991 and stranger hours before 1950; outside, it is eight hours all year."""
    if moment.year < 1992:
        moment = moment.replace(year=1992 + moment.year % 100, day=min(moment.day, 28))
    local = moment.replace(tzinfo=timezone(timedelta(hours=8)))
    text = moment.strftime(written)
    assert read(duck, text, formats, "Asia/Shanghai") == (us(local), day(local), True)
    unknown = read(duck, text, formats)
    assert (unknown[0], unknown[2]) == (None, True)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-09", datetime(2026, 11, 9)),  # noqa: DTZ001
        ("2026-1-9 8:03", datetime(2026, 1, 9, 8, 3)),  # noqa: DTZ001
        ("2026年11月9日 10:03", datetime(2026, 11, 9, 10, 3)),  # noqa: DTZ001
        ("2026年1月9日", datetime(2026, 1, 9)),  # noqa: DTZ001
        ("2026年1月9日 8时3分", datetime(2026, 1, 9, 8, 3)),  # noqa: DTZ001
        ("2026/1/9 8:03", datetime(2026, 1, 9, 8, 3)),  # noqa: DTZ001
        ("2026-11-09T08:03:01,5", datetime(2026, 11, 9, 8, 3, 1, 500_000)),  # noqa: DTZ001
    ],
)
def test_usual_ways_to_write_a_time_need_no_format(
    duck: duckdb.DuckDBPyConnection, text: str, moment: datetime
) -> None:
    assert read(duck, text, zone="UTC")[0] == us(moment.replace(tzinfo=UTC))


@settings(deadline=None, max_examples=30)
@given(number=st.integers(-(10**15), 4 * 10**15))
def test_epochs_of_each_unit_are_floored_to_microseconds(duck: duckdb.DuckDBPyConnection, number: int) -> None:
    day_us = 86_400_000_000
    assert read(duck, str(number), ("epoch_us",)) == (number, number // day_us, False)
    whole = number // 1000
    assert read(duck, str(whole), ("epoch_ms",)) == (whole * 1000, whole * 1000 // day_us, False)
    assert read(duck, f"{number // 10**6}.25", ("epoch_s",))[0] in {
        number // 10**6 * 10**6 + 250_000,
        number // 10**6 * 10**6 - 250_000,  # minus a quarter where the number is negative
    }


@pytest.mark.parametrize(
    "text", ["", "x", "infinity", "-infinity", "epoch", "2026-02-30", "2026-13-01", "2026-11-09T25:00Z", "20261109"]
)
def test_what_is_no_time_is_none(duck: duckdb.DuckDBPyConnection, text: str) -> None:
    assert read(duck, text, zone="UTC")[0] is None


def test_an_offset_may_follow_a_pattern(duck: duckdb.DuckDBPyConnection) -> None:
    moment = datetime(2026, 1, 9, 10, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert read(duck, "9/1/2026 10:00 +0530", ("dd/mm/yyyy hh:mm z",)) == (us(moment), day(moment), False)
    assert read(duck, "9/1/2026 10:00", ("dd/mm/yyyy hh:mm z",), "UTC")[2]


def test_the_first_format_that_fits_wins(duck: duckdb.DuckDBPyConnection) -> None:
    assert read(duck, "3.4.2026", ("dd.mm.yyyy", "mm.dd.yyyy"), "UTC")[1] == day(datetime(2026, 4, 3, tzinfo=UTC))
    assert read(duck, "3.14.2026", ("dd.mm.yyyy", "mm.dd.yyyy"), "UTC")[1] == day(datetime(2026, 3, 14, tzinfo=UTC))


@pytest.mark.parametrize("name", ["", "hh:mm", "iso8601", "yyyy-mm", "%Y-%Q-%d", "dd.mm.yyyy week", "%z %d", "'; DROP"])
def test_what_is_no_format_is_refused_in_both_languages(name: str) -> None:
    with pytest.raises(ValueError, match=r"不是时间格式.* ‖ .*is no format of time"):
        compile_format(name)


def test_minutes_and_months_are_told_apart_by_the_hour_before_them() -> None:
    assert compile_format("mm/dd/yyyy hh:mm").pattern == "%m/%d/%Y %H:%M"
    assert compile_format("yyyy年m月d日 h时m分").pattern == "%Y年%m月%d日 %H时%M分"
    assert compile_format("yyyy-MM-ddTHH:mm:ss").pattern == "%Y-%m-%dT%H:%M:%S"
