# SPDX-License-Identifier: Apache-2.0
"""What goes beside the main line of a step: more time, another department, a joint inspection, promises.

Each function takes the plan, the state and one act, and returns the state after it with what happened; `flow.apply`
has checked that the step exists and that its state allows the act.
"""

from __future__ import annotations

from zhengtong.errors import BadInput, Conflict
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.moves import (
    AskExtension,
    CheckCommitment,
    Extend,
    MissPromise,
    RecordInspection,
    RefuseExtension,
    ReturnTransfer,
    ScheduleInspection,
    SignTransfer,
    SupplyPromised,
    Transfer,
)
from zhengtong.services.rules.plan import Plan, StepPlan
from zhengtong.services.rules.standing import DEAD, FINAL, CaseState, Happened, Outcome, StepState, StepStatus

ON_SITE = frozenset({StepState.ACCEPTED, StepState.PAUSED})
"""The states in which a department may go and look."""


def ask_extension(planned: StepPlan, state: CaseState, act: AskExtension) -> Outcome:
    status, cap = state.steps[act.step], planned.extension
    if cap is None or not cap.approver:
        raise Conflict("这个时限不能延长", "this limit cannot be extended", where=act.step)
    if status.extension_asked:
        raise Conflict("已有一项延期申请等待批准", "a request for extension waits already", where=act.step)
    used = [fact.days for fact in status.facts if fact.kind == "extended"]
    if cap.times is not None and len(used) >= cap.times:
        raise Conflict(
            "延长的次数已经用完", "the limit was extended as often as the law allows",
            where=act.step, found=len(used), expected=f"≤ {cap.times}",
        )  # fmt: skip
    if not 1 <= act.days <= cap.days - sum(used):
        raise BadInput(
            "延长的天数不对", "the length of the extension is wrong",
            where="days", found=act.days, expected=f"1–{cap.days - sum(used)}",
        )  # fmt: skip
    after = state.with_step(act.step, None, Fact("extension_asked", act.at_us, days=act.days))
    return after, (Happened("extension_asked", act.step),)


def answer_extension(planned: StepPlan, state: CaseState, act: Extend | RefuseExtension) -> Outcome:
    asked = state.steps[act.step].extension_asked
    if asked is None:
        raise Conflict("没有等待批准的延期申请", "no request for extension waits", where=act.step)
    if isinstance(act, RefuseExtension):
        after = state.with_step(act.step, None, Fact("extension_refused", act.at_us))
        return after, (Happened("extension_refused", act.step),)
    if planned.extension is None or act.approver != planned.extension.approver:
        raise Conflict(
            "延期须由规定的负责人批准", "another role has to approve this extension",
            where=act.step, found=act.approver, expected=planned.extension.approver if planned.extension else None,
        )  # fmt: skip
    fact = Fact("extended", act.at_us, days=asked.days, approver=act.approver)
    return state.with_step(act.step, None, fact), (Happened("step_extended", act.step),)


def department_of(planned: StepPlan, status: StepStatus) -> str:
    """Whose step it is now: the planned department's, or that of the last transfer."""
    moved = status.last("transferred")
    return moved.about if moved else planned.department


def transfer(planned: StepPlan, state: CaseState, act: Transfer) -> Outcome:
    status = state.steps[act.step]
    open_to = planned.transfers | {planned.department} if planned.transfers else frozenset()
    others = open_to - {department_of(planned, status)}
    if act.to not in others:
        raise BadInput(
            "不能移送给这个部门", "the step cannot go to this department",
            where="to", found=act.to, expected=", ".join(sorted(others)) or None,
        )  # fmt: skip
    if status.transfer_asked:
        raise Conflict("已有一项移送等待签收", "a transfer waits to be signed for already", where=act.step)
    if planned.transfer_agreed:
        after = state.with_step(act.step, None, Fact("transfer_asked", act.at_us, about=act.to))
        return after, (Happened("transfer_asked", act.step, about=act.to),)
    return _hand_over(state, act.step, act.at_us, act.to)


def _hand_over(state: CaseState, step: str, at_us: int, to: str) -> Outcome:
    after = state.with_step(step, None, Fact("transferred", at_us, about=to))
    return after, (Happened("step_transferred", step, about=to),)


def answer_transfer(state: CaseState, act: SignTransfer | ReturnTransfer) -> Outcome:
    asked = state.steps[act.step].transfer_asked
    if asked is None:
        raise Conflict("没有等待签收的移送", "no transfer waits to be signed for", where=act.step)
    if isinstance(act, SignTransfer):
        return _hand_over(state, act.step, act.at_us, asked.about)
    after = state.with_step(act.step, None, Fact("transfer_returned", act.at_us, about=asked.about))
    return after, (Happened("transfer_returned", act.step, about=asked.about),)


def schedule_inspection(plan: Plan, state: CaseState, act: ScheduleInspection) -> Outcome:
    """Once for all departments that share it, when each of them has accepted its step."""
    sharing = [step for step in plan.steps if step.inspection == act.inspection]
    open_steps = [step for step in sharing if state.steps[step.key].state not in FINAL]
    if not open_steps:
        raise Conflict("没有需要这次勘验的环节", "no step needs this inspection", found=act.inspection)
    if any(state.steps[step.key].count("inspection_set") for step in sharing):
        raise Conflict("一同勘验已经安排", "the joint inspection is arranged already", where=act.inspection)
    early = [step.key for step in open_steps if state.steps[step.key].state not in ON_SITE]
    if early:
        raise Conflict(
            "参加勘验的部门都受理后才能安排", "every department that takes part has to have accepted its step",
            where=act.inspection, found=", ".join(early), expected="accepted",
        )  # fmt: skip
    happened = []
    for step in open_steps:
        state = state.with_step(step.key, None, Fact("inspection_set", act.at_us, about=act.inspection))
        happened.append(Happened("inspection_scheduled", step.key, about=act.inspection))
        if step.inspection_pause and state.steps[step.key].state is StepState.ACCEPTED:
            pause = Fact("paused", act.at_us, step.inspection_pause, days=act.days, about=act.inspection)
            state = state.with_step(step.key, StepState.PAUSED, pause)
            happened.append(Happened("step_paused", step.key, step.inspection_pause))
    return state, tuple(happened)


