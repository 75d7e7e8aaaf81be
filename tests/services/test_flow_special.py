# SPDX-License-Identifier: Apache-2.0
"""Beside the main line: more time, another department, a joint inspection, promises, parts, revoking."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from zhengtong.city.calendar import WorkingCalendar
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.services.rules import flow
from zhengtong.services.rules.flow import (
    Accept,
    AskExtension,
    CheckCommitment,
    Decide,
    Deliver,
    Extend,
    MissPromise,
    Pause,
    Phase,
    RecordInspection,
    RefuseExtension,
    Resume,
    ReturnTransfer,
    Revoke,
    ScheduleInspection,
    SignTransfer,
    StepState,
    Submit,
    SupplyPromised,
    Transfer,
    Withdraw,
)
from zhengtong.services.rules.limits import assess
from zhengtong.services.rules.plan import Plan, StepPlan, ordered
from zhengtong.services.rules.regimes import Allowance, Extension, Regime, Source, Terms
from zhengtong.services.rules.special import department_of

MORE = Extension(10, "head", times=1)
LICENCE = StepPlan(
    "licence", "market", "licence", output="licence", extension=MORE, transfers=frozenset({"town"}),
    inspection="visit", inspection_pause="inspection", tolerable=frozenset({"plan", "photo"}),
    strict=frozenset({"plan"}), commitments=frozenset({"proof"}), parts=("hot", "cold", "raw"),
)  # fmt: skip
FIRE = StepPlan("fire", "fire", "registration", inspection="visit")
PLAIN = StepPlan("licence", "market", "licence")
SIGN = StepPlan("sign", "urban", "registration", needs=frozenset({"licence"}))
HOUR = 3_600_000_000
CALENDAR = WorkingCalendar(ZoneInfo("Asia/Shanghai"))
TERMS = Terms(Regime("r", "许可", "licence", Source("law"), decide=Allowance(20, extension=MORE)))


def after(plan: Plan, *acts: flow.FlowAct) -> flow.CaseState:
    state = flow.start(plan)
    for act in acts:
        state, _ = flow.apply(plan, state, act)
    return state


def one(**changes: object) -> Plan:
    """A plan of the licence alone, without its inspection unless the test is about one."""
    return ordered([replace(LICENCE, **{"inspection": "", "inspection_pause": "", **changes})])


TAKEN = (Submit(0), Accept("licence", 1))
GRANT = Decide("licence", 90, granted=True)


# --- more time ------------------------------------------------------------------------------------------------------


def test_an_extension_is_asked_for_and_then_granted_by_the_role_that_may() -> None:
    state = after(one(), *TAKEN, AskExtension("licence", 2, 5), Extend("licence", 3, "head"))
    fact = state.steps["licence"].last("extended")
    assert fact is not None and (fact.days, fact.approver) == (5, "head")
    limit = assess(TERMS, state.steps["licence"].facts, CALENDAR, HOUR).limit("decide")
    assert limit is not None and limit.statutory is not None
    assert (limit.statutory.amount, limit.statutory.extension) == (25, 5)


@pytest.mark.parametrize(
    ("acts", "words"),
    [
        ((AskExtension("licence", 2, 11),), "length of the extension"),
        ((AskExtension("licence", 2, 0),), "length of the extension"),
        ((AskExtension("licence", 2, 1), AskExtension("licence", 3, 1)), "waits already"),
        ((Extend("licence", 2, "head"),), "no request"),
        ((RefuseExtension("licence", 2),), "no request"),
        ((AskExtension("licence", 2, 1), Extend("licence", 3, "officer")), "another role"),
        ((AskExtension("licence", 2, 1), Extend("licence", 3, "head"), AskExtension("licence", 4, 1)), "as often as"),
    ],
)
def test_an_extension_out_of_bounds_is_refused(acts: tuple[flow.FlowAct, ...], words: str) -> None:
    with pytest.raises((BadInput, Conflict), match=words):
        after(one(), *TAKEN, *acts)


def test_a_refused_extension_leaves_the_limit_and_may_be_asked_again() -> None:
    asked = (AskExtension("licence", 2, 5), RefuseExtension("licence", 3))
    state = after(one(), *TAKEN, *asked)
    assert (state.steps["licence"].extension_asked, state.steps["licence"].count("extended")) == (None, 0)
    assert after(one(), *TAKEN, *asked, AskExtension("licence", 4, 2)).steps["licence"].extension_asked


def test_a_limit_without_a_rule_of_extension_or_without_its_approver_is_never_extended() -> None:
    for extension in (None, Extension(10)):
        with pytest.raises(Conflict, match="cannot be extended"):
            after(one(extension=extension), *TAKEN, AskExtension("licence", 2, 1))


def test_a_second_extension_within_the_cap_of_days_needs_a_rule_that_allows_two() -> None:
    twice = one(extension=Extension(10, "head", times=2))
    first = (*TAKEN, AskExtension("licence", 2, 7), Extend("licence", 3, "head"))
    assert after(twice, *first, AskExtension("licence", 4, 3), Extend("licence", 5, "head"))
    with pytest.raises(BadInput, match="length"):
        after(twice, *first, AskExtension("licence", 4, 4))


# --- another department ---------------------------------------------------------------------------------------------


def holder(state: flow.CaseState) -> str:
    return department_of(LICENCE, state.steps["licence"])


def test_a_transfer_moves_the_step_only_when_the_other_department_signs() -> None:
    asked = (*TAKEN, Transfer("licence", 2, "town"))
    state = after(one(), *asked)
    assert holder(state) == "market"
    signed = after(one(), *asked, SignTransfer("licence", 3))
    assert (holder(signed), signed.steps["licence"].state) == ("town", StepState.ACCEPTED)
    returned = after(one(), *asked, ReturnTransfer("licence", 3))
    assert holder(returned) == "market"
    with pytest.raises(Conflict, match="no transfer"):
        after(one(), *asked, ReturnTransfer("licence", 3), SignTransfer("licence", 4))


def test_a_transfer_that_needs_no_agreement_happens_at_once_and_may_go_back() -> None:
    free = one(transfer_agreed=False)
    assert holder(after(free, *TAKEN, Transfer("licence", 2, "town"))) == "town"
    assert holder(after(free, *TAKEN, Transfer("licence", 2, "town"), Transfer("licence", 3, "market"))) == "market"


@pytest.mark.parametrize("to", ["market", "police", ""])
def test_a_step_goes_only_to_a_department_that_the_file_names(to: str) -> None:
    with pytest.raises(BadInput, match="cannot go"):
        after(one(), *TAKEN, Transfer("licence", 2, to))
    with pytest.raises(BadInput, match="cannot go"):
        after(one(transfers=frozenset()), *TAKEN, Transfer("licence", 2, "town"))


def test_clocks_run_on_through_a_transfer() -> None:
    moved = after(one(), *TAKEN, Transfer("licence", 2, "town"), SignTransfer("licence", 3))
    stayed = after(one(), *TAKEN)
    assert assess(TERMS, moved.steps["licence"].facts, CALENDAR, HOUR) == assess(
        TERMS, stayed.steps["licence"].facts, CALENDAR, HOUR
    )


def test_a_decided_step_is_asked_of_nobody_any_more() -> None:
    state = after(one(), *TAKEN, Transfer("licence", 2, "town"), Decide("licence", 3, False, "no"))
    assert state.steps["licence"].transfer_asked is None


# --- joint inspection -----------------------------------------------------------------------------------------------

JOINT = ordered([LICENCE, FIRE])
BOTH = (Submit(0), Accept("licence", 1), Accept("fire", 1))


def test_no_department_decides_before_its_own_finding_is_recorded() -> None:
    visited = (*BOTH, ScheduleInspection("visit", 2, days=3), RecordInspection("fire", 4, passed=True))
    state = after(JOINT, *visited, Decide("fire", 5, granted=True))
    assert state.steps["fire"].state is StepState.GRANTED
    for granted in (True, False):
        with pytest.raises(Conflict, match="not recorded"):
            flow.apply(JOINT, after(JOINT, *BOTH), Decide("fire", 6, granted, "" if granted else "no"))
    with pytest.raises(Conflict, match="no longer allows"):
        flow.apply(JOINT, state, Decide("licence", 6, granted=True))


def test_the_time_of_an_inspection_is_excluded_only_where_the_regime_says_so() -> None:
    state = after(JOINT, *BOTH, ScheduleInspection("visit", 2, days=3))
    assert (state.steps["licence"].state, state.steps["fire"].state) == (StepState.PAUSED, StepState.ACCEPTED)
    state, happened = flow.apply(JOINT, state, RecordInspection("licence", 4, passed=True))
    assert state.steps["licence"].state is StepState.ACCEPTED
    assert [what.type for what in happened] == ["step_inspected", "step_resumed"]


def test_a_pause_on_another_ground_outlasts_the_inspection() -> None:
    paused = (*BOTH, Pause("licence", 2, "hearing"), ScheduleInspection("visit", 3))
    state = after(JOINT, *paused, RecordInspection("licence", 4, passed=True))
    assert state.steps["licence"].state is StepState.PAUSED
    assert after(JOINT, *paused, RecordInspection("licence", 4, passed=True), Resume("licence", 5))


def test_an_inspection_is_arranged_once_and_when_all_have_accepted() -> None:
    with pytest.raises(Conflict, match="has to have accepted"):
        after(JOINT, *BOTH[:2], ScheduleInspection("visit", 2))
    with pytest.raises(Conflict, match="arranged already"):
        after(JOINT, *BOTH, ScheduleInspection("visit", 2), ScheduleInspection("visit", 3))
    with pytest.raises(Conflict, match="no step needs"):
        after(JOINT, *BOTH, ScheduleInspection("other", 2))
    with pytest.raises(Conflict, match="no inspection is arranged"):
        after(JOINT, *BOTH, RecordInspection("fire", 2, passed=True))


def test_a_department_that_did_not_accept_takes_no_part() -> None:
    left = (Submit(0), Accept("fire", 1), flow.NotAccept("licence", 1, "no"), ScheduleInspection("visit", 2))
    state = after(JOINT, *left, RecordInspection("fire", 3, passed=True))
    assert state.steps["licence"].count("inspection_set") == 0


def test_what_did_not_pass_is_granted_only_after_it_passed_again() -> None:
    failed = (*BOTH, ScheduleInspection("visit", 2), RecordInspection("fire", 3, passed=False))
    with pytest.raises(Conflict, match="not passed"):
        after(JOINT, *failed, Decide("fire", 4, granted=True))
    assert after(JOINT, *failed, Decide("fire", 4, False, "no")).steps["fire"].state is StepState.REFUSED
    again = after(JOINT, *failed, RecordInspection("fire", 4, passed=True), Decide("fire", 5, granted=True))
    assert again.steps["fire"].state is StepState.GRANTED


# --- promises -------------------------------------------------------------------------------------------------------


def test_a_strict_promise_has_to_be_kept_before_the_grant_and_another_one_not() -> None:
    owed = (Submit(0, {"plan": 50}), Accept("licence", 1))
    with pytest.raises(Conflict, match="has to come first"):
        after(one(), *owed, GRANT)
    kept = after(one(), *owed, SupplyPromised(9, frozenset({"plan"})), GRANT)
    assert kept.phase is Phase.COMPLETED
    assert after(one(), Submit(0, {"photo": 50}), Accept("licence", 1), GRANT).phase is Phase.COMPLETED


def test_a_missed_promise_stands_against_granting_until_the_document_comes() -> None:
    missed = (Submit(0, {"photo": 50}), Accept("licence", 1), MissPromise("licence", 50, "photo"))
    with pytest.raises(Conflict, match="did not come by its day"):
        after(one(), *missed, GRANT)
    late = after(one(), *missed, SupplyPromised(60, frozenset({"photo"})), GRANT)
    assert late.phase is Phase.COMPLETED


def test_a_promise_is_missed_once_not_early_and_not_when_nothing_is_owed() -> None:
    owed = (Submit(0, {"photo": 50}), Accept("licence", 1))
    for acts in (
        (MissPromise("licence", 49, "photo"),),
        (MissPromise("licence", 50, "photo"), MissPromise("licence", 51, "photo")),
        (SupplyPromised(9, frozenset({"photo"})), MissPromise("licence", 50, "photo")),
        (MissPromise("licence", 50, "plan"),),
    ):
        with pytest.raises(Conflict):
            after(one(), *owed, *acts)


def test_promises_go_on_after_the_decision_and_end_with_a_refusal() -> None:
    granted = after(one(), Submit(0, {"photo": 50}), Accept("licence", 1), Decide("licence", 2, granted=True))
    state, _ = flow.apply(one(), granted, MissPromise("licence", 50, "photo"))
    assert state.steps["licence"].promises_missed == {"photo"}
    refused = after(one(), Submit(0, {"photo": 50}), Accept("licence", 1), Decide("licence", 2, False, "no"))
    assert refused.steps["licence"].promised == {}
    with pytest.raises(Conflict):
        flow.apply(one(), refused, SupplyPromised(3, frozenset({"photo"})))


def test_only_what_the_file_offers_can_be_promised() -> None:
    for filed in (Submit(0, {"proof": 50}), Submit(0, committed=frozenset({"plan"}))):
        with pytest.raises(BadInput, match="neither promised nor"):
            after(one(), filed)


def test_a_broken_commitment_forbids_the_grant_and_a_kept_one_does_not() -> None:
    filed = (Submit(0, committed=frozenset({"proof"})), Accept("licence", 1))
    assert after(one(), *filed).steps["licence"].commitments == {"proof": "open"}
    assert after(one(), *filed, CheckCommitment("licence", 2, "proof", kept=True), GRANT).phase is Phase.COMPLETED
    with pytest.raises(Conflict, match="was not kept"):
        after(one(), *filed, CheckCommitment("licence", 2, "proof", kept=False), GRANT)
    with pytest.raises(Conflict, match="waits to be checked"):
        after(one(), *filed, *[CheckCommitment("licence", 2, "proof", kept=True)] * 2)
    later = after(one(), *filed, GRANT, CheckCommitment("licence", 99, "proof", kept=False))
    assert later.steps["licence"].commitments == {"proof": "broken"}


def test_what_waits_for_another_output_can_be_withdrawn_with_its_promise() -> None:
    plan = ordered([PLAIN, replace(SIGN, tolerable=frozenset({"photo"}))])
    state = after(plan, Submit(0, {"photo": 50}), Withdraw(1))
    assert assess(TERMS, state.steps["sign"].facts, CALENDAR, HOUR).limits == ()


# --- parts, delivery, revoking --------------------------------------------------------------------------------------


def test_a_grant_in_part_issues_the_output_and_makes_the_case_partial() -> None:
    plan = ordered([replace(PLAIN, parts=("hot", "raw")), SIGN])
    state = after(plan, *TAKEN, Decide("licence", 2, granted=True, code="no", parts=("hot",)))
    assert state.steps["licence"].state is StepState.GRANTED_IN_PART
    assert state.steps["sign"].state is StepState.PENDING
    done = after(
        plan, *TAKEN, Decide("licence", 2, True, "no", parts=("hot",)), Accept("sign", 3), Decide("sign", 4, True)
    )
    assert done.phase is Phase.PARTIAL


def test_all_parts_together_are_a_full_grant_and_an_unknown_part_is_none() -> None:
    assert after(one(), *TAKEN, Decide("licence", 2, True, parts=("hot", "cold", "raw"))).phase is Phase.COMPLETED
    for act in (Decide("licence", 2, True, parts=("sweet",)), Decide("licence", 2, False, "no", parts=("hot",))):
        with pytest.raises(BadInput, match="no such part"):
            after(one(), *TAKEN, act)


def test_a_result_is_delivered_once_also_after_the_case_is_closed() -> None:
    delivered = (*TAKEN, Decide("licence", 2, granted=True), Deliver("licence", 3))
    assert after(one(), *delivered).steps["licence"].count("delivered") == 1
    with pytest.raises(Conflict, match="delivered already"):
        after(one(), *delivered, Deliver("licence", 4))
    with pytest.raises(Conflict, match="no longer allows"):
        after(one(), *TAKEN, Decide("licence", 2, False, "no"), Deliver("licence", 3))


REST = ordered([PLAIN, SIGN])
GRANTED = (*TAKEN, Decide("licence", 2, granted=True))


def test_a_revoked_output_takes_the_ground_from_what_rests_on_it() -> None:
    state, happened = flow.apply(REST, after(REST, *GRANTED, Accept("sign", 3)), Revoke("licence", 4, "fraud"))
    assert [(what.type, what.step) for what in happened] == [("step_revoked", "licence"), ("need_lost", "sign")]
    with pytest.raises(Conflict, match="no longer valid"):
        flow.apply(REST, state, Decide("sign", 5, granted=True))
    ended, _ = flow.apply(REST, state, Decide("sign", 5, False, "no"))
    assert ended.phase is Phase.REVOKED


def test_revoking_tells_the_truth_about_a_closed_case() -> None:
    closed = after(REST, *GRANTED, Accept("sign", 3), Decide("sign", 4, granted=True))
    state, happened = flow.apply(REST, closed, Revoke("licence", 5, "fraud"))
    assert (closed.phase, state.phase) == (Phase.COMPLETED, Phase.PARTIAL)
    assert [what.type for what in happened] == ["step_revoked", "need_lost", "case_outcome_changed"]
    state, _ = flow.apply(REST, state, Revoke("sign", 6, "fraud"))
    assert state.phase is Phase.REVOKED
    with pytest.raises(Conflict):
        flow.apply(REST, state, Revoke("sign", 7, "fraud"))


def test_cancelling_ends_the_output_but_not_the_grant() -> None:
    state, _ = flow.apply(one(), after(one(), *GRANTED), Revoke("licence", 3, "ended", cancel=True))
    assert (state.phase, state.steps["licence"].stands) == (Phase.COMPLETED, False)
    with pytest.raises(Conflict, match="cancelled already"):
        flow.apply(one(), state, Revoke("licence", 4, "fraud"))


def test_what_waits_for_two_outputs_is_dropped_when_one_of_them_is_revoked() -> None:
    other = StepPlan("other", "x", "r")
    plan = ordered([PLAIN, other, replace(SIGN, needs=frozenset({"licence", "other"}))])
    for cancel in (False, True):
        state = after(plan, *GRANTED, Revoke("licence", 3, "fraud", cancel=cancel))
        assert state.steps["sign"].state is StepState.DROPPED


def test_only_what_may_follow_the_last_decision_is_done_to_a_closed_case() -> None:
    closed = after(one(), *GRANTED)
    for act in (AskExtension("licence", 3, 1), Transfer("licence", 3, "town"), ScheduleInspection("visit", 3)):
        with pytest.raises(Conflict, match="closed"):
            flow.apply(one(), closed, act)
    with pytest.raises(NotFound):
        flow.apply(one(), closed, Deliver("passport", 3))
