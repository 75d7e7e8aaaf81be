# SPDX-License-Identifier: Apache-2.0
"""The words, colours and shapes of states, and a limit as it is drawn."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhengtong.services.casework import CaseWork
from zhengtong.services.models import Output, Step
from zhengtong.services.rules.flow import Phase, StepState
from zhengtong.services.rules.limits import LimitView
from zhengtong.ui.drawing import Limit, Span
from zhengtong.ui.parts import State, StateKind, Task

STEP: dict[str, tuple[StateKind, object]] = {
    StepState.WAITING: ("wait", _("waits for an earlier step")),
    StepState.PENDING: ("info", _("received, to be accepted")),
    StepState.CORRECTING: ("near", _("correction asked")),
    StepState.ACCEPTED: ("info", _("accepted, being decided")),
    StepState.PAUSED: ("paused", _("paused by law")),
    StepState.GRANTED: ("ok", _("granted")),
    StepState.GRANTED_IN_PART: ("near", _("granted in part")),
    StepState.REFUSED: ("late", _("refused")),
    StepState.NOT_ACCEPTED: ("late", _("not accepted")),
    StepState.DROPPED: ("wait", _("not pursued")),
    StepState.WITHDRAWN: ("wait", _("withdrawn")),
    StepState.REVOKED: ("late", _("revoked")),
}
PHASE: dict[str, tuple[StateKind, object]] = {
    Phase.OPEN: ("info", _("under way")),
    Phase.COMPLETED: ("ok", _("completed")),
    Phase.PARTIAL: ("near", _("completed in part")),
    Phase.REFUSED: ("late", _("refused")),
    Phase.WITHDRAWN: ("wait", _("withdrawn")),
    Phase.REVOKED: ("late", _("revoked")),
}

MEMO: dict[str, object] = {
    "extension_asked": _("More time asked for"),
    "extension_refused": _("More time refused"),
    "transfer_asked": _("Another department asked to take it over"),
    "transfer_returned": _("Returned by the other department"),
    "inspected": _("Inspection recorded"),
    "commitment_checked": _("Commitment checked"),
    "revoked": _("Result no longer valid"),
}
"""What a memo was said with."""


def step_state(step: Step) -> State:
    return State(*STEP[step.state])


def phase_state(phase: str) -> State:
    return State(*PHASE[phase])


def urgency(step: Step, now_us: int, day_end_us: int) -> State:
    """How urgent a step is for its department: a word and a shape, from its promised end."""
    if step.state == StepState.CORRECTING:
        return State("wait", _("waits for the applicant"))
    if step.state == StepState.PAUSED:
        return State("paused", _("paused by law"))
    if step.external:
        return State("wait", _("decided by an external system"))
    if step.due_us is None:
        return State("info", _("no limit"))
    if step.due_us < now_us:
        return State("late", _("late"))
    if step.due_us <= day_end_us:
        return State("near", _("due today"))
    return State("info", _("in time"))


ISSUING: dict[str, tuple[StateKind, object]] = {
    "being_issued": ("info", _("granted, the result is being issued")),
    "not_issued": ("late", _("granted, the issuer did not issue the result")),
}


def with_output(step: Step, output: Output | None) -> State:
    """The state of a step, honest about a result that its issuer has not sent yet."""
    issuing = ISSUING.get(output.status) if output and step.state == StepState.GRANTED else None
    return State(*issuing) if issuing else step_state(step)


def step_tasks(work: CaseWork, department_urls: bool = False) -> list[Task]:
    """The steps of a case as a task list, each with who does it."""
    outputs = {row.step_id: row for row in Output.objects.filter(step__case=work.case)}
    return [
        Task(
            work.definition.services[key].name,
            with_output(step, outputs.get(step.pk)),
            note=work.definition.departments[step.department].name,
        )
        for key, step in work.steps.items()
    ]


def draw(view: LimitView, started: str) -> Limit:
    """A limit as the component draws it: what ran, what was paused, the marks."""

    def day(mark: object) -> str:
        due = getattr(mark, "due", None) or getattr(mark, "projected", None)
        return f"{due:%m-%d}" if due else ""

    return Limit(
        spans=[Span("paused" if i.reasons else "used", float(i.count)) for i in view.intervals],
        promised=float(view.promised.amount) if view.promised else None,
        statutory=float(view.statutory.amount) if view.statutory else None,
        started=started,
        promised_due=day(view.promised),
        statutory_due=day(view.statutory),
        provisional=view.provisional,
    )
