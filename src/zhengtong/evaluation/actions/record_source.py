# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.ledger.record import ObjectRef


@dataclass(frozen=True)
class RecordSource(Action[On]):
    """A log became a source: its name's place in the record, with the hashes of file, mapping and output."""

    verb: ClassVar[str] = "source.record"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("data_bureau", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    source: str
    file_sha256: str
    mapping_sha256: str
    outputs: tuple[tuple[str, str], ...]
    events: int
    cases: int

    def target(self, actor: Actor) -> On:
        return On(Subject("source", self.source))

    def run(self, act: Act, target: On) -> Result:
        act.emit(
            "source_imported",
            [ObjectRef("source", self.source)],
            {
                "file": self.file_sha256,
                "mapping": self.mapping_sha256,
                "outputs": dict(self.outputs),
                "events_count": self.events,
                "cases_count": self.cases,
            },
        )
        return {"source": self.source}
