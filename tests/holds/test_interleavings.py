# SPDX-License-Identifier: Apache-2.0
"""Applicant, departments and the other system in any order: rows, events and the pure flow never part.

First one after the other, in orders hypothesis finds, each act a real transaction; then truly at once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from holds.moves import (
    EXTERNAL,
    OF_A_DEPARTMENT,
    OF_THE_SYSTEM,
    STEPS,
    Move,
    of_department,
    of_system,
    supply,
    withdraw,
)
from holds.together import assert_case_agrees, at_once, happened, sealed_and_clean
from holds.variants import insurance_waits_for_both, publish_with
from people import ANSWERS, FORM, PARENT, key, submission, submit
from zhengtong.acts.perform import Done, perform
from zhengtong.errors import Conflict
from zhengtong.ledger.models import Event
from zhengtong.services.casework import open_case
from zhengtong.services.models import Case
from zhengtong.services.published import published
from zhengtong.services.rules import flow

pytestmark = pytest.mark.database
BEGAN_US = 1_768_200_000_000_000  # 2026-01-12, a Monday
HOUR_US = 3_600_000_000
FLOW_EVENTS = {
    "case_submitted", "case_closed", "correction_asked", "correction_supplied", "step_received", "step_accepted",
    "step_dropped", "step_granted", "step_not_accepted", "step_paused", "step_refused", "step_resumed",
    "step_withdrawn",
}  # fmt: skip


def machine(version: str) -> type[RuleBasedStateMachine]:
    plan = published(version).plan(ANSWERS, FORM)

    class OneCase(RuleBasedStateMachine):
        """`model` is the pure flow's state of the same case; `seen` counts what it says happened."""

        def __init__(self) -> None:
            super().__init__()
            self.now = BEGAN_US
            self.turn = 0
            self.last: tuple[Move, str, Done] | None = None
            self.case = submit(version, at_us=self.now)
            self.model, events = flow.apply(plan, flow.start(plan), flow.Submit(self.now))
            self.seen = Counter((one.type, one.step) for one in events)

        def _do(self, move: Move, hours: int) -> None:
            self.now += hours * HOUR_US + 1
            try:
                self.model, events = self._both(move)
            except Conflict:
                before = Event.objects.count()
                with pytest.raises(Conflict):
                    perform(move.action, move.actor, key(), at_us=self.now)
                assert Event.objects.count() == before
                return
            once = key()
            done = perform(move.action, move.actor, once, at_us=self.now)
            self.last = (move, once, done)
            self.seen.update((one.type, one.step) for one in events)

        def _both(self, move: Move) -> tuple[flow.CaseState, tuple[flow.Happened, ...]]:
            state, first = self.model, ()
            if move.implies and state.steps[EXTERNAL].state is flow.StepState.PENDING:
                state, first = flow.apply(plan, state, move.implies(self.now))
            state, then = flow.apply(plan, state, move.act(self.now))
            return state, (*first, *then)

        @rule(name=st.sampled_from(sorted(OF_A_DEPARTMENT)), step=st.sampled_from(STEPS), hours=st.integers(0, 80))
        def department(self, name: str, step: str, hours: int) -> None:
            self._do(of_department(name, self.case, step), hours)

        # Random acts mostly come too soon or too late; these two go on with what a department would really do next.
        @rule(step=st.sampled_from(STEPS[:3]), hours=st.integers(0, 80), granted=st.booleans())
        def department_goes_on(self, step: str, hours: int, granted: bool) -> None:
            state = self.model.steps[step].state
            following = {flow.StepState.PENDING: "accept", flow.StepState.PAUSED: "resume"}
            self._do(of_department(following.get(state, "grant" if granted else "refuse"), self.case, step), hours)

        @rule(step=st.sampled_from(STEPS[:3]))
        def department_grants(self, step: str) -> None:
            for name in ("accept", "grant"):
                self._do(of_department(name, self.case, step), 1)

        @rule(name=st.sampled_from(sorted(OF_THE_SYSTEM)), hours=st.integers(0, 80))
        def other_system(self, name: str, hours: int) -> None:
            self._do(of_system(name, self.case), hours)

        @rule(hours=st.integers(0, 80))
        def applicant_corrects(self, hours: int) -> None:
            self.turn += 1
            self._do(supply(self.case, self.turn), hours)

        @precondition(lambda self: sum(self.seen.values()) > 8)
        @rule()
        def applicant_withdraws(self) -> None:
            self._do(withdraw(self.case), 1)

        @precondition(lambda self: self.last is not None)
        @rule()
        def somebody_sends_the_last_form_again(self) -> None:
            assert self.last is not None
            move, once, done = self.last
            again = perform(move.action, move.actor, once, at_us=self.now)
            assert (again.act, again.result, again.replayed) == (done.act, done.result, True)

        @invariant()
        def rows_are_what_the_flow_says(self) -> None:
            assert open_case(self.case, lock=False).state == self.model

        @invariant()
        def the_record_holds_what_happened(self) -> None:
            recorded = {one: times for one, times in happened(self.case).items() if one[0] in FLOW_EVENTS}
            assert recorded == self.seen

        def teardown(self) -> None:
            assert_case_agrees(self.case)

    return OneCase


