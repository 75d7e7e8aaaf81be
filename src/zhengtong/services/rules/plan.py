# SPDX-License-Identifier: Apache-2.0
"""What a case has to go through: the steps a life event asks for in one situation, frozen when the case starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zhengtong.errors import BadInput
from zhengtong.services.rules.regimes import Extension


@dataclass(frozen=True)
class StepPlan:
    """One department's step (环节).

    `needs` are the steps whose issued outputs this one waits for; `corrections` is how often the department may
    send the matter back before acceptance (行政许可法 art. 32: once, all
    at once); `external` names the system that decides it. `extension` is what the limit to decide may be extended by.
    `transfers` are the departments the step may go to, and whether they have to agree. `inspection` is the joint
    inspection that comes before the decision, `inspection_pause` the ground on which its time is excluded ("" = it is
    not). Documents may be `tolerable` (promised for later), of which the `strict` have to come before a grant, or be
    replaced by `commitments`. `parts` are the sub-items that may be granted one by one.
    """

    key: str
    department: str
    regime: str
    needs: frozenset[str] = frozenset()
    output: str = ""
    corrections: int = 1
    external: str = ""
    extension: Extension | None = None
    transfers: frozenset[str] = frozenset()
    transfer_agreed: bool = True
    inspection: str = ""
    inspection_pause: str = ""
    tolerable: frozenset[str] = frozenset()
    strict: frozenset[str] = frozenset()
    commitments: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The steps of a case, in an order in which every step comes after those it needs."""

    steps: tuple[StepPlan, ...]
    by_key: Mapping[str, StepPlan] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_key", {step.key: step for step in self.steps})
        seen: set[str] = set()
        for step in self.steps:
            if step.key in seen or not step.needs <= seen:
                raise BadInput(
                    f"环节“{step.key}”重复，或依赖尚未出现的环节",
                    f"step {step.key!r} appears twice or needs a step that does not come before it",
                    found=sorted(step.needs - seen) or step.key,
                )
            seen.add(step.key)


def ordered(steps: Iterable[StepPlan]) -> Plan:
    """Order steps by their needs (stable), dropping needs on steps that this situation does not ask for.

    Raises `BadInput` naming the steps of a cycle.
    """
    rest = list(steps)
    present = {step.key for step in rest}
    done: list[StepPlan] = []
    placed: set[str] = set()
    while rest:
        ready = [step for step in rest if step.needs & present <= placed]
        if not ready:
            names = ", ".join(step.key for step in rest)
            raise BadInput(f"环节互相等待：{names}", f"steps wait for each other: {names}")
        for step in ready:
            kept = StepPlan(**{**step.__dict__, "needs": step.needs & present})
            done.append(kept)
            placed.add(step.key)
        rest = [step for step in rest if step.key not in placed]
    return Plan(tuple(done))
