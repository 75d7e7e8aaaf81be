# SPDX-License-Identifier: Apache-2.0
"""Moving a running case to another version of its life event: what would change, and why it may not.

A case began under rules that the applicant was told. Another version may add steps, drop those nobody has begun and
change limits; it may never make a decision disappear, take a matter from whoever has accepted it, or ask afterwards
for what was not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from zhengtong.services.rules.plan import Plan
from zhengtong.services.rules.standing import FINAL, CaseState, Phase, StepState, StepStatus

RefusalCode = Literal[
    "closed", "decided_vanishes", "begun_vanishes", "external_vanishes", "decider_changes", "order_changes",
    "answers_missing", "fields_missing",
]  # fmt: skip
REFUSALS: Final[dict[RefusalCode, tuple[str, str]]] = {
    "closed": ("办件已经办结", "the case is closed"),
    "decided_vanishes": ("新版本没有已经作出决定的环节", "a step that was decided would vanish"),
    "begun_vanishes": (
        "新版本没有部门已经受理或正在补正的环节",
        "a step that its department has taken up would vanish",
    ),
    "external_vanishes": ("新版本没有已经推送给外部系统的环节", "a step that was sent to another system would vanish"),
    "decider_changes": ("已经开始的环节会换到另一部门或系统", "a step that has begun would go to another decider"),
    "order_changes": ("已经开始的环节按新版本还不能开始", "a step that has begun could not have begun yet"),
    "answers_missing": ("新版本的问题没有回答", "questions of the new version are not answered"),
    "fields_missing": (
        "新版本要填的内容缺少或不合要求",
        "the form lacks what the new version asks, or does not fit it",
    ),
}

_UNBEGUN: Final = frozenset({StepState.WAITING, StepState.DROPPED})


@dataclass(frozen=True)
class Refusal:
    """`about` names the steps, questions or fields."""

    code: RefusalCode
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What moving a case would do to its steps; nothing is done where `refusals` is not empty."""

    kept: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    handed: tuple[str, ...]
    """Kept steps nobody has begun, which go to another department or system."""
    refusals: tuple[Refusal, ...] = ()


def compare(
    old: Plan,
    new: Plan,
    state: CaseState,
    *,
    answers: Sequence[str] = (),
    fields: Sequence[str] = (),
) -> Change:
    """`answers` and `fields` are what the new version asks and the case does not hold."""
    kept = tuple(step.key for step in new.steps if step.key in old.by_key)
    removed = tuple(step.key for step in old.steps if step.key not in new.by_key)
    handed = tuple(key for key in kept if _decider(old, key) != _decider(new, key))
    found: list[Refusal] = []

    def refuse(code: RefusalCode, about: Iterable[str]) -> None:
        names = tuple(about)
        if names:
            found.append(Refusal(code, names))

    if state.phase is not Phase.OPEN:
        found.append(Refusal("closed"))
    decided = {key for key, step in state.steps.items() if step.state in FINAL - {StepState.DROPPED}}
    begun = {key for key, step in state.steps.items() if step.state not in _UNBEGUN and key not in decided}
    taken_up = {key for key in begun if state.steps[key].state is not StepState.PENDING}
    external = {key for key in begun - taken_up if old.by_key[key].external}
    refuse("decided_vanishes", (key for key in removed if key in decided))
    refuse("begun_vanishes", (key for key in removed if key in taken_up))
    refuse("external_vanishes", (key for key in removed if key in external))
    refuse("decider_changes", (key for key in handed if key in begun | decided))
    refuse("order_changes", (key for key in kept if key in begun and not _may_stand(new, state, key)))
    refuse("answers_missing", answers)
    refuse("fields_missing", fields)
    added = tuple(step.key for step in new.steps if step.key not in old.by_key)
    unbegun = tuple(key for key in handed if key not in begun | decided)
    return Change(kept, added, removed, unbegun, tuple(found))


def _decider(plan: Plan, key: str) -> tuple[str, str]:
    return plan.by_key[key].department, plan.by_key[key].external


def _may_stand(new: Plan, state: CaseState, key: str) -> bool:
    return all(need in state.steps and state.steps[need].stands for need in new.by_key[key].needs)


def moved(new: Plan, state: CaseState) -> CaseState:
    """The case's state under the new plan, before what follows from it (`flow.settle`).

    A step dropped because its need had been refused waits again: under the new plan it may need something else.
    """

    def standing(key: str) -> StepStatus:
        known = state.steps.get(key, StepStatus())
        return StepStatus() if known.state is StepState.DROPPED else known

    return CaseState(state.phase, {step.key: standing(step.key) for step in new.steps})