def record_inspection(planned: StepPlan, state: CaseState, act: RecordInspection) -> Outcome:
    """One department's finding. The time excluded for the inspection ends with it."""
    status = state.steps[act.step]
    if not planned.inspection or not status.count("inspection_set"):
        raise Conflict("这个环节没有安排勘验", "no inspection is arranged for this step", where=act.step)
    finding = Fact("inspected", act.at_us, about=planned.inspection, granted=act.passed)
    state = state.with_step(act.step, None, finding)
    happened = [Happened("step_inspected", act.step, about=planned.inspection)]
    pause = status.last("paused")
    if status.state is StepState.PAUSED and pause and pause.about == planned.inspection:
        state = state.with_step(act.step, StepState.ACCEPTED, Fact("resumed", act.at_us))
        happened.append(Happened("step_resumed", act.step))
    return state, tuple(happened)


def promise(plan: Plan, state: CaseState, at_us: int, tolerated: dict[str, int], committed: frozenset[str]) -> Outcome:
    """Note on every step that needs the document what was promised instead of it."""
    happened: list[Happened] = []
    for material in [*tolerated, *sorted(committed)]:
        fact = (
            Fact("tolerated", at_us, about=material, due_us=tolerated[material])
            if material in tolerated
            else Fact("committed", at_us, about=material)
        )
        keys = [s.key for s in plan.steps if material in (s.tolerable if material in tolerated else s.commitments)]
        if not keys:
            raise BadInput(
                "这份材料不能容缺，也不能承诺", "this document can be neither promised nor committed to", found=material
            )
        for key in keys:
            state = state.with_step(key, None, fact)
            happened.append(Happened(f"material_{fact.kind}", key, about=material))
    return state, tuple(happened)


def supply_promised(state: CaseState, act: SupplyPromised) -> Outcome:
    """Late is still in time as long as the department has not refused or revoked because of it."""
    happened: list[Happened] = []
    for key, status in state.steps.items():
        for material in sorted(act.materials & status.promised.keys()):
            state = state.with_step(key, None, Fact("supplied", act.at_us, about=material))
            happened.append(Happened("promised_supplied", key, about=material))
    unknown = act.materials - {what.about for what in happened}
    if unknown or not happened:
        raise Conflict(
            "没有等待补交的这份材料", "no promise of this document is open", found=", ".join(sorted(unknown)) or None
        )
    return state, tuple(happened)


def miss_promise(state: CaseState, act: MissPromise) -> Outcome:
    status = state.steps[act.step]
    open_promise = status.promised.get(act.material)
    if open_promise is None or act.material in status.promises_missed:
        raise Conflict("没有等待补交的这份材料", "no promise of this document is open", found=act.material)
    if act.at_us < open_promise.due_us:
        raise Conflict("还没有到承诺的日期", "the promised day has not passed yet", found=act.at_us)
    after = state.with_step(act.step, None, Fact("promise_missed", act.at_us, about=act.material))
    return after, (Happened("promise_missed", act.step, about=act.material),)


def check_commitment(state: CaseState, act: CheckCommitment) -> Outcome:
    status = state.steps[act.step]
    if status.state in DEAD | {StepState.WAITING} or status.commitments.get(act.material) != "open":
        raise Conflict(
            "没有待核查的这项承诺", "no commitment for this document waits to be checked",
            where=act.step, found=act.material,
        )  # fmt: skip
    fact = Fact("commitment_kept" if act.kept else "commitment_broken", act.at_us, about=act.material)
    return state.with_step(act.step, None, fact), (Happened(fact.kind, act.step, about=act.material),)


def check_ripe(planned: StepPlan, state: CaseState, *, granted: bool) -> None:
    """Raises `Conflict` while something has to come before the decision."""
    status = state.steps[planned.key]
    found = status.last("inspected")
    why: tuple[str, str, str] | None = None
    if planned.inspection and found is None:
        why = "一同勘验还没有记录", "the joint inspection is not recorded yet", planned.inspection
    elif granted:
        why = _against_granting(planned, state, status, found)
    if why:
        zh, en, what = why
        raise Conflict(zh, en, where=planned.key, found=what)


def _against_granting(
    planned: StepPlan, state: CaseState, status: StepStatus, found: Fact | None
) -> tuple[str, str, str] | None:
    if found is not None and not found.granted:
        return "勘验未通过，不能准予", "the inspection was not passed", planned.inspection
    late = sorted(status.promises_missed)
    if late:
        return "容缺材料逾期未补交，不能准予", "a promised document did not come by its day", ", ".join(late)
    owed = sorted(status.promised.keys() & planned.strict)
    if owed:
        return "容缺材料补交后才能准予", "a promised document has to come first", ", ".join(owed)
    broken = sorted(key for key, how in status.commitments.items() if how == "broken")
    if broken:
        return "承诺不实，不能准予", "a commitment was not kept", ", ".join(broken)
    lost = sorted(need for need in planned.needs if not state.steps[need].stands)
    if lost:
        return "所依据的结果已被撤销或注销", "the result this step rests on is no longer valid", ", ".join(lost)
    return None
