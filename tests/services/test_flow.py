# SPDX-License-Identifier: Apache-2.0
"""How a case moves, act by act and in every interleaving."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from zhengtong.city.calendar import WorkingCalendar
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.services.rules import flow
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.flow import (
    FINAL,
    Accept,
    AskCorrection,
    Decide,
    NotAccept,
    Pause,
    Phase,
    Resume,
    StepState,
    Submit,
    SupplyCorrection,
    Withdraw,
)
from zhengtong.services.rules.limits import assess
from zhengtong.services.rules.plan import Plan, StepPlan, ordered
from zhengtong.services.rules.regimes import Allowance, Regime, Source, Terms

BIRTH = StepPlan("birth", "police", "registration", output="household-register")
VACCINE = StepPlan("vaccine", "cdc", "registration")
INSURANCE = StepPlan("insurance", "insurance", "registration", needs=frozenset({"birth"}))
CARD = StepPlan("card", "hr", "registration", needs=frozenset({"birth"}), external="card-system")
HOUR = 3_600_000_000
CALENDAR = WorkingCalendar(ZoneInfo("Asia/Shanghai"))
TERMS = Terms(
    Regime("licence", "许可", "licence", Source("law"), accept=Allowance(5), decide=Allowance(20), corrections=2)
)
NEWBORN = ordered([INSURANCE, CARD, BIRTH, VACCINE])


def run(plan: Plan, *acts: flow.FlowAct) -> flow.CaseState:
    state = flow.start(plan)
    for act in acts:
        state, _ = flow.apply(plan, state, act)
    return state


def states(state: flow.CaseState) -> dict[str, str]:
    return {key: step.state.value for key, step in state.steps.items()}


def test_steps_are_ordered_by_the_outputs_they_need() -> None:
    assert [step.key for step in NEWBORN.steps] == ["birth", "vaccine", "insurance", "card"]


def test_a_need_that_the_situation_does_not_ask_for_is_not_waited_for() -> None:
    assert ordered([INSURANCE]).steps[0].needs == frozenset()


def test_steps_that_wait_for_each_other_are_named() -> None:
    a, b = StepPlan("a", "x", "r", frozenset({"b"})), StepPlan("b", "x", "r", frozenset({"a"}))
    with pytest.raises(BadInput, match="a, b"):
        ordered([a, b, BIRTH])


def test_submitting_starts_only_the_steps_that_wait_for_nothing() -> None:
    state = run(NEWBORN, Submit(1))
    assert states(state) == {
        "birth": "pending",
        "vaccine": "pending",
        "insurance": "waiting",
        "card": "waiting",
    }


def test_an_issued_output_starts_the_steps_that_need_it() -> None:
    state = run(NEWBORN, Submit(1), Accept("birth", 2), Decide("birth", 3, granted=True))
    assert states(state)["insurance"] == states(state)["card"] == "pending"
    assert state.steps["card"].facts[0] == Fact("received", 3)


def test_a_refused_step_drops_those_that_needed_its_output_and_the_case_ends_in_part() -> None:
    state = run(
        NEWBORN, Submit(1), Accept("vaccine", 2), Decide("vaccine", 3, granted=True), Accept("birth", 4),
        Decide("birth", 5, granted=False, code="identity_differs"),
    )  # fmt: skip
    assert states(state) == {
        "birth": "refused",
        "vaccine": "granted",
        "insurance": "dropped",
        "card": "dropped",
    }
    assert state.phase is Phase.PARTIAL


def test_the_act_that_decides_the_last_step_closes_the_case() -> None:
    state = run(
        NEWBORN,
        Submit(1),
        *[a for k in ("birth", "vaccine", "insurance") for a in (Accept(k, 2), Decide(k, 3, granted=True))],
    )
    state, _ = flow.apply(NEWBORN, state, Accept("card", 8, system="card-system"))
    state, happened = flow.apply(NEWBORN, state, Decide("card", 9, granted=True, system="card-system"))
    assert state.phase is Phase.COMPLETED
    assert [h.type for h in happened] == ["step_granted", "case_closed"]


def test_corrections_are_asked_once_and_all_at_once() -> None:
    acts = (Submit(1), AskCorrection("birth", 2, ("child_name",)), SupplyCorrection(3))
    state = run(NEWBORN, *acts)
    assert state.steps["birth"].state is StepState.PENDING
    with pytest.raises(Conflict, match="no further request"):
        flow.apply(NEWBORN, state, AskCorrection("birth", 4, ("mother_id",)))


def test_one_answer_supplies_every_open_correction() -> None:
    state = run(NEWBORN, Submit(1), AskCorrection("birth", 2, ("a",)), AskCorrection("vaccine", 2, ("b",)))
    state, happened = flow.apply(NEWBORN, state, SupplyCorrection(3))
    assert {h.step for h in happened} == {"birth", "vaccine"}
    assert not {"correcting"} & set(states(state).values())


def test_a_correction_that_names_nothing_is_refused() -> None:
    with pytest.raises(Conflict, match="nothing was named"):
        run(NEWBORN, Submit(1), AskCorrection("birth", 2, ()))


def test_a_department_cannot_decide_what_an_external_system_decides_nor_the_other_way_round() -> None:
    ready = (Submit(1), Accept("birth", 2))
    with pytest.raises(Conflict, match="a department decides"):
        run(NEWBORN, *ready, Decide("birth", 3, granted=True, system="card-system"))
    pushed = (*ready, Decide("birth", 3, granted=True), Accept("card", 4, system="card-system"))
    with pytest.raises(Conflict, match="external system decides"):
        run(NEWBORN, *pushed, Decide("card", 5, granted=True))
    with pytest.raises(Conflict, match="external system decides"):
        run(NEWBORN, *ready, Decide("birth", 3, granted=True), Accept("card", 4))


@pytest.mark.parametrize(
    "act",
    [
        Decide("birth", 2, granted=True),
        Pause("birth", 2, "hearing"),
        Resume("birth", 2),
        Accept("insurance", 2),
        Submit(2),
        SupplyCorrection(2),
    ],
)
def test_acts_out_of_turn_are_conflicts(act: flow.FlowAct) -> None:
    state = run(NEWBORN, Submit(1))
    with pytest.raises(Conflict):
        flow.apply(NEWBORN, state, act)


def test_an_unknown_step_is_not_found() -> None:
    with pytest.raises(NotFound):
        run(NEWBORN, Submit(1), Accept("passport", 2))


def test_withdrawing_ends_what_is_open_and_keeps_what_is_decided() -> None:
    state = run(NEWBORN, Submit(1), Accept("birth", 2), Decide("birth", 3, granted=True), Withdraw(4))
    assert states(state) == {
        "birth": "granted",
        "vaccine": "withdrawn",
        "insurance": "withdrawn",
        "card": "withdrawn",
    }
    assert state.phase is Phase.WITHDRAWN
    with pytest.raises(Conflict, match="closed"):
        flow.apply(NEWBORN, state, Accept("insurance", 5))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any acyclic plan of up to six steps, in scrambled order."""
    size = draw(st.integers(1, 6))
    steps = []
    for index in range(size):
        needs = draw(st.frozensets(st.integers(0, index - 1), max_size=3)) if index else frozenset()
        external = "ext" if draw(st.booleans()) and index else ""
        steps.append(
            StepPlan(
                f"s{index}", f"d{index % 3}", "r", frozenset(f"s{n}" for n in needs),
                corrections=draw(st.integers(0, 2)), external=external,
            )
        )  # fmt: skip
    return ordered(draw(st.permutations(steps)))


