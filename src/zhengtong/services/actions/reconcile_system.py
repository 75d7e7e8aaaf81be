# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.ledger.record import ObjectRef
from zhengtong.services.external_work import applications, objects_of, reconciled
from zhengtong.services.models import Difference, Reconciliation
from zhengtong.services.rules.reconciliation import Comparison, Found, Kind, Theirs, Way, compare

MINUTE = 60_000_000


@dataclass(frozen=True)
class ReconcileSystem(Action[On]):
    """对账: hold the list a system sent against our own book.

    What differs becomes an item that an officer settles; what no longer differs is closed. Raises `NotFound`
    for a system that the city does not reconcile.
    """

    verb: ClassVar[str] = "system.reconcile"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    system: str
    since_us: int
    listed_us: int
    listing: str
    theirs: tuple[Theirs, ...]

    def target(self, actor: Actor) -> On:
        return On(Subject("system", self.system, departments=frozenset({reconciled(self.system)[0]})))

    def run(self, act: Act, target: On) -> Result:
        act.department, rules = reconciled(self.system)
        ours = applications(self.system, self.since_us, [one.reference for one in self.theirs])
        settling_us = rules.settling_minutes * MINUTE
        compared = compare(ours, self.theirs, listed_us=self.listed_us, settling_us=settling_us)
        run = Reconciliation(
            reference=uuid.uuid4().hex,
            system=self.system,
            since_us=self.since_us,
            listed_us=self.listed_us,
            listing=self.listing,
            agreed=compared.agreed,
            moving=compared.moving,
            found=len(compared.found),
        )
        counts = {"agreed": compared.agreed, "moving": compared.moving, "found": len(compared.found)}
        act.record("system_reconciled", run, [ObjectRef("system", self.system)], {"listing": self.listing, **counts})
        self._write(act, compared)
        return {"reconciliation": run.reference, **counts}

    def _write(self, act: Act, compared: Comparison) -> None:
        """Open what is new, leave what is known, close what has vanished or become another difference.

        What an officer explained stays explained; what he had repaired and is there again is found again.
        """
        rows = Difference.objects.select_for_update().filter(system=self.system)
        found = set(compared.found)
        known = {_of(row) for row in rows.filter(state="settled", way=Way.EXPLAIN.value)}
        for row in rows.filter(state="open"):
            if _of(row) in found:
                known.add(_of(row))
                continue
            row.state, row.settled_us = "vanished", act.now_us
            act.record("difference_vanished", row, objects_of(row), {"kind": row.kind})
        said = {one.reference: one for one in self.theirs}
        for one in compared.found:
            if one not in known:
                self._open(act, one, said.get(one.reference))

    def _open(self, act: Act, one: Found, theirs: Theirs | None) -> None:
        row = Difference(
            reference=uuid.uuid4().hex,
            system=self.system,
            department=act.department,
            application=one.reference,
            kind=one.kind.value,
            ours=one.ours,
            theirs=one.theirs,
            decided_us=theirs.decided_us if theirs else None,
            output=theirs.output if theirs else "",
            reason=theirs.reason if theirs else "",
            found_us=act.now_us,
            seen_us=act.now_us,
        )
        act.record("difference_found", row, objects_of(row), {"kind": row.kind})


def _of(row: Difference) -> Found:
    return Found(row.application, Kind(row.kind), row.ours, row.theirs)
