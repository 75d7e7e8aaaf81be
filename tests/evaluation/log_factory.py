# SPDX-License-Identifier: Apache-2.0
"""Records of life events made up by hypothesis, as segments that figures are read from; the same figures in Python."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from hypothesis import strategies as st

from zhengtong.evaluation.engine.figures import Outcome, outcomes
from zhengtong.ledger.engine.segments import Segments
from zhengtong.ledger.rules.canonical import canonical

SERVICES = {"birth": "police", "vaccine": "cdc", "insurance": "insurance"}
TYPES = ("step_granted", "step_granted", "step_refused", "step_not_accepted", "step_dropped")
DAY = 86_400_000_000
BEGIN = 1_768_183_200_000_000


@dataclass(frozen=True)
class MadeStep:
    service: str
    department: str
    type: str  # step_granted, step_refused, or what decides nothing
    decided_us: int
    promised_due_us: int | None
    used_days: int | None

    @property
    def late(self) -> bool:
        return self.promised_due_us is not None and self.decided_us > self.promised_due_us


@dataclass(frozen=True)
class MadeCase:
    number: str
    life_event: str
    submitted_us: int
    attributes: dict[str, Any]
    steps: tuple[MadeStep, ...]
    corrected: tuple[int, ...]
    closed_us: int | None
    outcome: str

    def events(self) -> list[tuple[str, int, str, dict[str, Any], list[tuple[str, str, str]]]]:
        """(type, time, department, attributes, objects), as the actions write them, in order of time."""
        case, state = ("case", self.number, ""), ("case", self.number, "state")
        about = {"life_event": self.life_event, **self.attributes}
        made = [("case_submitted", self.submitted_us, "", about, [state])]
        for n, uploaded in enumerate(self.corrected):
            at = self.submitted_us + n + 1
            made.append(
                ("form_corrected", at, "", {"materials_uploaded": uploaded}, [("form", self.number, "state"), case])
            )
        for step in self.steps:
            told: dict[str, Any] = {"service": step.service, "life_event": self.life_event}
            if step.promised_due_us is not None:
                told["promised_due_us"] = step.promised_due_us
            if step.used_days is not None:
                told["used_days"] = step.used_days
            objects = [("step", f"{self.number}.{step.service}", "state"), case]
            made.append((step.type, step.decided_us, step.department, told, objects))
        if self.closed_us is not None:
            closing = {"life_event": self.life_event, "outcome": self.outcome}
            made.append(("case_closed", self.closed_us, "", closing, [state]))
        return sorted(made, key=lambda event: event[1])


@st.composite
def made_steps(draw: st.DrawFn, begun: int) -> tuple[MadeStep, ...]:
    steps = []
    for service in draw(st.lists(st.sampled_from(sorted(SERVICES)), unique=True, max_size=3)):
        decided = begun + draw(st.integers(1, 30 * DAY))
        late = draw(st.none() | st.sampled_from([-DAY, -1, 0, 1, DAY]))
        steps.append(
            MadeStep(
                service,
                SERVICES[service],
                draw(
                    st.sampled_from(
                        ["step_granted", "step_granted", "step_refused", "step_not_accepted", "step_dropped"]
                    )
                ),
                decided,
                None if late is None else decided - late,
                draw(st.none() | st.integers(0, 30)),
            )
        )
    return tuple(steps)


@st.composite
def made_cases(draw: st.DrawFn, *, most: int = 6) -> list[MadeCase]:
    """Open, completed, refused, partial and withdrawn cases of two life events, with or without corrections."""
    made = []
    for n in range(draw(st.integers(0, most))):
        begun = BEGIN + draw(st.integers(0, 100)) * DAY
        steps = draw(made_steps(begun))
        last = max((step.decided_us for step in steps), default=begun)
        attributes: dict[str, Any] = {"channel": draw(st.sampled_from(["portal", "counter"]))}
        for name in ("fields_typed", "materials_uploaded", "visits"):
            if draw(st.booleans()):
                attributes[name] = draw(st.integers(0, 20))
        made.append(
            MadeCase(
                f"M26-{n:06d}",
                draw(st.sampled_from(["newborn", "newborn", "opening"])),
                begun,
                attributes,
                steps,
                tuple(draw(st.lists(st.integers(0, 3), max_size=2))),
                draw(st.none() | st.just(last + DAY)),
                draw(st.sampled_from(["completed", "partial", "refused", "withdrawn"])),
            )
        )
    return made


def write(folder: Path, batches: Sequence[Iterable[MadeCase]]) -> Segments:
    """The events of each batch as one segment, in order of time; nothing of this knows what figures are."""
    held, index, tick = Segments(folder, "made/up"), 0, itertools.count()
    with held.writing():
        for batch in batches:
            events, objects = [], []
            for type, at, department, attributes, refs in sorted(
                (event for case in batch for event in case.events()), key=lambda event: event[1]
            ):
                one = f"{next(tick):032x}"
                text = canonical(attributes).decode()
                events.append((index, one, one, type, at, at, "system", department, text))
                objects += [(index, one, *ref) for ref in sorted(refs)]
                index += 1
            if events:
                held.add(iter([(events, objects)]), end=index, root="0" * 64)
    return held


def read(held: Segments, size: int | None = None, life_event: str = "newborn") -> list[Outcome]:
    connection, _ = held.connect(held.manifest().size if size is None else size)
    with connection:
        return outcomes(connection, life_event)


# --- the same figures, in plain Python ----------------------------------------------------------------------------


def counted(cases: Iterable[MadeCase], life_event: str = "newborn") -> list[dict[str, Any]]:
    """Closed cases that were not withdrawn, oldest first, each with what it cost and its decided steps."""
    closed = [c for c in cases if c.life_event == life_event and c.closed_us is not None and c.outcome != "withdrawn"]
    return [
        {
            "number": case.number,
            "submitted_us": case.submitted_us,
            "closed_us": case.closed_us,
            "channel": case.attributes["channel"],
            "fields_typed": case.attributes.get("fields_typed", 0),
            "materials_uploaded": case.attributes.get("materials_uploaded", 0) + sum(case.corrected),
            "visits": case.attributes.get("visits", 0),
            "steps": sorted(
                (s.decided_us, s.service, s.department, s.late, s.used_days)
                for s in case.steps
                if s.type in {"step_granted", "step_refused"}
            ),
        }
        for case in sorted(closed, key=lambda case: (case.closed_us or 0, case.number))
    ]


def by_hand(cases: Sequence[MadeCase]) -> dict[str, tuple[int, int, float | None]]:
    """Per service: (decided, late, median of the days used)."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for case in counted(cases):
        for step in case["steps"]:
            found.setdefault(step[1], []).append(step)
    return {
        service: (
            len(steps),
            sum(step[3] for step in steps),
            median(days) if (days := [step[4] for step in steps if step[4] is not None]) else None,
        )
        for service, steps in found.items()
    }
