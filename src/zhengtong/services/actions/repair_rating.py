# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput
from zhengtong.services.rating_work import OnRating, RatingWork
from zhengtong.services.rules.ratings import Repair


@dataclass(frozen=True)
class RepairRating(OnRating):
    """整改: the department says what it has put right."""

    verb: ClassVar[str] = "rating.repair"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    text: str

    def run(self, act: Act, target: RatingWork) -> Result:
        if not self.text.strip():
            raise BadInput("请写明整改情况", "say what was put right")
        target.row.answer = self.text.strip()
        target.move(act, Repair(act.now_us), "rating_repaired")
        return {"rating": self.rating, "state": target.row.state}
