# SPDX-License-Identifier: Apache-2.0
"""Where cases and steps stand, from the events of the record alone.

`Fold` takes the events in any order: each carries the version of its row, and the highest that says something counts.
What an event's type leaves open stands in its attributes: `outcome`, `parts_granted`, or `state`, which `state_said`
adds where a type that otherwise says nothing changes a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

STEP: Final[Mapping[str, str]] = {
    "step_planned": "waiting",
    "step_added": "waiting",
    "step_received": "pending",
    "correction_asked": "correcting",
    "correction_supplied": "pending",
    "step_accepted": "accepted",
    "step_not_accepted": "not_accepted",
    "step_paused": "paused",
    "step_resumed": "accepted",
    "step_granted": "granted",
    "step_refused": "refused",
    "step_dropped": "dropped",
    "step_removed": "dropped",
    "step_withdrawn": "withdrawn",
    "step_revoked": "revoked",
}
"""The state a step is in after an event; after one of another type it is in the state it was in before."""
_VERSIONS: Final[Mapping[str, str]] = {
    "case_submitted": "definition",
    "case_migrated": "to",
    "case_migration_reverted": "to",
}
"""The attribute that names the version of the life event a case is on from here."""

Told = tuple[str, str, str, Mapping[str, object]]
"""An event of one row: its type, the object's type ("case" or "step") and id, its attributes."""
Name = tuple[str, str]


def state_said(type: str, state: str) -> dict[str, str]:
    """The attribute an event of a step needs so that the state it is in now can be read from it."""
    return {} if STEP.get(type) == state else {"state": state}


@dataclass(slots=True)
class Standing:
    """A row as its events tell it. `state` is a case's phase; `definition` is "" for a step.

    `events` is less than `version` where events of the row are missing.
    """

    state: str = ""
    definition: str = ""
    version: int = 0
    events: int = 0
    deleted: bool = False
    state_at: int = -1
    definition_at: int = -1


@dataclass(frozen=True)
class Row:
    """The same from the tables."""

    state: str
    definition: str
    version: int


@dataclass(frozen=True)
class Differs:
    """`what`: state, definition or version differs, events are missing, or row, record: there is none."""

    object_type: str
    object_id: str
    what: str
    replayed: str
    stored: str


class Fold:
    """`found` grows with every event added."""

    def __init__(self) -> None:
        self.found: dict[Name, Standing] = {}

    def add(self, events: Iterable[Told]) -> Fold:
        found = self.found
        for type, object_type, object_id, attributes in events:
            name = (object_type, object_id)
            held = found.get(name)
            if held is None:
                held = found[name] = Standing(state="waiting" if object_type == "step" else "")
            at = attributes.get("version")
            at = at if isinstance(at, int) else 0
            held.events += 1
            if at > held.version:
                held.version = at
                held.deleted = attributes.get("deleted") is True
            state = _step(type, attributes) if object_type == "step" else _phase(type, attributes)
            if state and at > held.state_at:
                held.state, held.state_at = state, at
            if type in _VERSIONS and at > held.definition_at:
                held.definition, held.definition_at = str(attributes.get(_VERSIONS[type], "")), at
        return self


def _step(type: str, attributes: Mapping[str, object]) -> str:
    if type == "step_granted" and attributes.get("parts_granted"):
        return "granted_in_part"
    return str(attributes.get("state") or STEP.get(type, ""))


def _phase(type: str, attributes: Mapping[str, object]) -> str:
    if type == "case_submitted":
        return "open"
    return str(attributes.get("outcome", "")) if type in {"case_closed", "case_outcome_changed"} else ""


def differences(replayed: Mapping[Name, Standing], rows: Mapping[Name, Row]) -> list[Differs]:
    """Where the record and the tables disagree, by object."""
    found: list[Differs] = []
    for name in sorted(replayed.keys() | rows.keys()):
        told, row = replayed.get(name), rows.get(name)
        if told is None:
            found.append(Differs(*name, "record", "", row.state if row else ""))
        elif row is None:
            if not told.deleted:
                found.append(Differs(*name, "row", told.state, ""))
        elif told.deleted:
            found.append(Differs(*name, "row", "deleted", row.state))
        else:
            for what in ("state", "definition", "version"):
                said, stands = str(getattr(told, what)), str(getattr(row, what))
                if said != stands:
                    found.append(Differs(*name, what, said, stands))
            if told.events != told.version:
                found.append(Differs(*name, "events", str(told.events), str(told.version)))
    return found
