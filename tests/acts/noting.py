# SPDX-License-Identifier: Apache-2.0
"""The smallest action there can be, declared for the tests of `perform` only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import BadInput
from zhengtong.ledger.record import ObjectRef


@dataclass(frozen=True)
class Note(Action[On]):
    """Takes a number, records an event, orders work, and then fails if told to."""

    verb: ClassVar[str] = "test.note"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN),)

    owner: str
    text: str = ""
    fails: bool = False

    def target(self, actor: Actor) -> On:
        return On(Subject("note", owners=frozenset({self.owner})))

    def run(self, act: Act, target: On) -> Result:
        number = act.next_number("test/notes")
        act.emit("noted", [ObjectRef("note", f"N{number}")], {"number": number})
        act.post("test.noted", {"number": number})
        if self.fails:
            raise BadInput("测试", "told to fail")
        return {"number": number}
