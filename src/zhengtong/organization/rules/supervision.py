# SPDX-License-Identifier: Apache-2.0
"""How a supervised task (督办) moves: `apply(rules, task, act, calendar) -> task`, pure.

    ─propose─► PROPOSED ─open─► OPENED ─assign─► ASSIGNED ─report done─► REPORTED ─close─► CLOSED
                   │                                ▲                      │  ▲              │ ▲
                   └─decline─► DECLINED             │              send back  report done  object upheld
                                                    │                      ▼  │              ▼ │
                                                    │                     RETURNED         OBJECTED
                                                    └──────────────── overturned ─────────────┘

After 政府督查工作条例: only the government, or whom it appoints, may open (art. 7), on a plan (art. 15), never two
tasks on one matter (art. 15, 一事一单); one lead department reports for all; the conclusion is fed back (art. 16) and
may be objected to within a term from its receipt, those who made it stay out of the review (art. 17). Roles, terms and
colours are the city's (`supervision_rules.py`); colours are computed on read (`escalation.py`), never stored.

Who may not raises Refused; what the state does not allow any more raises Conflict; what is malformed, BadInput.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from zhengtong.errors import BadInput, Conflict, Refused
from zhengtong.organization.rules.escalation import escalations
from zhengtong.organization.rules.supervised_task import (
    Assign,
    By,
    Close,
    Decline,
    Feedback,
    IssueSheet,
    ObjectTo,
    Open,
    Propose,
    Review,
    SendBack,
    Sheet,
    Task,
    TaskAct,
    TaskState,
)
from zhengtong.organization.rules.supervision_rules import Calendar, SupervisionRules, ends_us

_NAMES: Final[Mapping[type, tuple[str, str]]] = {
    Open: ("立项", "be opened"),
    Decline: ("不予立项", "be declined"),
    Assign: ("交办", "be assigned"),
    Feedback: ("反馈", "be reported on"),
    SendBack: ("退回", "be sent back"),
    IssueSheet: ("发督办单", "be given a coloured sheet"),
    Close: ("办结", "be closed"),
    ObjectTo: ("提出异议", "be objected to"),
    Review: ("复核", "be reviewed"),
}
_FROM: Final[Mapping[type, frozenset[TaskState]]] = {
    Open: frozenset({TaskState.PROPOSED}),
    Decline: frozenset({TaskState.PROPOSED}),
    Assign: frozenset({TaskState.OPENED}),
    Feedback: frozenset({TaskState.ASSIGNED, TaskState.REPORTED, TaskState.RETURNED}),
    SendBack: frozenset({TaskState.REPORTED}),
    IssueSheet: frozenset({TaskState.ASSIGNED, TaskState.RETURNED}),  # what was reported as done is sent back first
    Close: frozenset({TaskState.REPORTED}),
    ObjectTo: frozenset({TaskState.CLOSED}),
    Review: frozenset({TaskState.OBJECTED}),
}
_OF_DEPARTMENTS: Final = (Feedback, ObjectTo)


def apply(rules: SupervisionRules, task: Task | None, act: TaskAct, calendar: Calendar) -> Task:
    """The task after an act; `task` is None only for a proposal."""
    if isinstance(act, Propose):
        return _propose(rules, task, act)
    if task is None:
        raise Conflict("还没有这项督办", "there is no such supervised task yet")
    zh, en = _NAMES[type(act)]
    if not isinstance(act, _OF_DEPARTMENTS):
        _office_only(rules, act.by, zh, en)
    if task.state not in _FROM[type(act)]:
        raise Conflict(
            f"督办任务现在不能{zh}",
            f"the task cannot {en} in its present state",
            found=task.state.value,
            expected=" | ".join(sorted(_FROM[type(act)])),
        )
    if act.at_us < task.acted_us:
        raise BadInput(
            "时间早于上一个操作", "the time lies before the last act", found=act.at_us, expected=f"≥ {task.acted_us}"
        )
    after = _STEPS[type(act)](rules, task, act, calendar)
    return replace(after, acted_us=act.at_us)


def objection_ends_us(rules: SupervisionRules, task: Task, calendar: Calendar) -> int | None:
    """The last instant at which the conclusion can be objected to; None where there is none, or it was reviewed."""
    if task.state is not TaskState.CLOSED or task.closed_us is None or task.reviewed:
        return None
    return ends_us(rules.objection, task.closed_us, calendar)


def review_ends_us(rules: SupervisionRules, task: Task, calendar: Calendar) -> int | None:
    """The last instant at which the review is in time; None where none is pending."""
    if task.state is not TaskState.OBJECTED or task.objected_us is None:
        return None
    return ends_us(rules.review, task.objected_us, calendar)


def _office_only(rules: SupervisionRules, by: By, zh: str, en: str) -> None:
    if not by.roles & rules.openers:
        raise Refused(
            f"只有本级政府指定的督查机构可以{zh}（政府督查工作条例第七条）",
            f"only the office that the government appointed may let a task {en} (政府督查工作条例 art. 7)",
            found=", ".join(sorted(by.roles)) or "—",
            expected=" | ".join(sorted(rules.openers)),
        )


def _propose(rules: SupervisionRules, task: Task | None, act: Propose) -> Task:
    if task is not None:
        raise Conflict("这项督办已经提出", "the task was proposed already", found=task.state.value)
    if not act.by.roles & (rules.proposers | rules.openers):
        raise Refused(
            "您的岗位不能提出督办建议",
            "your role may not propose a supervised task",
            found=", ".join(sorted(act.by.roles)) or "—",
            expected=" | ".join(sorted(rules.proposers | rules.openers)),
        )
    if not act.matter:
        raise BadInput("督办要写明事项", "a supervised task must name its matter", expected="matter")
    return Task(TaskState.PROPOSED, act.matter, act.at_us, act.at_us)


def _open(rules: SupervisionRules, task: Task, act: Open, _: Calendar) -> Task:
    if rules.plan_required and not act.plan:
        raise Conflict("立项前要有督查方案", "a task is opened on a plan", expected="plan")
    if task.matter in act.matters_open:
        raise Conflict(
            "这一事项已在督办，一事一单，不重复督查",
            "the matter is under supervision already: one matter, one task",
            found=task.matter,
        )
    return replace(task, state=TaskState.OPENED, opened_us=act.at_us)


def _decline(_rules: SupervisionRules, task: Task, act: Decline, _: Calendar) -> Task:
    _reason(act.reason)
    return replace(task, state=TaskState.DECLINED)


def _assign(rules: SupervisionRules, task: Task, act: Assign, calendar: Calendar) -> Task:
    if not act.lead or act.lead in act.support:
        raise BadInput(
            "要有一个牵头部门，且不能同时是配合部门",
            "there must be one lead department, which is not a supporting one too",
            found=act.lead or "—",
        )
    if act.term not in rules.terms:
        raise BadInput(
            "没有这种办理时限", "there is no such term", found=act.term, expected=" | ".join(sorted(rules.terms))
        )
    return replace(
        task,
        state=TaskState.ASSIGNED,
        lead=act.lead,
        support=act.support,
        assigned_us=act.at_us,
        owing=((act.at_us, True),),
        due_us=ends_us(rules.terms[act.term], act.at_us, calendar),
    )


def _feedback(_rules: SupervisionRules, task: Task, act: Feedback, _: Calendar) -> Task:
    if act.by.department != task.lead:
        raise Refused(
            "由牵头部门统一反馈",
            "the lead department reports for all",
            found=act.by.department or "—",
            expected=task.lead,
        )
    task = replace(task, reports=(*task.reports, act.at_us))
    return replace(task, state=TaskState.REPORTED, owing=_owes(task, act.at_us, False)) if act.done else task


def _send_back(_rules: SupervisionRules, task: Task, act: SendBack, _: Calendar) -> Task:
    _reason(act.reason)
    return replace(task, state=TaskState.RETURNED, owing=_owes(task, act.at_us, True))


def _issue_sheet(rules: SupervisionRules, task: Task, act: IssueSheet, calendar: Calendar) -> Task:
    rank = rules.rank(act.colour)
    judged = any(trigger.kind == "judged" for trigger in rules.colours[rank].triggers)
    if not judged and not (act.urgent and rules.urgent_start):
        raise Conflict(
            "这种颜色不能凭判断发出",
            "a sheet of this colour is not issued by judgement",
            found=act.colour,
            expected=" | ".join(rules.judged_colours()) or "—",
        )
    reached = escalations(rules, task, calendar, act.at_us)
    if reached and rules.rank(reached[-1].colour) >= rank:
        raise Conflict(
            "任务已是这种颜色或更高级别",
            "the task has this colour or a graver one already",
            found=reached[-1].colour,
            expected=" | ".join(known.key for known in rules.colours[rules.rank(reached[-1].colour) + 1 :]) or "—",
        )
    return replace(task, sheets=(*task.sheets, Sheet(act.colour, act.at_us)))


def _close(_rules: SupervisionRules, task: Task, act: Close, _: Calendar) -> Task:
    concluded_by = act.participants | {act.by.person}
    return replace(task, state=TaskState.CLOSED, closed_us=act.at_us, concluded_by=concluded_by)


def _object(rules: SupervisionRules, task: Task, act: ObjectTo, calendar: Calendar) -> Task:
    if act.by.department not in {task.lead, *task.support}:
        raise Refused(
            "只有被督办的部门可以提出异议",
            "only a supervised department may object",
            found=act.by.department or "—",
            expected=" | ".join([task.lead, *sorted(task.support)]),
        )
    last_us = objection_ends_us(rules, task, calendar)
    if last_us is None:
        raise Conflict("督查结论已经复核，不再复核", "the conclusion was reviewed already")
    if act.at_us > last_us:
        raise Conflict(
            "提出异议的期限已过（政府督查工作条例第十七条）",
            "the time to object has passed (政府督查工作条例 art. 17)",
            found=str(calendar.date_of(act.at_us)),
            expected=f"≤ {calendar.date_of(last_us)}",
        )
    return replace(task, state=TaskState.OBJECTED, objected_us=act.at_us)


def _review(_rules: SupervisionRules, task: Task, act: Review, _: Calendar) -> Task:
    if act.by.person in task.concluded_by:
        raise Refused(
            "参与作出督查结论的人员应当回避（政府督查工作条例第十七条）",
            "whoever took part in the conclusion stays out of its review (政府督查工作条例 art. 17)",
        )
    if act.upheld:
        return replace(task, state=TaskState.CLOSED, reviewed=True)
    # The conclusion falls: the task goes on under its lead with its due date, and a new conclusion can be objected to.
    owing = _owes(task, act.at_us, True)
    task = replace(task, closed_us=None, concluded_by=frozenset(), objected_us=None, owing=owing)
    return replace(task, state=TaskState.ASSIGNED)


def _owes(task: Task, at_us: int, owes: bool) -> tuple[tuple[int, bool], ...]:
    return (*task.owing, (at_us, owes))


def _reason(reason: str) -> None:
    if not reason:
        raise BadInput("要说明理由", "a reason must be given", expected="reason")


_STEPS: Final[Mapping[type, Callable[..., Task]]] = {
    Open: _open,
    Decline: _decline,
    Assign: _assign,
    Feedback: _feedback,
    SendBack: _send_back,
    IssueSheet: _issue_sheet,
    Close: _close,
    ObjectTo: _object,
    Review: _review,
}
