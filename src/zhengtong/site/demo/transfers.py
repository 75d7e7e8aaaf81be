# SPDX-License-Identifier: Apache-2.0
"""Steps handed from one department to another, once as it should be, or back and forth where a story has it so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from zhengtong.services.actions.transfer_step import SignTransfer, TransferStep
from zhengtong.services.rules.flow import FlowAct, StepState, Transfer
from zhengtong.services.rules.flow import SignTransfer as Signed
from zhengtong.services.rules.special import department_of

if TYPE_CHECKING:
    from zhengtong.site.demo.play import Play, Running

USUALLY, BACK_AND_FORTH = 0.015, 0.6
"""How often a step that may be transferred is: in an ordinary year, and where a cause strikes."""
HOPS = 4


def hops(play: Play, case: Running, step: str, now: int) -> int:
    """How many times this step is going to change hands before it is decided."""
    if not case.plan.by_key[step].transfers:
        return 0
    if play.story.strike("back_and_forth", play.day(now), service=step):
        return HOPS if play.draw.random() < BACK_AND_FORTH else 0
    return 1 if play.draw.random() < USUALLY else 0


def holder(case: Running, step: str) -> str:
    """The department that has the step."""
    return department_of(case.plan.by_key[step], case.state.steps[step])


@dataclass(frozen=True)
class Handing:
    """A step on its way, so many times more; `follow` and `then` are what the play does after each act and at last."""

    case: Running
    step: str
    left: int
    follow: Callable[[FlowAct, int], None]
    then: Callable[[int], None]


def hand_over(play: Play, handing: Handing, now: int) -> None:
    """Offer the step to the other department; who has it last decides."""
    case, step, left = handing.case, handing.step, handing.left
    if case.state.steps[step].state is not StepState.ACCEPTED:
        return
    if left == 0:
        handing.then(now)
        return
    planned, held = case.plan.by_key[step], holder(case, step)
    to = sorted(planned.transfers)[0] if held == planned.department else planned.department
    action = TransferStep(case.number, step, to, "经核对，这一环节由贵部门办理更合适。")
    play.do(action, play.officer(held), f"demo/{case.number}/{step}/transfer/{left}", now)
    handing.follow(Transfer(step, now, to), now)
    play.later(play.working(now, play.draw.uniform(0.5, 2)), partial(_sign, play, handing))


def _sign(play: Play, handing: Handing, now: int) -> None:
    case, step, left = handing.case, handing.step, handing.left
    asked = case.state.steps[step].transfer_asked
    if asked is None or case.state.steps[step].state is not StepState.ACCEPTED:
        return
    action = SignTransfer(case.number, step)
    play.do(action, play.officer(asked.about), f"demo/{case.number}/{step}/sign/{left}", now)
    handing.follow(Signed(step, now), now)
    onward = replace(handing, left=left - 1)
    play.later(play.working(now, play.draw.uniform(0.2, 1.5)), partial(hand_over, play, onward))
