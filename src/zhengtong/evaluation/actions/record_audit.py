# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value


@dataclass(frozen=True)
class RecordAudit(Action[On]):
    """The record was audited: what was checked and what was found. The audit itself runs before, outside the act.

    `findings` are (code, object type, object id) of the first ones; `count` counts all.
    """

    verb: ClassVar[str] = "ledger.audit"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("auditor", Relation.ANY),
        Allowed("leader", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    leaves: int
    rows: int
    waiting: int
    count: int
    findings: tuple[tuple[str, str, str], ...] = ()

    def target(self, actor: Actor) -> On:
        return On(Subject("ledger"))

    def run(self, act: Act, target: On) -> Result:
        about: dict[str, Value] = {
            "leaves": self.leaves,
            "rows_count": self.rows,
            "waiting": self.waiting,
            "findings_count": self.count,
            "findings": [{"code": code, "type": type, "id": id} for code, type, id in self.findings],
        }
        act.emit("record_audited", [ObjectRef("ledger", "record")], about)
        return {"findings": self.count}
