# SPDX-License-Identifier: Apache-2.0
"""What another system's decision does to a case: the same whether it came as an answer or was taken from its list."""

from __future__ import annotations

from dataclasses import dataclass

from zhengtong.acts.perform import Act
from zhengtong.errors import Conflict
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import CaseWork, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.notices import order_notice
from zhengtong.services.outputs import issue_output
from zhengtong.services.rules.flow import Accept, Decide, StepState


def system_of(work: CaseWork) -> str:
    """The system that decides the step. Raises `Conflict` for one that a department decides."""
    if not work.step.external:
        raise Conflict(
            "这个环节由部门办理，不由外部系统决定", "a department decides this step, no external system",
            where=work.step.key, expected=work.step.department,
        )  # fmt: skip
    return work.step.external


@dataclass(frozen=True)
class Decision:
    """What the system decided: the number of its own output where granted, its reason code where refused, and when it
    did so by its own clock, which measures the lag and never dates the act here."""

    granted: bool
    issuer_number: str = ""
    reason: str = ""
    decided_there_us: int | None = None


def take_decision(act: Act, work: CaseWork, decision: Decision) -> None:
    """Decide the step as its system did. A decision implies that they had accepted, whether or not they told."""
    system, step = system_of(work), work.step_key
    if work.step.state == StepState.PENDING:
        move(act, work, Accept(step, act.now_us, system=system))
    about: dict[str, Value] = {"system": system}
    if decision.decided_there_us is not None:
        about["decided_there_us"] = decision.decided_there_us
    move(act, work, Decide(step, act.now_us, decision.granted, decision.reason, system=system), about)
    if decision.granted:
        issue_output(act, work, step, decision.issuer_number)
    order_notice(act, work, NoticeKind.GRANT if decision.granted else NoticeKind.REFUSE, step)