DEPARTMENT_ACTS = ["accept", "ask", "pause", "resume", "grant", "refuse", "not", "take", "ext"]


class Interleavings(RuleBasedStateMachine):
    """Applicant and departments act in any order; whatever is accepted keeps the promises below."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0
        self.decided: Counter[str] = Counter()
        self.granted: set[str] = set()
        self.closed = 0

    @initialize(plan=plans())
    def begin(self, plan: Plan) -> None:
        self.plan = plan
        self.state, _ = flow.apply(plan, flow.start(plan), Submit(0))

    def attempt(self, act: flow.FlowAct) -> None:
        before = self.state
        try:
            self.state, happened = flow.apply(self.plan, self.state, act)
        except Conflict:
            assert self.state is before
            return
        for what in happened:
            if what.type in {"step_granted", "step_refused", "step_not_accepted"}:
                self.decided[what.step] += 1
            if what.type == "step_granted":
                self.granted.add(what.step)
            self.closed += what.type == "case_closed"

    @rule(
        data=st.data(),
        kind=st.sampled_from(["accept", "ask", "pause", "resume", "grant", "refuse", "not", "take", "ext"]),
    )
    def department_acts(self, data: st.DataObject, kind: str) -> None:
        self.clock += 1
        key = data.draw(st.sampled_from([step.key for step in self.plan.steps]))
        now = self.clock
        acts: dict[str, flow.FlowAct] = {
            "accept": Accept(key, now),
            "ask": AskCorrection(key, now, ("x",)),
            "pause": Pause(key, now, "hearing"),
            "resume": Resume(key, now),
            "grant": Decide(key, now, granted=True),
            "refuse": Decide(key, now, granted=False, code="no"),
            "not": NotAccept(key, now, "no"),
            "take": Accept(key, now, system="ext"),
            "ext": Decide(key, now, granted=True, system="ext"),
        }
        self.attempt(acts[kind])

    @rule()
    def applicant_corrects(self) -> None:
        self.clock += 1
        self.attempt(SupplyCorrection(self.clock))

    @precondition(lambda self: self.clock > 12)
    @rule()
    def applicant_withdraws(self) -> None:
        self.attempt(Withdraw(self.clock))

    @invariant()
    def no_step_is_decided_twice(self) -> None:
        assert all(count == 1 for count in self.decided.values())

    @invariant()
    def no_approval_is_lost(self) -> None:
        if hasattr(self, "state"):
            kept = {key for key, step in self.state.steps.items() if step.state is StepState.GRANTED}
            assert kept == self.granted

    @invariant()
    def a_case_is_closed_exactly_when_no_step_is_open(self) -> None:
        if hasattr(self, "state"):
            all_final = all(step.state in FINAL for step in self.state.steps.values())
            assert (self.state.phase is not Phase.OPEN) == all_final
            assert self.closed == int(all_final)

    @invariant()
    def no_step_begins_before_the_outputs_it_needs(self) -> None:
        for step in self.plan.steps if hasattr(self, "state") else ():
            begun = self.state.steps[step.key].count("received")
            if begun:
                assert step.needs <= self.granted
            assert begun <= 1

    @invariant()
    def limits_can_always_be_computed_from_the_facts(self) -> None:
        for step in self.state.steps.values() if hasattr(self, "state") else ():
            assess(TERMS, step.facts, CALENDAR, self.clock * HOUR)

    @invariant()
    def corrections_stay_within_what_the_plan_allows(self) -> None:
        for step in self.plan.steps if hasattr(self, "state") else ():
            assert self.state.steps[step.key].count("correction_asked") <= step.corrections

    @invariant()
    def an_open_case_always_has_a_step_somebody_can_act_on(self) -> None:
        if hasattr(self, "state") and self.state.phase is Phase.OPEN:
            waiting = {StepState.WAITING} | FINAL
            assert any(step.state not in waiting for step in self.state.steps.values())


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(deadline=None, max_examples=150, stateful_step_count=40)
