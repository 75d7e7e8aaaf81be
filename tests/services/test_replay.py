# SPDX-License-Identifier: Apache-2.0
"""The record replayed: it says where every case and step stands, and names what the tables say otherwise.

That it does so after every act in any order is held in `test_acts_in_any_order`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from people import OTHER, PARENT, do, grant, publish, submit
from services.record import BIRTH, POLICE
from zhengtong.services import replaying
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case, Step
from zhengtong.services.replay_commands import replay_command
from zhengtong.services.replaying import replay
from zhengtong.services.rules.replay import STEP, Differs, Fold, Row, Told, differences, state_said
from zhengtong.services.rules.standing import Phase, StepState

database = pytest.mark.database
STATES = [state.value for state in StepState]


def step(type: str, version: int, **attributes: object) -> Told:
    return type, "step", "M26-1.a", {"version": version, "digest": "0" * 64, **attributes}


def case(type: str, version: int, **attributes: object) -> Told:
    return type, "case", "M26-1", {"version": version, **attributes}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([step("material_tolerated", 1)], "waiting"),
        ([step("step_planned", 1), step("step_received", 2)], "pending"),
        ([step("step_received", 1), step("correction_asked", 2), step("correction_supplied", 3)], "pending"),
        ([step("step_received", 1), step("step_accepted", 2), step("extension_asked", 3)], "accepted"),
        ([step("step_accepted", 1), step("step_granted", 2)], "granted"),
        ([step("step_accepted", 1), step("step_granted", 2, parts_granted=["hot"])], "granted_in_part"),
        ([step("step_granted", 1), step("result_delivered", 2), step("step_revoked", 3)], "revoked"),
        ([step("step_granted", 1), step("output_cancelled", 2)], "granted"),
        ([step("step_dropped", 1), step("step_limits_changed", 2, state="waiting")], "waiting"),
        ([step("step_removed", 1), step("step_restored", 2, state="accepted")], "accepted"),
    ],
)
def test_events_of_a_step_tell_its_state(events: list[Told], state: str) -> None:
    assert Fold().add(events).found["step", "M26-1.a"].state == state


@pytest.mark.parametrize(
    ("events", "phase", "definition"),
    [
        ([case("case_submitted", 1, definition="aa")], "open", "aa"),
        ([case("case_submitted", 1, definition="aa"), case("case_migrated", 2, to="bb")], "open", "bb"),
        ([case("case_submitted", 1, definition="aa"), case("case_closed", 2, outcome="refused")], "refused", "aa"),
        ([case("case_closed", 1, outcome="partial"), case("case_outcome_changed", 2, outcome="revoked")],
         "revoked", ""),
    ],
)  # fmt: skip
def test_events_of_a_case_tell_its_phase_and_version(events: list[Told], phase: str, definition: str) -> None:
    told = Fold().add(events).found["case", "M26-1"]
    assert (told.state, told.definition) == (phase, definition)


HISTORY = st.lists(
    st.tuples(st.sampled_from([*STEP, "extension_asked", "step_restored"]), st.sampled_from(STATES)), min_size=1
)


@settings(deadline=None, max_examples=100)
@given(history=HISTORY, data=st.data())
def test_it_does_not_matter_in_which_order_events_are_read(history: list[tuple[str, str]], data: st.DataObject) -> None:
    """Events that say the state they leave, as `state_said` has them do: the last one counts, however they come."""
    events = [step(type, at, **state_said(type, state)) for at, (type, state) in enumerate(history, start=1)]
    shuffled = data.draw(st.permutations(events))
    half = len(shuffled) // 2
    told = Fold().add(shuffled[:half]).add(shuffled[half:]).found["step", "M26-1.a"]
    assert (told.state, told.version, told.events) == (history[-1][1], len(history), len(history))


@pytest.mark.parametrize(
    ("events", "row", "what"),
    [
        ([step("step_received", 1)], Row("pending", "", 1), []),
        ([step("step_received", 1)], Row("accepted", "", 1), [("state", "pending", "accepted")]),
        ([step("step_received", 1)], Row("pending", "", 2), [("version", "1", "2")]),
        ([step("step_received", 2)], Row("pending", "", 2), [("events", "1", "2")]),
        ([step("step_received", 1)], None, [("row", "pending", "")]),
        ([step("step_received", 1), step("step_erased", 2, deleted=True)], None, []),
        ([step("step_received", 1), step("step_erased", 2, deleted=True)], Row("pending", "", 1),
         [("row", "deleted", "pending")]),
        ([], Row("pending", "", 1), [("record", "", "pending")]),
    ],
)  # fmt: skip
def test_what_differs_is_named(events: list[Told], row: Row | None, what: list[tuple[str, str, str]]) -> None:
    name = ("step", "M26-1.a")
    found = differences(Fold().add(events).found, {name: row} if row else {})
    assert found == [Differs(*name, *one) for one in what]


def test_the_table_of_types_speaks_of_states_that_exist() -> None:
    assert set(STEP.values()) <= set(STATES)
    said_otherwise = {"granted_in_part"}
    assert set(STEP.values()) | said_otherwise == set(STATES)
    assert "open" in {phase.value for phase in Phase}


def begin() -> tuple[str, str, str]:
    version = publish()
    plain, granted, gone = submit(version), submit(version), submit(version, OTHER)
    do(AcceptStep(plain, BIRTH), POLICE)
    grant(granted, BIRTH)
    do(WithdrawCase(gone), OTHER)
    return plain, granted, gone


@database
@pytest.mark.django_db
def test_a_record_and_its_tables_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    whole = replay(compare=True)
    assert whole.differs == ()
    assert (whole.cases, whole.steps) == (Case.objects.count(), Step.objects.count()) == (3, 12)
    assert whole.states["case open"] == 2 and whole.states["case withdrawn"] == 1
    assert whole.states["step granted"] == whole.states["step accepted"] == 1
    monkeypatch.setattr(replaying, "AT_ONCE", 7)  # in many statements as in one
    seen: list[int] = []
    again = replay(progress=lambda done, total: seen.append(done))
    assert (again.events, again.states) == (whole.events, whole.states)
    assert seen[0] == 7 and seen[-1] == whole.events


@database
@pytest.mark.django_db
def test_what_was_changed_behind_the_records_back_is_found_by_name() -> None:
    plain, granted, gone = begin()
    Step.objects.filter(reference=f"{plain}.{BIRTH}").update(state="refused")
    Case.objects.filter(number=gone).update(phase="open")
    Case.objects.filter(number=granted).update(definition="f" * 64)
    Step.objects.create(case=Case.objects.get(number=plain), reference="M26-9.x", key="x", department="police",
                        state="waiting")  # fmt: skip
    found = {(one.object_id, one.what): (one.replayed, one.stored) for one in replay(compare=True).differs}
    assert found.pop((granted, "definition"))[1] == "f" * 64
    assert found == {
        (f"{plain}.{BIRTH}", "state"): ("accepted", "refused"),
        (gone, "state"): ("withdrawn", "open"),
        ("M26-9.x", "record"): ("", "waiting"),
    }


@database
@pytest.mark.django_db
def test_what_was_only_in_motion_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, _, _ = begin()
    read = replaying.rows
    done: list[str] = []

    def meanwhile(only: Any = None) -> Any:
        if not done:  # an act between the reading of the events and that of the tables
            done.append(plain)
            do(WithdrawCase(plain), PARENT)
        return read(only)

    monkeypatch.setattr(replaying, "rows", meanwhile)
    assert replay(compare=True).differs == ()
    assert done and Case.objects.get(number=plain).phase == "withdrawn"


@database
@pytest.mark.django_db
def test_the_command_tells_and_exits_by_what_it_found() -> None:
    plain, _, _ = begin()
    app = typer.Typer()
    app.command("replay")(replay_command)
    good = CliRunner().invoke(app, ["--compare", "--json"])
    assert good.exit_code == 0, good.output
    assert json.loads(good.output)["compared"] is True and json.loads(good.output)["differs"] == []
    Step.objects.filter(reference=f"{plain}.{BIRTH}").update(state="refused")
    alone = CliRunner().invoke(app, [])
    assert alone.exit_code == 0 and "case open" in alone.output
    bad = CliRunner().invoke(app, ["--compare"])
    assert bad.exit_code == 1 and f"{plain}.{BIRTH}" in bad.output.replace("\n", "")
