# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput
from zhengtong.services.rating_work import OnRating, RatingWork
from zhengtong.services.rules.ratings import Check


@dataclass(frozen=True)
class CheckRating(OnRating):
    """核实: the department finds out whether the complaint is right."""

    verb: ClassVar[str] = "rating.check"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    upheld: bool
    text: str

    def run(self, act: Act, target: RatingWork) -> Result:
        if not self.text.strip():
            raise BadInput("请写明核实情况", "say what was found out")
        target.row.answer = self.text.strip()
        target.move(act, Check(act.now_us, self.upheld), "rating_checked", {"upheld": self.upheld})
        return {"rating": self.rating, "state": target.row.state}
