# SPDX-License-Identifier: Apache-2.0
"""How a case moves: `apply(plan, state, act) -> (state, what happened)`, pure.

    WAITING ──► PENDING ──► ACCEPTED ──► GRANTED ──► (the steps that needed its output become PENDING)
                 │   ▲       │    ▲
                 ▼   │       ▼    │
              CORRECTING    PAUSED           refusals, non-acceptance and withdrawal are final too

Correction precedes acceptance and may be asked as often as the plan says (once, for a licence: 行政许可法
art. 32). A step whose need was refused is dropped. A case closes in the act that makes its last step final.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from zhengtong.errors import Conflict, NotFound
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.plan import Plan, StepPlan


class StepState(StrEnum):
    WAITING = "waiting"
    PENDING = "pending"
    CORRECTING = "correcting"
    ACCEPTED = "accepted"
    PAUSED = "paused"
    GRANTED = "granted"
    REFUSED = "refused"
    NOT_ACCEPTED = "not_accepted"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"


class Phase(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"  # every step granted
    PARTIAL = "partial"  # some granted, some not
    REFUSED = "refused"  # none granted
    WITHDRAWN = "withdrawn"


FINAL = frozenset(
    {StepState.GRANTED, StepState.REFUSED, StepState.NOT_ACCEPTED, StepState.DROPPED, StepState.WITHDRAWN}
)


@dataclass(frozen=True)
class StepStatus:
    """Where a step stands, and the dated facts its limits are computed from."""

    state: StepState = StepState.WAITING
    facts: tuple[Fact, ...] = ()

    def count(self, kind: str) -> int:
        return sum(fact.kind == kind for fact in self.facts)


@dataclass(frozen=True)
class CaseState:
    phase: Phase = Phase.OPEN
    steps: Mapping[str, StepStatus] = field(default_factory=dict)


@dataclass(frozen=True)
class Submit:
    """The applicant files the case: steps that wait for nothing become pending."""

    at_us: int


@dataclass(frozen=True)
class Accept:
    """受理. `deemed` when the law says so because no correction was asked in time (行政许可法 art. 32): no fact is
    added then, the limits derive it from silence. `system` names the external system that accepted."""

    step: str
    at_us: int
    deemed: bool = False
    system: str = ""


@dataclass(frozen=True)
class NotAccept:
    """不予受理: the matter needs no licence or is not this department's."""

    step: str
    at_us: int
    code: str


@dataclass(frozen=True)
class AskCorrection:
    """一次性告知补正: everything that must be corrected, at once."""

    step: str
    at_us: int
    items: tuple[str, ...]


@dataclass(frozen=True)
class SupplyCorrection:
    """The applicant answers every open request for correction."""

    at_us: int


@dataclass(frozen=True)
class Pause:
    """Time excluded by law (hearing, inspection, expert review: 行政许可法 art. 45), told in writing."""

    step: str
    at_us: int
    code: str


@dataclass(frozen=True)
class Resume:
    step: str
    at_us: int


@dataclass(frozen=True)
class Decide:
    """准予 or 不予, with a reason code when refused. `system` names the external system that decided."""

    step: str
    at_us: int
    granted: bool
    code: str = ""
    system: str = ""


@dataclass(frozen=True)
class Withdraw:
    """The applicant withdraws what is not decided yet."""

    at_us: int


FlowAct = Submit | Accept | NotAccept | AskCorrection | SupplyCorrection | Pause | Resume | Decide | Withdraw


@dataclass(frozen=True)
class Happened:
    """One consequence of an act; `step` is "" for the case itself."""

    type: str
    step: str = ""
    code: str = ""


Outcome = tuple[CaseState, tuple[Happened, ...]]

# Which state a step must be in for an act on it: the table of the regulation.
_FROM: dict[type[object], frozenset[StepState]] = {
    Accept: frozenset({StepState.PENDING}),
    NotAccept: frozenset({StepState.PENDING}),
    AskCorrection: frozenset({StepState.PENDING}),
    Pause: frozenset({StepState.ACCEPTED}),
    Resume: frozenset({StepState.PAUSED}),
    Decide: frozenset({StepState.ACCEPTED}),
}


def start(plan: Plan) -> CaseState:
    """A case before it is submitted: every step waits."""
    return CaseState(steps={step.key: StepStatus() for step in plan.steps})


def apply(plan: Plan, state: CaseState, act: FlowAct) -> Outcome:
    """Apply one act. Raises `Conflict` when the state does not allow it, `NotFound` for an unknown step."""
    if state.phase is not Phase.OPEN:
        raise Conflict("这个办件已经办结", "this case is closed", found=state.phase.value, expected="open")
    match act:
        case Submit():
            return _submit(plan, state, act)
        case SupplyCorrection():
            return _supply(plan, state, act)
        case Withdraw():
            return _withdraw(plan, state, act)
        case _:
            return _on_step(plan, state, act)


