# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.rating_work import OnRating, RatingWork
from zhengtong.services.rules.ratings import CallBack


@dataclass(frozen=True)
class CallBackRating(OnRating):
    """回访: the person was asked again, and is satisfied or not."""

    verb: ClassVar[str] = "rating.call_back"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    satisfied: bool

    def run(self, act: Act, target: RatingWork) -> Result:
        target.move(act, CallBack(act.now_us, self.satisfied), "rating_called_back", {"satisfied": self.satisfied})
        return {"rating": self.rating, "state": target.row.state}
