# SPDX-License-Identifier: Apache-2.0
"""Where a case and its steps stand: states, and what their dated facts say about open questions.

Nothing is kept twice. Whether an extension is asked for, a document promised or an inspection still due is read from
the step's facts, so the record of what happened and what follows from it cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from zhengtong.services.rules.facts import Fact, FactKind


class StepState(StrEnum):
    WAITING = "waiting"
    PENDING = "pending"
    CORRECTING = "correcting"
    ACCEPTED = "accepted"
    PAUSED = "paused"
    GRANTED = "granted"
    GRANTED_IN_PART = "granted_in_part"
    REFUSED = "refused"
    NOT_ACCEPTED = "not_accepted"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class Phase(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"  # every step granted in full
    PARTIAL = "partial"  # some granted, some not or not in full
    REFUSED = "refused"  # none granted
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"  # what was granted has been taken back


GIVEN = frozenset({StepState.GRANTED, StepState.GRANTED_IN_PART})
"""The step issued an output."""

FINAL = GIVEN | {
    StepState.REFUSED,
    StepState.NOT_ACCEPTED,
    StepState.DROPPED,
    StepState.WITHDRAWN,
    StepState.REVOKED,
}
DEAD = FINAL - GIVEN
"""Over, and nothing of it stands: no promise has to be kept any more."""


@dataclass(frozen=True)
class StepStatus:
    """Where a step stands, and the dated facts its limits are computed from."""

    state: StepState = StepState.WAITING
    facts: tuple[Fact, ...] = ()

    def count(self, kind: str) -> int:
        return sum(fact.kind == kind for fact in self.facts)

    def last(self, *kinds: FactKind) -> Fact | None:
        """The latest fact of any of these kinds."""
        return next((fact for fact in reversed(self.facts) if fact.kind in kinds), None)

    def _last_about(self, *kinds: FactKind) -> dict[str, Fact]:
        return {fact.about: fact for fact in self.facts if fact.kind in kinds}

    @property
    def stands(self) -> bool:
        """Whether its output was issued and is still good: what others may rest on."""
        return self.state in GIVEN and not self.count("cancelled")

    @property
    def extension_asked(self) -> Fact | None:
        """The request for more time that nobody has answered yet."""
        found = self.last("extension_asked", "extended", "extension_refused")
        return found if found and found.kind == "extension_asked" else None

    @property
    def transfer_asked(self) -> Fact | None:
        """The request to take the step over that nobody has answered yet."""
        found = self.last("transfer_asked", "transferred", "transfer_returned")
        return found if found and found.kind == "transfer_asked" and self.state not in FINAL else None

    @property
    def promised(self) -> dict[str, Fact]:
        """容缺: documents promised and not supplied yet, by key; `due_us` is the promised end."""
        if self.state in DEAD:
            return {}
        found = self._last_about("tolerated", "supplied")
        return {material: fact for material, fact in found.items() if fact.kind == "tolerated"}

    @property
    def promises_missed(self) -> frozenset[str]:
        """Documents whose promised day has passed, as recorded, without their being supplied since."""
        return frozenset(fact.about for fact in self.facts if fact.kind == "promise_missed") & self.promised.keys()

    @property
    def commitments(self) -> dict[str, str]:
        """告知承诺: the documents a commitment stands for, each `open`, `kept` or `broken`."""
        found = self._last_about("committed", "commitment_kept", "commitment_broken")
        return {
            material: "open" if fact.kind == "committed" else fact.kind.removeprefix("commitment_")
            for material, fact in found.items()
        }


@dataclass(frozen=True)
class CaseState:
    phase: Phase = Phase.OPEN
    steps: Mapping[str, StepStatus] = field(default_factory=dict)

    def with_step(self, key: str, to: StepState | None = None, *facts: Fact) -> CaseState:
        """This state with a step moved (or left where it is, for None) and facts added to it."""
        step = self.steps[key]
        return replace(self, steps={**self.steps, key: StepStatus(to or step.state, step.facts + facts)})


@dataclass(frozen=True)
class Happened:
    """One consequence of an act; `step` is "" for the case itself, `about` what it concerns (a document, a part)."""

    type: str
    step: str = ""
    code: str = ""
    about: str = ""


Outcome = tuple[CaseState, tuple[Happened, ...]]
