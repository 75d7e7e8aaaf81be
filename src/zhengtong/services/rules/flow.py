# SPDX-License-Identifier: Apache-2.0
"""How a case moves: `apply(plan, state, act) -> (state, what happened)`, pure.

    WAITING ──► PENDING ──► ACCEPTED ──► GRANTED ──► (the steps that needed its output become PENDING)
                 │   ▲       │    ▲
                 ▼   │       ▼    │
              CORRECTING    PAUSED           refusals, non-acceptance and withdrawal are final too;
                                             a grant may be of some parts only, and be revoked later

Correction precedes acceptance and may be asked as often as the plan says (once, for a licence: 行政许可法
art. 32). A step whose need was refused is dropped. A case closes in the act that makes its last step final; delivering,
checking promises and revoking come after it. States are in `standing.py`, acts in `moves.py`, what goes beside the main
line in `special.py`.
"""

from __future__ import annotations

from dataclasses import replace

from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.services.rules import special
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.moves import (
    Accept,
    AskCorrection,
    AskExtension,
    CheckCommitment,
    Decide,
    Deliver,
    Extend,
    FlowAct,
    MissPromise,
    NotAccept,
    Pause,
    RecordInspection,
    RefuseExtension,
    Resume,
    ReturnTransfer,
    Revoke,
    ScheduleInspection,
    SignTransfer,
    Submit,
    SupplyCorrection,
    SupplyPromised,
    Transfer,
    Withdraw,
)
from zhengtong.services.rules.plan import Plan, StepPlan
from zhengtong.services.rules.standing import (
    DEAD,
    FINAL,
    GIVEN,
    CaseState,
    Happened,
    Outcome,
    Phase,
    StepState,
    StepStatus,
)

__all__ = [
    "DEAD", "FINAL", "GIVEN", "Accept", "AskCorrection", "AskExtension", "CaseState", "CheckCommitment", "Decide",
    "Deliver", "Extend", "FlowAct", "Happened", "MissPromise", "NotAccept", "Outcome", "Pause", "Phase",
    "RecordInspection", "RefuseExtension", "Resume", "ReturnTransfer", "Revoke", "ScheduleInspection", "SignTransfer",
    "StepState", "StepStatus", "Submit", "SupplyCorrection", "SupplyPromised", "Transfer", "Withdraw", "apply",
    "settle", "start",
]  # fmt: skip

# Which state a step must be in for an act on it: the table of the regulation.
_FROM: dict[type[object], frozenset[StepState]] = {
    Accept: frozenset({StepState.PENDING}),
    NotAccept: frozenset({StepState.PENDING}),
    AskCorrection: frozenset({StepState.PENDING}),
    Pause: frozenset({StepState.ACCEPTED}),
    Resume: frozenset({StepState.PAUSED}),
    Decide: frozenset({StepState.ACCEPTED}),
    AskExtension: frozenset({StepState.ACCEPTED, StepState.PAUSED}),
    Extend: frozenset({StepState.ACCEPTED, StepState.PAUSED}),
    RefuseExtension: frozenset({StepState.ACCEPTED, StepState.PAUSED}),
    Transfer: frozenset({StepState.PENDING, StepState.ACCEPTED, StepState.PAUSED}),
    SignTransfer: frozenset(StepState) - FINAL,
    ReturnTransfer: frozenset(StepState) - FINAL,
    RecordInspection: special.ON_SITE,
    MissPromise: frozenset(StepState) - DEAD,
    CheckCommitment: frozenset(StepState) - DEAD,
    Deliver: GIVEN,
    Revoke: GIVEN,
}

AFTER_CLOSE = (Deliver, Revoke, SupplyPromised, MissPromise, CheckCommitment)
"""Acts that may follow the last decision."""

OnStep = (
    Accept | NotAccept | AskCorrection | Pause | Resume | Decide | AskExtension | Extend | RefuseExtension | Transfer
    | SignTransfer | ReturnTransfer | RecordInspection | MissPromise | CheckCommitment | Deliver | Revoke
)  # fmt: skip


def start(plan: Plan) -> CaseState:
    """A case before it is submitted: every step waits."""
    return CaseState(steps={step.key: StepStatus() for step in plan.steps})


def apply(plan: Plan, state: CaseState, act: FlowAct) -> Outcome:
    """Apply one act. Raises `Conflict` when the state does not allow it, `NotFound` for an unknown step, `BadInput` for
    an act that no state would allow."""
    if state.phase is not Phase.OPEN and not isinstance(act, AFTER_CLOSE):
        raise Conflict("这个办件已经办结", "this case is closed", found=state.phase.value, expected="open")
    match act:
        case Submit():
            return _submit(plan, state, act)
        case SupplyCorrection():
            return _supply(plan, state, act)
        case Withdraw():
            return _withdraw(state, act)
        case ScheduleInspection():
            return special.schedule_inspection(plan, state, act)
        case SupplyPromised():
            return special.supply_promised(state, act)
        case _:
            return _on_step(plan, state, act)


