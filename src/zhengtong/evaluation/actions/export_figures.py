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
class ExportFigures(Action[On]):
    """A table of figures, or the record itself, leaves the house: which, as of which leaf, and the file's hash.

    Committed before the file is handed out. Of the record itself `sha256` is the root of the tree it was read from.
    """

    verb: ClassVar[str] = "figures.export"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("leader", Relation.ANY),
        Allowed("government_office", Relation.ANY),
        Allowed("data_bureau", Relation.ANY),
        Allowed("auditor", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    what: str
    format: str
    leaves: int
    rows: int
    sha256: str

    def target(self, actor: Actor) -> On:
        return On(Subject("figures", self.what))

    def run(self, act: Act, target: On) -> Result:
        about: dict[str, Value] = {
            "format": self.format,
            "leaves": self.leaves,
            "rows_count": self.rows,
            "sha256": self.sha256,
        }
        act.emit("figures_exported", [ObjectRef("figures", self.what)], about)
        return {"figures": self.what, "sha256": self.sha256}
