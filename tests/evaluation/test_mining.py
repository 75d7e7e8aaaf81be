# SPDX-License-Identifier: Apache-2.0
"""Mining in DuckDB agrees with the plain way, on any log, from any of its forms."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from evaluation import oracle
from evaluation.oracle import Event
from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.importing import import_log
from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.engine.report import mine_source
from zhengtong.evaluation.engine.sources import Source
from zhengtong.evaluation.rules.lateness import Basis
from zhengtong.evaluation.rules.process import PERCENTILES


def imported(state: Path, data: bytes, kind: str, name: str = "log") -> Source:
    file = state / f"{name}.{kind}"
    file.write_bytes(data)
    return import_log(file, name, state, now_us=1).source


def check_against_the_plain_way(log: EventLog, made: list[Event]) -> None:
    gaps, cases = oracle.arcs_of(made), oracle.cases_of(made)
    found = log.process_map()
    assert {(arc.source, arc.target): (arc.count, arc.total_us, arc.median_us) for arc in found.arcs} == {
        arc: (len(times), sum(times), oracle.median(times)) for arc, times in gaps.items()
    }
    assert {one.name: (one.events, one.starts, one.ends) for one in found.activities} == {
        name: (
            sum(event.activity == name for event in made),
            sum(inside[0].activity == name for inside in cases.values()),
            sum(inside[-1].activity == name for inside in cases.values()),
        )
        for name in {event.activity for event in made}
    }
    variants = log.variants(100)
    assert {one.sequence: one.cases for one in variants.top} == dict(oracle.variants_of(made))
    assert variants.total == len(oracle.variants_of(made))
    assert variants.single == list(oracle.variants_of(made).values()).count(1)
    check_durations_and_rework(log, cases)


def check_durations_and_rework(log: EventLog, cases: dict[str, list[Event]]) -> None:
    lengths = [inside[-1].us - inside[0].us for inside in cases.values()]
    durations = log.durations()
    assert durations is not None
    assert (durations.cases, durations.total_us) == (len(lengths), sum(lengths))
    assert (durations.min_us, durations.median_us, durations.max_us) == (
        min(lengths),
        oracle.median(lengths),
        max(lengths),
    )
    assert dict(durations.percentiles) == {one: oracle.nearest_rank(lengths, one) for one in PERCENTILES}
    rework = log.rework()
    counted = [Counter(event.activity for event in inside) for inside in cases.values()]
    repeated = {name for counts in counted for name, n in counts.items() if n > 1}
    assert {one.activity: (one.cases, one.repeats, one.self_loops) for one in rework.repeats} == {
        name: (
            sum(counts[name] > 1 for counts in counted),
            sum(max(counts[name] - 1, 0) for counts in counted),
            sum(
                one.activity == other.activity == name
                for inside in cases.values()
                for one, other in itertools.pairwise(inside)
            ),
        )
        for name in repeated
    }
    assert rework.cases == sum(any(n > 1 for n in counts.values()) for counts in counted)
    back = Counter(
        (a.activity, b.activity)
        for inside in cases.values()
        for a, b, c in zip(inside, inside[1:], inside[2:], strict=False)
        if a.activity == c.activity != b.activity
    )
    assert {(one.activity, one.other): one.count for one in rework.ping_pong} == dict(back)


@settings(deadline=None, max_examples=60)
@given(oracle.logs)
def test_mining_parquet_in_any_order_agrees_with_the_plain_way(made: list[Event]) -> None:
    with TemporaryDirectory() as folder, EventLog(oracle.as_parquet(made, Path(folder) / "e.parquet")) as log:
        check_against_the_plain_way(log, made)
        shares = {share.name: (share.events, share.cases) for share in log.shares("resource")}
        whose = {event.resource for event in made}
        assert shares == {
            who: (
                sum(event.resource == who for event in made),
                len({event.case for event in made if event.resource == who}),
            )
            for who in whose
        }


@settings(deadline=None, max_examples=25)
@given(oracle.logs)
def test_a_log_gives_the_same_figures_from_csv_and_from_xes(made: list[Event]) -> None:
    with TemporaryDirectory() as folder:
        told = []
        for kind, data in (("csv", oracle.as_csv(made)), ("xes", oracle.as_xes(made))):
            source = imported(Path(folder), data, kind, kind)
            with EventLog.of(source) as log:
                check_against_the_plain_way(log, made)
                mined = mine_source(source, log, 50).to_json()
            told.append({key: value for key, value in mined.items() if not key.startswith("source")})
        assert json.dumps(told[0]) == json.dumps(told[1])


def test_ties_in_time_keep_the_order_of_the_file(tmp_path: Path) -> None:
    made = [Event("c", name, 7) for name in ("z", "a", "m", "a")]
    with EventLog.of(imported(tmp_path, oracle.as_csv(made), "csv")) as log:
        assert log.variants(1).top[0].sequence == ("z", "a", "m", "a")


def test_a_source_lies_in_the_order_that_mining_streams_over(tmp_path: Path) -> None:
    """Unsorted it would give the same figures, but be sorted again on every opening."""
    made = [Event(case, "a", us) for us in (9, 7, 7, 8) for case in ("y", "x")]
    rows = pq.read_table(imported(tmp_path, oracle.as_csv(made), "csv").events).to_pylist()
    order = [(row["case_no"], row["time_us"], row["position"]) for row in rows]
    assert order == sorted(order)
    assert [row["case_id"] for row in rows] == ["y"] * 4 + ["x"] * 4


def test_a_file_that_only_claims_to_be_sorted_is_sorted_first(tmp_path: Path) -> None:
    rows = [(1, "x", 5, 0), (0, "y", 9, 1), (1, "y", 3, 2), (0, "x", 1, 3)]
    columns = {
        "case_no": pa.array([row[0] for row in rows], pa.int32()),
        "case_id": [str(row[0]) for row in rows],
        "activity_no": pa.array([{"x": 0, "y": 1}[row[1]] for row in rows], pa.int32()),
        "activity": [row[1] for row in rows],
        "time_us": pa.array([row[2] for row in rows], pa.int64()),
        "position": pa.array([row[3] for row in rows], pa.int64()),
    }
    pq.write_table(pa.table(columns), tmp_path / "e.parquet")
    with EventLog(tmp_path / "e.parquet") as log:
        arcs = {(arc.source, arc.target): arc.total_us for arc in log.process_map().arcs}
    assert arcs == {("y", "x"): 2, ("x", "y"): 8}


def test_several_segments_are_one_log(tmp_path: Path) -> None:
    made = [Event("c1", "a", 1), Event("c2", "a", 2), Event("c1", "b", 3), Event("c2", "b", 9)]
    pq.write_table(pq.read_table(oracle.as_parquet(made, tmp_path / "all.parquet")).slice(0, 2), tmp_path / "1.parquet")
    pq.write_table(pq.read_table(tmp_path / "all.parquet").slice(2), tmp_path / "2.parquet")
    with EventLog([tmp_path / "2.parquet", tmp_path / "1.parquet"]) as log:
        check_against_the_plain_way(log, made)


def test_a_hundred_thousand_variants_are_counted_and_only_the_first_spelled_out(tmp_path: Path) -> None:
    cases = 100_000
    digits = [format(number, "017b") for number in range(cases)]
    columns = {
        "case_id": [str(number) for number in range(cases) for _ in range(17)],
        "activity": [digit for text in digits for digit in text],
        "time_us": pa.array([0] * cases * 17, pa.int64()),
        "position": pa.array(range(cases * 17), pa.int64()),
    }
    pq.write_table(pa.table(columns), tmp_path / "e.parquet")
    with EventLog(tmp_path / "e.parquet") as log:
        variants = log.variants(2)
    assert (variants.total, variants.single, len(variants.top)) == (cases, cases, 2)
    assert variants.top[0].sequence == tuple("0" * 17)


def test_waiting_ends_where_the_next_step_starts(tmp_path: Path) -> None:
    text = "case_id,activity,timestamp,start_timestamp\n" + "".join(
        f"c,{name},1970-01-01T00:00:{end:02}Z,1970-01-01T00:00:{start:02}Z\n"
        for name, start, end in (("a", 0, 10), ("b", 14, 20), ("d", 15, 30))
    )
    with EventLog.of(imported(tmp_path, text.encode(), "csv")) as log:
        arcs = {arc.source: arc for arc in log.process_map().arcs}
        waits = log.process_map().bottlenecks(1)
    assert (arcs["a"].total_us, arcs["a"].waiting_us) == (10_000_000, 4_000_000)
    assert (arcs["b"].total_us, arcs["b"].waiting_us) == (10_000_000, 0)
    assert [arc.source for arc in waits] == ["a"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"case_id": ["a"], "activity": ["x"]}, "time_us"),
        ({"case_id": ["a", None], "activity": ["x", "y"], "time_us": [1, 2]}, "1 events lack"),
        ({"case_id": ["a", "a"], "activity": ["x", "y"], "time_us": [1, None]}, "1 events lack"),
    ],
)
def test_events_without_case_activity_or_time_are_refused(
    tmp_path: Path, columns: dict[str, list[object]], told: str
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "e.parquet")
    with pytest.raises(BadInput, match=told):
        EventLog(tmp_path / "e.parquet")


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput, match="cannot be read"):
        EventLog(tmp_path / "e.parquet")


LATE = """case_id,activity,timestamp,case:enddate,case:deadline
done-late,x,2026-01-01T00:00:00Z,2026-01-03T00:30:00+01:00,2026-01-02T23:30:00+01:00
same-day,x,2026-01-01T00:00:00Z,2026-01-02T18:00:00Z,2026-01-02T09:00:00Z
in-time,x,2026-01-01T00:00:00Z,2026-01-02T08:00:00Z,2026-01-02T09:00:00Z
no-limit,x,2026-01-01T00:00:00Z,2026-01-02T08:00:00Z,
open,x,2026-01-01T00:00:00Z,,2026-01-01T00:00:00Z
"""


def test_lateness_by_instant_and_by_the_date_as_written(tmp_path: Path) -> None:
    source = imported(tmp_path, LATE.encode(), "csv")
    assert source.about["due"] == ["deadline"]
    with EventLog.of(source) as log:
        by_instant, by_date = log.lateness("deadline", Basis.INSTANT, 9), log.lateness("deadline", Basis.DATE, 9)
        with pytest.raises(BadInput, match="no such limit"):
            log.lateness("nonsense", Basis.DATE)
    assert (by_instant.finished, by_instant.compared, by_instant.late) == (4, 3, 2)
    assert (by_date.finished, by_date.compared, by_date.late) == (4, 3, 1)
    assert [(one.case_id, one.days) for one in by_date.worst] == [("done-late", 1)]
    assert by_date.on_time_basis_points == 6666
    assert by_date.rule_declared


@oracle.needs_permits
@pytest.mark.parametrize("kind", ["csv", "xes"])
def test_the_permit_log_gives_its_known_figures_without_a_mapping(tmp_path: Path, kind: str) -> None:
    source = import_log(oracle.permits(kind), "permits", tmp_path, now_us=1).source
    assert (source.about["events"], source.about["cases"], source.about["activities"]) == (8577, 1434, 27)
    with EventLog.of(source) as log:
        mined = mine_source(source, log, 5).to_json()
    assert (mined["arcs"], mined["variants"], mined["finished"]) == (99, 116, 1329)
    assert mined["late"] == {"deadline": 309, "enddate_planned": 322}
    assert sum(arc["count"] for arc in mined["map"]["arcs"]) == 8577 - 1434


@oracle.needs_permits
def test_the_permit_log_is_the_same_from_both_its_files(tmp_path: Path) -> None:
    told = []
    for kind in ("csv", "xes"):
        source = import_log(oracle.permits(kind), kind, tmp_path, now_us=1).source
        events = pq.read_table(source.events).drop_columns(["attributes"])
        with EventLog.of(source) as log:
            mined = mine_source(source, log, 500).to_json()
        told.append((events, {key: value for key, value in mined.items() if not key.startswith("source")}))
    assert told[0][0].equals(told[1][0])
    assert told[0][1] == told[1][1]