def _submit(plan: Plan, state: CaseState, act: Submit) -> Outcome:
    if any(step.state is not StepState.WAITING for step in state.steps.values()):
        raise Conflict("这个办件已经提交", "this case was submitted already")
    state, promised = special.promise(plan, state, act.at_us, dict(act.tolerated), act.committed)
    state, begun = _begin_ready(plan, state, act.at_us)
    return state, (Happened("case_submitted"), *promised, *begun)


def _begin_ready(plan: Plan, state: CaseState, at_us: int) -> Outcome:
    """Steps whose needs were all issued and still stand become pending: their department has received them."""
    happened: list[Happened] = []
    for step in plan.steps:
        waits = state.steps[step.key].state is StepState.WAITING
        if waits and all(state.steps[need].stands for need in step.needs):
            state = state.with_step(step.key, StepState.PENDING, Fact("received", at_us))
            happened.append(Happened("step_received", step.key))
    return state, tuple(happened)


def _drop_blocked(plan: Plan, state: CaseState) -> Outcome:
    """Steps that can never begin because a need of theirs ended without its output."""
    happened: list[Happened] = []
    for step in plan.steps:  # in order of needs, so that drops reach the steps behind
        blocked = any(state.steps[need].state in FINAL and not state.steps[need].stands for need in step.needs)
        if blocked and state.steps[step.key].state is StepState.WAITING:
            state = state.with_step(step.key, StepState.DROPPED)
            happened.append(Happened("step_dropped", step.key))
    return state, tuple(happened)


def _outcome(state: CaseState) -> Phase:
    """What a case with nothing open has come to."""
    states = [step.state for step in state.steps.values()]
    if StepState.WITHDRAWN in states:
        return Phase.WITHDRAWN
    if all(one is StepState.GRANTED for one in states):
        return Phase.COMPLETED
    if any(one in GIVEN for one in states):
        return Phase.PARTIAL
    return Phase.REVOKED if StepState.REVOKED in states else Phase.REFUSED


def _close_if_done(state: CaseState) -> Outcome:
    """Close the case with its last step; a closed one follows what is revoked later."""
    if any(step.state not in FINAL for step in state.steps.values()):
        return state, ()
    phase = _outcome(state)
    if phase is state.phase:
        return state, ()
    type = "case_closed" if state.phase is Phase.OPEN else "case_outcome_changed"
    return replace(state, phase=phase), (Happened(type, code=phase.value),)


def _on_step(plan: Plan, state: CaseState, act: OnStep) -> Outcome:
    planned = plan.by_key.get(act.step)
    if planned is None:
        raise NotFound("办件没有这个环节", "the case has no such step", found=act.step)
    step = state.steps[act.step]
    if step.state not in _FROM[type(act)]:
        wanted = " | ".join(sorted(s.value for s in _FROM[type(act)]))
        raise Conflict(
            "环节的状态已经不允许这样做", "the step's state no longer allows this",
            where=act.step, found=step.state.value, expected=wanted,
        )  # fmt: skip
    _check_decider(planned, act)
    match act:
        case Accept():
            happened = Happened("step_accepted", act.step, "deemed" if act.deemed else "")
            facts = () if act.deemed else (Fact("accepted", act.at_us),)
            return state.with_step(act.step, StepState.ACCEPTED, *facts), (happened,)
        case AskCorrection():
            return _ask(planned, state, act)
        case Pause():
            paused = Fact("paused", act.at_us, act.code, days=act.days)
            return state.with_step(act.step, StepState.PAUSED, paused), (Happened("step_paused", act.step, act.code),)
        case Resume():
            resumed = state.with_step(act.step, StepState.ACCEPTED, Fact("resumed", act.at_us))
            return resumed, (Happened("step_resumed", act.step),)
        case NotAccept():
            fact = Fact("not_accepted", act.at_us, act.code)
            return _finish(plan, state, StepState.NOT_ACCEPTED, act, (fact,))
        case Decide():
            return _decide(plan, planned, state, act)
        case _:
            return _beside(plan, planned, state, act)


def _beside(
    plan: Plan, planned: StepPlan, state: CaseState,
    act: AskExtension | Extend | RefuseExtension | Transfer | SignTransfer | ReturnTransfer | RecordInspection
    | MissPromise | CheckCommitment | Deliver | Revoke,
) -> Outcome:  # fmt: skip
    match act:
        case AskExtension():
            return special.ask_extension(planned, state, act)
        case Extend() | RefuseExtension():
            return special.answer_extension(planned, state, act)
        case Transfer():
            return special.transfer(planned, state, act)
        case SignTransfer() | ReturnTransfer():
            return special.answer_transfer(state, act)
        case RecordInspection():
            return special.record_inspection(planned, state, act)
        case MissPromise():
            return special.miss_promise(state, act)
        case CheckCommitment():
            return special.check_commitment(state, act)
        case Deliver():
            if state.steps[act.step].count("delivered"):
                raise Conflict("结果已经送达", "the result was delivered already", where=act.step)
            return state.with_step(act.step, None, Fact("delivered", act.at_us)), (
                Happened("result_delivered", act.step),
            )
        case Revoke():
            return _revoke(plan, state, act)


