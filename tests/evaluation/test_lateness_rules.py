# SPDX-License-Identifier: Apache-2.0
"""When something is late, and how a length of time is said."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.oracle import Event, as_parquet
from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.rules.lateness import DAY_US, Basis, Lateness, Moment, count_late, is_late, readable
from zhengtong.evaluation.rules.process import process_map

moments = st.builds(Moment, us=st.integers(-5, 5), day=st.integers(-1, 1))
pairs = st.lists(st.tuples(st.none() | moments, st.none() | moments), max_size=30)


@pytest.mark.parametrize(
    ("end", "due", "by_instant", "by_date"),
    [
        (Moment(5, 0), Moment(5, 0), False, False),
        (Moment(6, 0), Moment(5, 0), True, False),
        (Moment(6, 1), Moment(5, 0), True, True),
        (Moment(5, 1), Moment(6, 0), False, True),  # written in different zones
    ],
)
def test_the_very_day_is_in_time_by_date_and_the_very_instant_by_instant(
    end: Moment, due: Moment, by_instant: bool, by_date: bool
) -> None:
    assert is_late(end, due, Basis.INSTANT) is by_instant
    assert is_late(end, due, Basis.DATE) is by_date


@settings(deadline=None, max_examples=40)
@given(pairs)
def test_duckdb_counts_as_the_rule_does(given_pairs: list[tuple[Moment | None, Moment | None]]) -> None:
    columns = {
        "case_id": pa.array([str(n) for n in range(len(given_pairs))], pa.string()),
        "end_us": pa.array([end and end.us for end, _ in given_pairs], pa.int64()),
        "end_day": pa.array([end and end.day for end, _ in given_pairs], pa.int32()),
        "finished": pa.array([end is not None for end, _ in given_pairs], pa.bool_()),
        "attr_due_us": pa.array([due and due.us for _, due in given_pairs], pa.int64()),
        "attr_due_day": pa.array([due and due.day for _, due in given_pairs], pa.int32()),
    }
    with TemporaryDirectory() as folder:
        cases = Path(folder) / "cases.parquet"
        pq.write_table(pa.table(columns), cases)
        with EventLog(as_parquet([Event("c", "a", 1)], Path(folder) / "events.parquet"), cases) as log:
            for basis in Basis:
                found = log.lateness("due", basis)
                assert (found.finished, found.compared, found.late) == count_late(given_pairs, basis)


def test_a_share_of_nothing_is_none_and_every_share_is_floored() -> None:
    def share(compared: int, late: int) -> int | None:
        return Lateness("d", Basis.DATE, compared, compared, late, True, ()).on_time_basis_points

    assert share(0, 0) is None
    assert share(3, 1) == 6666
    assert share(1329, 309) == 7674
    assert share(10**9, 1) == 9999  # never a full hundred while one is late


@pytest.mark.parametrize(
    ("us", "zh", "en"),
    [
        (0, "0 毫秒", "0 ms"),
        (999_999, "999 毫秒", "999 ms"),
        (1_000_000, "1.0 秒", "1.0 s"),
        (59_999_999, "59.9 秒", "59.9 s"),
        (90_000_000, "1.5 分", "1.5 min"),
        (3_600_000_000, "1.0 小时", "1.0 h"),
        (DAY_US - 1, "23.9 小时", "23.9 h"),
        (10 * DAY_US, "10.0 天", "10.0 d"),
        (-90_000_000, "-1.5 分", "-1.5 min"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_unit(us: int, zh: str, en: str) -> None:
    assert readable(us) == (zh, en)


def test_starts_are_what_no_arc_brought() -> None:
    found = process_map({0: "a", 1: "b"}, [(0, 1, 3, 30, 10, 20), (1, None, 3, None, None, None), (0, 0, 1, 4, 4, 0)])
    assert [(one.name, one.events, one.starts, one.ends) for one in found.activities] == [
        ("a", 4, 3, 0),
        ("b", 3, 0, 3),
    ]
    assert (found.events, found.cases) == (7, 3)
    assert found.arcs[0].to_json() == {
        "source": "a",
        "target": "b",
        "count": 3,
        "total_us": 30,
        "median_us": 10,
        "mean_us": 10,
        "waiting_us": 20,
    }
