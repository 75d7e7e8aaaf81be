# SPDX-License-Identifier: Apache-2.0
"""The record as tables, and counts over them, against the same counted in plain Python."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.log_factory import BEGIN, DAY, MadeCase, made_cases, write
from zhengtong.errors import Contradicted
from zhengtong.evaluation.engine import tallies
from zhengtong.evaluation.engine.snapshot import Known, Record, Snapshot
from zhengtong.evaluation.engine.tallies import KINDS, Chosen, Line
from zhengtong.ledger.engine.segments import Segments
from zhengtong.ledger.rules.canonical import canonical

HOUR = DAY // 24


def snapshot(held: Segments, leaves: int | None = None, known: tuple[Known, ...] = ()) -> Snapshot:
    record = Record(held.folder, held.origin)
    return record.at(record.size() if leaves is None else leaves, known)


def decided(cases: list[MadeCase]) -> list[tuple[MadeCase, Any]]:
    return [(case, s) for case in cases for s in case.steps if s.type in {"step_granted", "step_refused"}]


@settings(deadline=None, max_examples=6)
@given(made_cases(), st.sampled_from(["department", "service", "life-event", "channel"]))
def test_every_group_counts_its_own_steps_and_all_are_counted_once(cases: list[MadeCase], by: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = snapshot(write(Path(folder), [cases]))
    names = {
        "department": lambda case, step: step.department,
        "service": lambda case, step: step.service,
        "life-event": lambda case, step: case.life_event,
        "channel": lambda case, step: case.attributes["channel"],
    }
    expected: Counter[str] = Counter(names[by](case, step) for case, step in decided(cases))
    late: Counter[str] = Counter(names[by](case, step) for case, step in decided(cases) if step.late)
    lines = tallies.lines(found, by, Chosen())
    assert {line.group: line.decided for line in lines if line.decided} == expected
    assert {line.group: line.late for line in lines if line.late} == late
    whole = tallies.total(found, Chosen())
    assert (whole.decided, whole.late) == (expected.total(), late.total())
    assert (whole.on_time, whole.days) == (whole.decided - whole.late, sum(line.days for line in lines))


@settings(deadline=None, max_examples=5)
@given(made_cases(), st.sampled_from(sorted(KINDS)), st.sampled_from(["", "police", "cdc"]))
def test_a_count_and_the_list_opened_from_it_agree(cases: list[MadeCase], kind: str, department: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = snapshot(write(Path(folder), [cases]))
    chosen = Chosen(department=department)
    rows = tallies.steps(found, kind, chosen)
    assert len(rows) == tallies.count(found, kind, chosen)
    pages = [tallies.steps(found, kind, chosen, start=n, most=2) for n in range(0, len(rows) + 1, 2)]
    assert [row for page in pages for row in page] == rows
    if kind == "late":
        assert all(row.late for row in rows)
    assert all(row.department == department for row in rows if department)


@settings(deadline=None, max_examples=4)
@given(made_cases(most=4), made_cases(most=4))
def test_as_of_a_leaf_later_events_are_not_there_and_reading_on_changes_nothing(
    first: list[MadeCase], later: list[MadeCase]
) -> None:
    renamed = [MadeCase(f"N{c.number}", *[getattr(c, f) for f in list(c.__dataclass_fields__)[1:]]) for c in later]
    with tempfile.TemporaryDirectory() as folder:
        alone = write(Path(folder) / "a", [first])
        size = alone.manifest().size
        before = tallies.lines(snapshot(alone), "service", Chosen())
        both = write(Path(folder) / "b", [first, renamed])
        record = Record(both.folder, both.origin)
        assert tallies.lines(record.at(size), "service", Chosen()) == before
        whole = record.at(record.size())  # read on from where it stood
        assert tallies.lines(whole, "service", Chosen()) == tallies.lines(snapshot(both), "service", Chosen())
        assert tallies.lines(record.at(size), "service", Chosen()) == before, "and back again"


@settings(deadline=None, max_examples=5)
@given(made_cases(), st.lists(st.integers(0, 140), min_size=2, max_size=6, unique=True))
def test_every_decision_falls_into_one_period(cases: list[MadeCase], days: list[int]) -> None:
    starts = [BEGIN + day * DAY for day in sorted(days)]
    with tempfile.TemporaryDirectory() as folder:
        lines = tallies.by_period(snapshot(write(Path(folder), [cases])), starts, Chosen())
    for line, begin, end in zip(lines, starts, starts[1:], strict=False):
        assert line.decided == sum(begin <= step.decided_us < end for _, step in decided(cases))


Told = tuple[str, int, str, dict[str, Any]]


def told(folder: Path, *events: Told, number: str = "M26-1") -> Snapshot:
    """A record of one newborn case: (type, hours after its beginning, department, attributes)."""
    held = Segments(folder, "told/up")
    rows, objects = [], []
    for index, (type, hours, department, attributes) in enumerate(events):
        one, at = f"{index:032x}", BEGIN + hours * HOUR
        text = canonical({"life_event": "newborn", **attributes}).decode()
        rows.append((index, one, one, type, at, at, "system", department, text))
        objects.append((index, one, "case", number, "state" if type.startswith("case") else ""))
        if type.startswith("rating") or type == "case_rated":
            objects.append((index, one, "rating", "r1", "state"))
    with held.writing():
        held.add(iter([(rows, objects)]), end=len(rows), root="0" * 64)
    return snapshot(held, known=(Known("newborn", "birth", "police", "registration"),))


BIRTH = {"service": "birth"}
SUBMITTED: Told = ("case_submitted", 0, "", {"channel": "portal", "fields_typed": 9, "visits": 1})


def test_a_step_knows_where_its_time_went(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        SUBMITTED,
        ("step_planned", 0, "", BIRTH),
        ("step_received", 5, "cdc", BIRTH),
        ("correction_asked", 7, "police", BIRTH),
        ("correction_supplied", 17, "", BIRTH),
        ("step_accepted", 20, "police", BIRTH),
        ("step_paused", 24, "police", {**BIRTH, "reason": "hearing"}),
        ("step_resumed", 124, "police", BIRTH),
        ("step_foreseen_by_nobody_yet", 125, "police", BIRTH),
        ("step_refused", 130, "police", {**BIRTH, "reason": "false", "promised_due_us": BEGIN, "used_days": 4}),
        ("case_closed", 130, "", {"outcome": "refused"}),
    )
    (line,) = tallies.lines(found, "department", Chosen())
    hours = (line.waiting_us, line.applicant_us, line.paused_us, line.working_us)
    assert [one // HOUR for one in hours] == [2 + 3, 10, 100, 4 + 6]
    assert (line.group, line.decided, line.late, line.corrected, line.refused) == ("police", 1, 1, 1, 1)
    assert tallies.refusals(found, Chosen()) == [tallies.Refusals("refused", "false", 1)]
    assert tallies.lines(found, "regime", Chosen())[0].group == "registration"
    assert tallies.backlog(found, Chosen()) == []
    assert found.one("SELECT channel, fields_typed, visits, outcome FROM cases") == ("portal", 9, 1, "refused")


def test_what_is_open_lies_with_the_department_the_applicant_or_is_paused(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        SUBMITTED,
        ("step_received", 0, "", BIRTH),
        ("step_received", 1, "", {"service": "card"}),
        ("correction_asked", 2, "hr", {"service": "card"}),
        ("step_planned", 0, "", {"service": "insurance"}),
    )
    waiting = {line.department: line for line in tallies.backlog(found, Chosen())}
    assert set(waiting) == {"police", "hr"}, "whose it is, the definitions know; what waits for others is with nobody"
    assert (waiting["police"].with_department, waiting["hr"].with_applicant) == (1, 1)
    assert tallies.count(found, "open", Chosen(since_us=BEGIN + 999 * DAY)) == 2, "open now, whatever the period"


def test_a_rating_is_followed_through_its_loop(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        SUBMITTED,
        ("case_rated", 200, "", {"level": 1, "concerns": "police"}),
        ("rating_checked", 210, "police", {"upheld": True}),
        ("rating_repaired", 300, "police", {}),
        ("rating_called_back", 310, "police", {"satisfied": False}),
    )
    row = found.one("SELECT department, level, upheld, satisfied, called_us FROM ratings")
    assert row == ("police", 1, "true", "false", BEGIN + 310 * HOUR)


def test_cases_grouped_from_outside_the_record_are_counted_by_that_group(tmp_path: Path) -> None:
    done = ("step_granted", 9, "police", BIRTH)
    found = told(tmp_path, SUBMITTED, ("step_received", 0, "", BIRTH), done)
    assert [(line.group, line.decided) for line in tallies.crossed(found, [("M26-1", "married")], Chosen())] == [
        ("married", 1)
    ]
    assert tallies.crossed(found, [("M26-1", "x")], Chosen(numbers=frozenset())) == []
    assert tallies.total(found, Chosen(numbers=frozenset({"M26-1"}))).decided == 1


def test_a_segment_that_was_changed_is_not_counted_from(tmp_path: Path) -> None:
    told(tmp_path, SUBMITTED)
    (events,) = tmp_path.glob("*.events.parquet")
    events.write_bytes(events.read_bytes()[:-1] + b"x")
    with pytest.raises(Contradicted):
        snapshot(Segments(tmp_path, "told/up"))


def test_an_empty_record_has_no_share_rather_than_a_perfect_one(tmp_path: Path) -> None:
    found = snapshot(Segments(tmp_path, "empty/up"))
    assert tallies.total(found, Chosen()) == Line("", waiting_us=0)
    assert tallies.total(found, Chosen()).share_on_time is None
    assert tallies.channels(found, "", None, None) == []