def _decide(plan: Plan, planned: StepPlan, state: CaseState, act: Decide) -> Outcome:
    special.check_ripe(planned, state, granted=act.granted)
    unknown = sorted(set(act.parts) - set(planned.parts))
    if unknown or (act.parts and not act.granted):
        raise BadInput(
            "结果没有这个分项", "the output has no such part",
            where="parts", found=", ".join(unknown or act.parts), expected=", ".join(planned.parts) or None,
        )  # fmt: skip
    in_part = bool(act.parts) and set(act.parts) < set(planned.parts)
    to = StepState.GRANTED_IN_PART if in_part else StepState.GRANTED if act.granted else StepState.REFUSED
    fact = Fact("decided", act.at_us, act.code, granted=act.granted)
    parts = [Fact("part_granted", act.at_us, about=part) for part in act.parts] if in_part else []
    return _finish(plan, state, to, act, (fact, *parts))


def _check_decider(planned: StepPlan, act: object) -> None:
    system = act.system if isinstance(act, Accept | Decide) else ""
    if system != planned.external:
        raise Conflict(
            "这个环节由外部系统办理" if planned.external else "这个环节由部门办理，不由外部系统决定",
            "an external system decides this step" if planned.external else "a department decides this step",
            where=planned.key, found=system or "department", expected=planned.external or "department",
        )  # fmt: skip


def _ask(planned: StepPlan, state: CaseState, act: AskCorrection) -> Outcome:
    asked = state.steps[act.step].count("correction_asked")
    if not act.items:
        raise Conflict("没有指明要补正什么", "nothing was named to correct", where=act.step)
    if asked >= planned.corrections:
        raise Conflict(
            "补正只能一次性告知，不能再次要求",
            "corrections must be asked for all at once; no further request is allowed",
            where=act.step, found=asked + 1, expected=f"≤ {planned.corrections}",
        )  # fmt: skip
    asked_state = state.with_step(act.step, StepState.CORRECTING, Fact("correction_asked", act.at_us))
    return asked_state, (Happened("correction_asked", act.step),)


def _supply(plan: Plan, state: CaseState, act: SupplyCorrection) -> Outcome:
    open_steps = [key for key, step in state.steps.items() if step.state is StepState.CORRECTING]
    if not open_steps:
        raise Conflict("没有需要补正的环节", "no step asks for a correction")
    for key in open_steps:
        state = state.with_step(key, StepState.PENDING, Fact("corrected", act.at_us))
    return state, tuple(Happened("correction_supplied", key) for key in open_steps)


def _finish(plan: Plan, state: CaseState, to: StepState, act: NotAccept | Decide, facts: tuple[Fact, ...]) -> Outcome:
    state = state.with_step(act.step, to, *facts)
    state, begun = _begin_ready(plan, state, act.at_us)
    state, dropped = _drop_blocked(plan, state)
    state, closed = _close_if_done(state)
    type = "step_granted" if to in GIVEN else f"step_{to.value}"
    return state, (Happened(type, act.step, act.code), *begun, *dropped, *closed)


def _revoke(plan: Plan, state: CaseState, act: Revoke) -> Outcome:
    """Take back an output, tell the steps that rest on it, and let the case say what is left of it."""
    if not state.steps[act.step].stands:
        raise Conflict("结果已经注销", "the output is cancelled already", where=act.step)
    if act.cancel:
        state = state.with_step(act.step, None, Fact("cancelled", act.at_us, act.code))
    else:
        state = state.with_step(act.step, StepState.REVOKED, Fact("revoked", act.at_us, act.code))
    happened = [Happened("output_cancelled" if act.cancel else "step_revoked", act.step, act.code)]
    for step in plan.steps:
        if act.step in step.needs and state.steps[step.key].state not in DEAD | {StepState.WAITING}:
            state = state.with_step(step.key, None, Fact("need_lost", act.at_us, about=act.step))
            happened.append(Happened("need_lost", step.key, about=act.step))
    state, dropped = _drop_blocked(plan, state)
    state, closed = _close_if_done(state)
    return state, (*happened, *dropped, *closed)


def _withdraw(state: CaseState, act: Withdraw) -> Outcome:
    happened = []
    for key, step in state.steps.items():
        if step.state not in FINAL:
            received = (Fact("withdrawn", act.at_us),) if step.count("received") else ()
            state = state.with_step(key, StepState.WITHDRAWN, *received)
            happened.append(Happened("step_withdrawn", key))
    state, closed = _close_if_done(state)
    return state, (*happened, *closed)


def settle(plan: Plan, state: CaseState, at_us: int) -> Outcome:
    """What follows of itself from a state that no act led to, as after moving a case to another version: steps begin,
    are dropped, and the case may close."""
    state, begun = _begin_ready(plan, state, at_us)
    state, dropped = _drop_blocked(plan, state)
    state, closed = _close_if_done(state)
    return state, (*begun, *dropped, *closed)
