# SPDX-License-Identifier: Apache-2.0
"""The process of the own record: each step followed by itself, whatever happened between."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from evaluation.log_factory import BEGIN, DAY
from evaluation.test_snapshot import HOUR, Told, snapshot
from zhengtong.evaluation.engine.lifelines import Activity, Arc, Process, Rework, Wanted, cases_with, process
from zhengtong.evaluation.engine.snapshot import Snapshot
from zhengtong.evaluation.rules.lanes import BOX_H, BOX_W, columns, draw
from zhengtong.ledger.engine.segments import Segments
from zhengtong.ledger.rules.canonical import canonical

PLAIN = ("step_received", "step_accepted", "step_granted")
CORRECTED = ("step_received", "correction_asked", "correction_supplied", "step_accepted", "step_granted")


def lived(folder: Path, cases: dict[str, dict[str, tuple[str, ...]]], *, every: int = 2) -> Snapshot:
    """Cases whose steps live as named, one event every so many hours, all steps' events in between one another."""
    told: list[tuple[str, Told]] = []
    for number, steps in cases.items():
        told.append((number, ("case_submitted", 0, "", {"channel": "portal"})))
        length = max(len(types) for types in steps.values())
        for place in range(length):
            for service, types in steps.items():
                if place < len(types):
                    department = {"birth": "police", "vaccine": "cdc"}[service]
                    told.append((number, (types[place], (place + 1) * every, department, {"service": service})))
        told.append((number, ("case_closed", (length + 1) * every, "", {"outcome": "completed"})))
    rows: list[Any] = []
    objects: list[Any] = []
    for index, (number, (type, hours, department, attributes)) in enumerate(told):
        one, at = f"{index:032x}", BEGIN + hours * HOUR
        text = canonical({"life_event": "newborn", **attributes}).decode()
        rows.append((index, one, one, type, at, at, "system", department, text))
        objects.append((index, one, "case", number, "state" if type.startswith("case") else ""))
    held = Segments(folder, "lived/up")
    with held.writing():
        held.add(iter([(rows, objects)]), end=len(rows), root="0" * 64)
    return snapshot(held)


@pytest.fixture
def four(tmp_path: Path) -> Snapshot:
    """Three plain cases and one that was corrected twice at the police."""
    twice = CORRECTED[:3] + CORRECTED[1:]
    plain = {"birth": PLAIN, "vaccine": PLAIN}
    return lived(tmp_path, {"A": plain, "B": plain, "C": plain, "D": {"birth": twice, "vaccine": PLAIN}})


def told(found: Process) -> dict[tuple[str, str, str], int]:
    return {(arc.service, arc.source, arc.target): arc.count for arc in found.arcs}


def test_steps_that_run_side_by_side_are_two_lifelines_not_a_web(four: Snapshot) -> None:
    found = process(four, Wanted("newborn", share=75))
    assert (found.closed, found.cases, found.ways) == (4, 3, 1)
    chain = ["", *PLAIN, ""]
    assert told(found) == {(s, a, b): 3 for s in ("birth", "vaccine") for a, b in pairwise(chain)}
    assert Activity("birth", "step_accepted", 3, 3) in found.activities
    assert Arc("birth", "step_received", "step_accepted", 3, 6 * HOUR, 2 * HOUR, 2 * HOUR) in found.arcs


def test_what_was_done_again_is_named_and_its_cases_are_opened(four: Snapshot) -> None:
    found = process(four, Wanted("newborn"))
    assert (found.cases, found.ways) == (4, 2)
    assert found.rework == (Rework("birth", "correction_asked", 1, 1), Rework("birth", "correction_supplied", 1, 1))
    assert [variant.cases for variant in found.variants] == [3, 1]
    assert dict(found.variants[0].lifelines) == {"birth": PLAIN, "vaccine": PLAIN}
    assert cases_with(four, Wanted("newborn"), "birth", "correction_asked") == ["D"]
    assert cases_with(four, Wanted("newborn"), "birth", "step_accepted", after="step_received") == ["A", "B", "C"]
    assert cases_with(four, Wanted("newborn", share=75), "birth", "correction_asked") == []


@pytest.mark.parametrize(
    ("wanted", "cases", "services"),
    [
        (Wanted("newborn", department="cdc"), 4, {"vaccine"}),
        (Wanted("newborn", numbers=frozenset({"A", "D"})), 2, {"birth", "vaccine"}),
        (Wanted("newborn", since_us=BEGIN + DAY), 0, set()),
        (Wanted("newborn", until_us=BEGIN + 10 * HOUR), 3, {"birth", "vaccine"}),
        (Wanted("opening"), 0, set()),
    ],
)
def test_only_the_wanted_cases_are_shown(four: Snapshot, wanted: Wanted, cases: int, services: set[str]) -> None:
    found = process(four, wanted)
    assert found.cases == cases
    assert {activity.service for activity in found.activities} == services


def test_the_slowest_arcs_are_those_on_which_most_time_goes_in_all(tmp_path: Path) -> None:
    found = process(lived(tmp_path, {"A": {"birth": PLAIN}, "B": {"birth": CORRECTED}}), Wanted("newborn"))
    slowest = found.slowest(2)
    assert slowest[0].total_us >= slowest[1].total_us
    assert all(arc.target for arc in slowest)


# --- the drawing --------------------------------------------------------------------------------------------------


def drawn(found: Process) -> Any:
    activities = {(one.service, one.type): one.events for one in found.activities}
    arcs = {(arc.service, arc.source, arc.target): arc.count for arc in found.arcs}
    return draw(activities, arcs, ["birth", "vaccine"])


def test_no_two_boxes_touch_and_all_lie_within_the_drawing(four: Snapshot) -> None:
    picture = drawn(process(four, Wanted("newborn")))
    boxes = picture.boxes
    assert [box.kind for box in boxes] == ["start", *["activity"] * (len(boxes) - 2), "end"]
    for n, one in enumerate(boxes):
        assert one.x >= 0 and one.x + BOX_W <= picture.width and one.y >= 0 and one.y + BOX_H <= picture.height
        for other in boxes[n + 1 :]:
            assert abs(one.x - other.x) >= BOX_W or abs(one.y - other.y) >= BOX_H, (one, other)
    assert len(picture.lines) == len(process(four, Wanted("newborn")).arcs)
    assert max(line.weight for line in picture.lines) == 7.0


def test_what_nobody_foresaw_stands_before_the_endings() -> None:
    assert columns(["step_granted", "step_refused", "step_invented", "step_received"]) == {
        "step_received": 1,
        "step_invented": 2,
        "step_granted": 3,
        "step_refused": 3,
    }
    assert draw({}, {}, ["birth"]).lanes == ()
    with pytest.raises(ValueError, match="step_granted"):
        draw({("birth", "step_received"): 1}, {("birth", "step_received", "step_granted"): 1}, ["birth"])


def test_every_act_on_a_step_has_a_word_for_the_process_map() -> None:
    from zhengtong.evaluation.pages.process import ACTIVITIES
    from zhengtong.services.pages.history import WORDS

    assert {type for type in WORDS if type.startswith("step_")} <= ACTIVITIES.keys()
