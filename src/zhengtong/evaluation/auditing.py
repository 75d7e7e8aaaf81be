# SPDX-License-Identifier: Apache-2.0
"""The health of the record: its size, what waits, and the last audit, which is itself in the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zhengtong.acts.actor import Actor
from zhengtong.acts.perform import perform
from zhengtong.evaluation.actions.record_audit import RecordAudit
from zhengtong.ledger import log as compose
from zhengtong.ledger.audit import Audit, audit
from zhengtong.ledger.findings import SAYS
from zhengtong.ledger.models import Checkpoint, Event, Leaf, Unsealed

NAMED = 50
"""So many findings are named in the event; the count counts all."""


@dataclass(frozen=True)
class Named:
    """A finding as the event of the audit keeps it."""

    code: str
    type: str
    id: str

    def say(self, language: str) -> str:
        zh, en = SAYS.get(self.code, (self.code, self.code))
        return zh if language.startswith("zh") else en


@dataclass(frozen=True)
class LastAudit:
    event: str
    time_us: int
    count: int
    leaves: int
    rows: int
    findings: tuple[Named, ...]


@dataclass(frozen=True)
class Health:
    """`sealed_us` is when the newest checkpoint was signed."""

    leaves: int
    waiting: int
    checkpoints: int
    sealed_us: int | None
    covered: int
    last: LastAudit | None


def health() -> Health:
    tip = Checkpoint.objects.order_by("-size").first()
    return Health(
        leaves=Leaf.objects.count(),
        waiting=Unsealed.objects.count(),
        checkpoints=Checkpoint.objects.count(),
        sealed_us=tip.time_us if tip else None,
        covered=tip.size if tip else 0,
        last=last_audit(),
    )


def last_audit() -> LastAudit | None:
    event = Event.objects.filter(type="record_audited").order_by("-time_us", "-id").first()
    if event is None:
        return None
    told: dict[str, Any] = event.attributes
    named = tuple(Named(one["code"], one["type"], one["id"]) for one in told["findings"])
    return LastAudit(event.id, event.time_us, told["findings_count"], told["leaves"], told["rows_count"], named)


def audit_and_record(actor: Actor, key: str) -> Audit:
    """Audit the whole record now and write down what was found. Raises `Contradicted` where it cannot be walked."""
    found = audit(compose(), limit=NAMED)
    named = tuple((one.what, one.object_type, one.object_id[:64]) for one in found.findings)
    perform(RecordAudit(found.leaves, found.rows, found.waiting, found.count, named), actor, key)
    return found
