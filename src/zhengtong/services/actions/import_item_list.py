# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.models import ItemSnapshot


@dataclass(frozen=True)
class ImportItemList(Action[On]):
    """A list of items from above became a snapshot: its content's hash, and those of the files it was made of.

    Importing a list that is there already changes nothing.
    """

    verb: ClassVar[str] = "items.import"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("data_bureau", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    hash: str
    source: str
    file_sha256: str
    mapping_sha256: str
    rows_sha256: str
    faults_sha256: str
    rows: int
    rejected: int
    faults: int

    def target(self, actor: Actor) -> On:
        return On(Subject("item_snapshot", self.hash))

    def run(self, act: Act, target: On) -> Result:
        if not ItemSnapshot.objects.filter(hash=self.hash).exists():
            row = ItemSnapshot(**self.__dict__, imported_us=act.now_us)
            about: dict[str, Value] = {
                "source": self.source,
                "rows": self.rows,
                "rejected": self.rejected,
                "faults": self.faults,
            }
            act.record("items_imported", row, attributes=about)
        return {"snapshot": self.hash}
