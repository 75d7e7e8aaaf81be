# SPDX-License-Identifier: Apache-2.0
"""The health of the record: its size, what waits, and the last audit, which is itself in the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from zhengtong.acts.actor import SYSTEM, Actor
from zhengtong.acts.perform import perform
from zhengtong.errors import KeyReused
from zhengtong.evaluation.actions.record_audit import RecordAudit
from zhengtong.ledger import log as compose
from zhengtong.ledger.audit import Audit, Progress, audit
from zhengtong.ledger.findings import SAYS
from zhengtong.ledger.models import Checkpoint, Event, Leaf, Unsealed
from zhengtong.services.casework import calendar

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


def audit_and_record(actor: Actor, key: str, progress: Progress | None = None) -> Audit:
    """Audit the whole record now and write down what was found. Raises `Contradicted` where it cannot be walked."""
    found = audit(compose(), limit=NAMED, progress=progress)
    named = tuple((one.what, one.object_type, one.object_id[:64]) for one in found.findings)
    perform(RecordAudit(found.leaves, found.rows, found.waiting, found.count, named), actor, key)
    return found


def night_of(at_us: int, hour: int) -> int:
    """The newest instant, not after `at_us`, at which the clocks of the city showed `hour` o'clock."""
    today = calendar().date_of(at_us)
    due = calendar().instant(today, time(hour))
    return due if due <= at_us else calendar().instant(today - timedelta(days=1), time(hour))


def audit_missing(at_us: int, hour: int) -> bool:
    """Whether there was a record at the last night's hour and nobody has audited it since.

    So a machine that was off at that hour audits when it is on again, and a record begun today waits for its night.
    """
    night = night_of(at_us, hour)
    oldest = Event.objects.order_by("id").values_list("recorded_us", flat=True).first()
    last = last_audit()
    return oldest is not None and oldest < night and (last is None or last.time_us < night)


def audit_nightly(at_us: int, hour: int, progress: Progress | None = None) -> Audit | None:
    """Audit once a night, however many workers ask; None where it was done, or another worker was first."""
    if not audit_missing(at_us, hour):
        return None
    try:
        return audit_and_record(SYSTEM, f"audit/{night_of(at_us, hour)}", progress)
    except KeyReused:  # another worker audited meanwhile, and events came between the two
        return None