def _set(state: CaseState, key: str, to: StepState, *facts: Fact) -> CaseState:
    step = state.steps[key]
    return replace(state, steps={**state.steps, key: StepStatus(to, step.facts + facts)})


def _submit(plan: Plan, state: CaseState, act: Submit) -> Outcome:
    if any(step.state is not StepState.WAITING for step in state.steps.values()):
        raise Conflict("这个办件已经提交", "this case was submitted already")
    state, begun = _begin_ready(plan, state, act.at_us)
    return state, (Happened("case_submitted"), *begun)


def _begin_ready(plan: Plan, state: CaseState, at_us: int) -> Outcome:
    """Steps whose needs are all granted become pending: their department has received them."""
    happened: list[Happened] = []
    for step in plan.steps:
        waits = state.steps[step.key].state is StepState.WAITING
        if waits and all(state.steps[need].state is StepState.GRANTED for need in step.needs):
            state = _set(state, step.key, StepState.PENDING, Fact("received", at_us))
            happened.append(Happened("step_received", step.key))
    return state, tuple(happened)


def _drop_blocked(plan: Plan, state: CaseState) -> Outcome:
    """Steps that can never begin because a need of theirs ended without its output."""
    happened: list[Happened] = []
    for step in plan.steps:  # in order of needs, so that drops reach the steps behind
        blocked = any(
            state.steps[need].state in FINAL and state.steps[need].state is not StepState.GRANTED for need in step.needs
        )
        if blocked and state.steps[step.key].state is StepState.WAITING:
            state = _set(state, step.key, StepState.DROPPED)
            happened.append(Happened("step_dropped", step.key))
    return state, tuple(happened)


def _close_if_done(state: CaseState) -> Outcome:
    if any(step.state not in FINAL for step in state.steps.values()):
        return state, ()
    granted = sum(step.state is StepState.GRANTED for step in state.steps.values())
    if any(step.state is StepState.WITHDRAWN for step in state.steps.values()):
        phase = Phase.WITHDRAWN
    elif granted == len(state.steps):
        phase = Phase.COMPLETED
    else:
        phase = Phase.PARTIAL if granted else Phase.REFUSED
    return replace(state, phase=phase), (Happened("case_closed", code=phase.value),)


def _on_step(
    plan: Plan, state: CaseState, act: Accept | NotAccept | AskCorrection | Pause | Resume | Decide
) -> Outcome:
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
            return _set(state, act.step, StepState.ACCEPTED, *facts), (happened,)
        case AskCorrection():
            return _ask(planned, state, act)
        case Pause():
            paused = _set(state, act.step, StepState.PAUSED, Fact("paused", act.at_us, act.code))
            return paused, (Happened("step_paused", act.step, act.code),)
        case Resume():
            resumed = _set(state, act.step, StepState.ACCEPTED, Fact("resumed", act.at_us))
            return resumed, (Happened("step_resumed", act.step),)
        case NotAccept():
            return _finish(plan, state, StepState.NOT_ACCEPTED, act, Fact("not_accepted", act.at_us, act.code))
        case Decide():
            to = StepState.GRANTED if act.granted else StepState.REFUSED
            fact = Fact("decided", act.at_us, act.code, granted=act.granted)
            return _finish(plan, state, to, act, fact)


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
    asked_state = _set(state, act.step, StepState.CORRECTING, Fact("correction_asked", act.at_us))
    return asked_state, (Happened("correction_asked", act.step),)


def _supply(plan: Plan, state: CaseState, act: SupplyCorrection) -> Outcome:
    open_steps = [key for key, step in state.steps.items() if step.state is StepState.CORRECTING]
    if not open_steps:
        raise Conflict("没有需要补正的环节", "no step asks for a correction")
    for key in open_steps:
        state = _set(state, key, StepState.PENDING, Fact("corrected", act.at_us))
    return state, tuple(Happened("correction_supplied", key) for key in open_steps)


def _finish(plan: Plan, state: CaseState, to: StepState, act: NotAccept | Decide, fact: Fact) -> Outcome:
    state = _set(state, act.step, to, fact)
    state, begun = _begin_ready(plan, state, act.at_us)
    state, dropped = _drop_blocked(plan, state)
    state, closed = _close_if_done(state)
    return state, (Happened(f"step_{to.value}", act.step, act.code), *begun, *dropped, *closed)


def _withdraw(plan: Plan, state: CaseState, act: Withdraw) -> Outcome:
    happened = []
    for key, step in state.steps.items():
        if step.state not in FINAL:
            received = (Fact("withdrawn", act.at_us),) if step.facts else ()
            state = _set(state, key, StepState.WITHDRAWN, *received)
            happened.append(Happened("step_withdrawn", key))
    state, closed = _close_if_done(state)
    return state, (*happened, *closed)