BRIEF = settings(
    max_examples=12, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


def test_any_order_of_acts_leaves_rows_events_and_rules_agreeing(version: str) -> None:
    run_state_machine_as_test(machine(version), settings=BRIEF)
    sealed_and_clean()


def test_any_order_agrees_where_a_step_waits_for_two_outputs(version: str) -> None:
    run_state_machine_as_test(machine(publish_with(insurance_waits_for_both)), settings=BRIEF)
    sealed_and_clean()


Tally = Counter[tuple[str, str]]


def wanderer(seed: int, tries: int, pick: Callable[[random.Random, int], tuple[str, str, Move]]) -> Tally:
    """Does random acts without looking where the case stands; returns which of them were done."""
    chance, done = random.Random(seed), Tally()
    for turn in range(tries):
        name, step, move = pick(chance, turn)
        try:
            perform(move.action, move.actor, key())
        except Conflict:
            continue
        done[name, step] += 1
    return done


def everybody_at_once(case: str, seed: int, *, withdrawing: bool) -> Tally:
    """Two officers of every department, the other system, and the applicant, all at once on one case."""

    def department(step: str) -> Callable[[random.Random, int], tuple[str, str, Move]]:
        names = ["accept", "accept", "grant", "grant", "grant", "refuse", "ask", "pause", "resume", "not_accept"]
        weights = [6, 6, 4, 4, 4, 1, 1, 1, 3, 0.3]

        def pick(chance: random.Random, _: int) -> tuple[str, str, Move]:
            name = chance.choices(names, weights)[0]
            return name, step, of_department(name, case, step)

        return pick

    def system(chance: random.Random, _: int) -> tuple[str, str, Move]:
        name = chance.choice(sorted(OF_THE_SYSTEM))
        return name, EXTERNAL, of_system(name, case)

    def applicant(chance: random.Random, turn: int) -> tuple[str, str, Move]:
        if withdrawing and turn == 3:
            return "withdraw", "", withdraw(case)
        return "supply", "", supply(case, seed * 100 + turn + chance.randrange(50))

    picks = [department(step) for step in STEPS[:3] for _ in range(2)] + [system, applicant]
    tallies = at_once(len(picks), lambda place: wanderer(seed * 31 + place, 9, picks[place]))
    return sum(tallies, Tally())


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_at_once_nothing_is_lost_or_done_twice(version: str, seed: int) -> None:
    case = submit(publish_with(insurance_waits_for_both))
    done = everybody_at_once(case, seed, withdrawing=seed % 2 == 1)
    seen = happened(case)
    for step in STEPS[:3]:
        assert seen["step_granted", step] == done["grant", step] <= 1
        assert seen["step_refused", step] == done["refuse", step] <= 1
        assert seen["step_accepted", step] == done["accept", step] <= 1
        assert seen["step_not_accepted", step] == done["not_accept", step] <= 1
        assert seen["correction_asked", step] == done["ask", step] <= 1
        assert seen["step_paused", step] == done["pause", step]
        assert seen["step_resumed", step] == done["resume", step]
    assert seen["step_granted", EXTERNAL] == done["external_grant", EXTERNAL]
    both = all(seen["step_granted", step] for step in ("birth-registration", "vaccination-record"))
    assert seen["step_received", "resident-insurance"] == both
    assert done["withdraw", ""] == (Case.objects.get(number=case).phase == "withdrawn")
    assert_case_agrees(case)
    times = Event.objects.filter(
        objects_touched__object_type="case", objects_touched__object_id=case, type="case_closed"
    )
    for closing in times:
        facts = [fact["at_us"] for step in Case.objects.get(number=case).steps.all() for fact in step.facts]
        assert closing.time_us == Case.objects.get(number=case).closed_us == max(facts)
    sealed_and_clean()


@pytest.mark.parametrize("seed", range(4))
def test_two_departments_that_decide_at_once_open_the_join_once(version: str, seed: int) -> None:
    """The act that completes the join opens it, whichever that is: none sees the other's half only."""
    joined = publish_with(insurance_waits_for_both)
    cases = [submit(joined) for _ in range(4)]
    pairs = [(case, step) for case in cases for step in ("birth-registration", "vaccination-record")]
    for case, step in pairs:
        perform((move := of_department("accept", case, step)).action, move.actor, key())
    random.Random(seed).shuffle(pairs)

    def decide(place: int) -> None:
        move = of_department("grant", *pairs[place])
        perform(move.action, move.actor, key())

    at_once(len(pairs), decide)
    for case in cases:
        assert happened(case)["step_received", "resident-insurance"] == 1
        assert open_case(case, lock=False).steps["resident-insurance"].state == "pending"
        assert_case_agrees(case)
    sealed_and_clean()


def test_a_withdrawal_and_a_decision_at_once_leave_one_story(version: str) -> None:
    cases = [submit(version) for _ in range(8)]
    for case in cases:
        perform((move := of_department("accept", case, "birth-registration")).action, move.actor, key())

    def one(place: int) -> str:
        move = (
            of_department("grant", cases[place // 2], "birth-registration")
            if place % 2
            else withdraw(cases[place // 2])
        )
        try:
            perform(move.action, move.actor, key())
        except Conflict:
            return "too late"
        return "done"

    outcomes = at_once(2 * len(cases), one)
    for place, case in enumerate(cases):
        withdrawn, granted = outcomes[2 * place], outcomes[2 * place + 1]
        assert withdrawn == "done"  # a decided step stays, the others are withdrawn
        assert open_case(case, lock=False).case.phase == "withdrawn"
        assert (happened(case)["step_granted", "birth-registration"] == 1) == (granted == "done")
        assert_case_agrees(case)
    assert Case.objects.filter(applicant=PARENT.id).count() == len(cases)
    perform(submission(version), PARENT, key())  # and the house still takes new cases
    sealed_and_clean()
