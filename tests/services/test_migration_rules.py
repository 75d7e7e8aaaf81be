# SPDX-License-Identifier: Apache-2.0
"""Moving cases between versions, as rules: what is kept, what may not vanish, and that the case can go on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.services.rules import flow
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.migration import REFUSALS, compare, moved
from zhengtong.services.rules.plan import Plan, StepPlan, ordered

S = flow.StepState


def plan(**needs: str) -> Plan:
    """`plan(a="", b="a")`: b needs a; every step in a department of its own name."""
    return ordered(StepPlan(key, f"of-{key}", "regime", frozenset(filter(None, n.split()))) for key, n in needs.items())


def state(**steps: str) -> flow.CaseState:
    facts = {"waiting": (), "dropped": ()}
    return flow.CaseState(
        steps={k: flow.StepStatus(S(v), facts.get(v, (Fact("received", 1),))) for k, v in steps.items()}
    )


def refusals(old: Plan, new: Plan, at: flow.CaseState) -> dict[str, tuple[str, ...]]:
    return {one.code: one.about for one in compare(old, new, at).refusals}


def test_steps_are_kept_added_and_removed_by_their_keys() -> None:
    change = compare(plan(a="", b="a"), plan(a="", c="a"), state(a="pending", b="waiting"))
    assert (change.kept, change.added, change.removed, change.refusals) == (("a",), ("c",), ("b",), ())


@pytest.mark.parametrize("stands", ["granted", "granted_in_part", "refused", "not_accepted", "withdrawn", "revoked"])
def test_a_decided_step_never_vanishes(stands: str) -> None:
    assert refusals(plan(a="", b=""), plan(b=""), state(a=stands, b="pending")) == {"decided_vanishes": ("a",)}


@pytest.mark.parametrize("stands", ["accepted", "paused", "correcting"])
def test_a_step_that_its_department_has_taken_up_does_not_vanish_either(stands: str) -> None:
    assert refusals(plan(a="", b=""), plan(b=""), state(a=stands, b="pending")) == {"begun_vanishes": ("a",)}


@pytest.mark.parametrize("stands", ["waiting", "pending", "dropped"])
def test_a_step_nobody_has_taken_up_may_go(stands: str) -> None:
    assert refusals(plan(a="", b=""), plan(b=""), state(a=stands, b="pending")) == {}


def test_what_was_sent_to_another_system_does_not_vanish_and_no_begun_step_changes_hands() -> None:
    old = Plan((StepPlan("a", "x", "r", external="system"), StepPlan("b", "x", "r")))
    new = Plan((StepPlan("b", "y", "r"),))
    assert refusals(old, new, state(a="pending", b="pending")) == {
        "external_vanishes": ("a",), "decider_changes": ("b",),
    }  # fmt: skip
    change = compare(old, new, state(a="waiting", b="waiting"))
    assert (change.refusals, change.handed) == ((), ("b",))


def test_a_begun_step_may_not_have_to_wait_afterwards() -> None:
    old, new = plan(a="", b=""), plan(a="", b="a")
    assert refusals(old, new, state(a="pending", b="pending")) == {"order_changes": ("b",)}
    assert refusals(old, new, state(a="granted", b="pending")) == {}
    assert refusals(old, new, state(a="pending", b="waiting")) == {}


def test_closed_cases_and_forms_that_do_not_fit_stay() -> None:
    both = plan(a="")
    closed = flow.CaseState(flow.Phase.COMPLETED, state(a="granted").steps)
    assert refusals(both, both, closed) == {"closed": ()}
    found = compare(both, both, state(a="pending"), answers=("q",), fields=("x", "y")).refusals
    assert {one.code: one.about for one in found} == {"answers_missing": ("q",), "fields_missing": ("x", "y")}
    assert all(zh and en for zh, en in REFUSALS.values())


def test_what_follows_from_the_new_plan_happens_at_once() -> None:
    old, new = plan(a="", b="a"), plan(a="", c="a", d="")
    after, happened = flow.settle(new, moved(new, state(a="granted", b="waiting")), 9)
    assert {key: step.state for key, step in after.steps.items()} == {"a": S.GRANTED, "c": S.PENDING, "d": S.PENDING}
    assert [what.type for what in happened] == ["step_received", "step_received"]
    assert compare(old, new, state(a="granted", b="waiting")).refusals == ()
    last, happened = flow.settle(plan(a=""), moved(plan(a=""), state(a="granted", b="waiting")), 9)
    assert (last.phase, happened[-1].type) == (flow.Phase.COMPLETED, "case_closed")


def test_a_step_dropped_for_a_need_that_is_gone_waits_again() -> None:
    new = plan(a="", b="")
    after, _ = flow.settle(new, moved(new, state(a="refused", b="dropped")), 9)
    assert after.steps["b"].state is S.PENDING


NEEDS = st.dictionaries(st.sampled_from("abcde"), st.sets(st.sampled_from("abcde"), max_size=2), min_size=1)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Steps that need only those before them in the alphabet."""
    return ordered(
        StepPlan(key, "x", "r", frozenset(n for n in needs if n < key)) for key, needs in draw(NEEDS).items()
    )


def run(of: Plan, at: flow.CaseState, choices: list[int]) -> flow.CaseState:
    """Some acts that the state allows: accept what is pending, decide what is accepted."""
    for choice in choices:
        ready = [key for key, step in at.steps.items() if step.state in {S.PENDING, S.ACCEPTED}]
        if not ready or at.phase is not flow.Phase.OPEN:
            break
        key = ready[choice % len(ready)]
        if at.steps[key].state is S.PENDING:
            at, _ = flow.apply(of, at, flow.Accept(key, 5))
        else:
            at, _ = flow.apply(of, at, flow.Decide(key, 6, granted=choice % 5 > 0, code="x"))
    return at


@given(plans(), plans(), st.lists(st.integers(0, 99), max_size=8))
@settings(deadline=None, max_examples=150)
def test_a_moved_case_loses_no_decision_and_runs_to_its_end(old: Plan, new: Plan, choices: list[int]) -> None:
    at, _ = flow.apply(old, flow.start(old), flow.Submit(1))
    at = run(old, at, choices)
    if compare(old, new, at).refusals:
        return
    after, _ = flow.settle(new, moved(new, at), 9)
    decided = {key: step for key, step in at.steps.items() if step.state in flow.FINAL - {S.DROPPED}}
    assert {key: after.steps[key] for key in decided} == decided
    for key, step in after.steps.items():
        if step.state not in {S.WAITING, S.DROPPED} | flow.FINAL:
            assert all(after.steps[need].stands for need in new.by_key[key].needs)
    ended = run(new, after, [1] * 40)
    assert ended.phase is not flow.Phase.OPEN
