# SPDX-License-Identifier: Apache-2.0
"""Between the rules of rating and their table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Subject
from zhengtong.acts.perform import Act, Action
from zhengtong.acts.serving import city
from zhengtong.errors import NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import calendar
from zhengtong.services.definition import RatingFile
from zhengtong.services.models import Rating
from zhengtong.services.rules.ratings import Rated, RatingAct, RatingState, apply


def rating_file() -> RatingFile:
    """The served city's rules of rating. Raises `NotFound` where it has none."""
    found = city().all(RatingFile)
    if not found:
        raise NotFound("城市没有好差评规则", "the city has no rules of rating", expected="standards/ratings.yaml")
    return found[0]


@dataclass
class RatingWork:
    row: Rating

    @property
    def subject(self) -> Subject:
        owner = frozenset({self.row.case.applicant})
        return Subject("rating", self.row.reference, owner, frozenset({self.row.department}))

    def set(self, rated: Rated) -> None:
        self.row.state, self.row.due_us, self.row.repairs = rated.state.value, rated.due_us, rated.repairs

    def move(self, act: Act, rating_act: RatingAct, type: str, about: Mapping[str, Value] | None = None) -> None:
        """Apply one act of the rules and write the rating with its event."""
        now = Rated(RatingState(self.row.state), self.row.due_us, self.row.repairs)
        self.set(apply(rating_file().compiled(), now, rating_act, calendar()))
        attributes: dict[str, Value] = {"state": self.row.state, **(about or {})}
        act.record(type, self.row, [ObjectRef("case", self.row.case.number)], attributes)


@dataclass(frozen=True)
class OnRating(Action[RatingWork]):
    """An action on one rating, which it locks."""

    rating: str

    def target(self, actor: Actor) -> RatingWork:
        row = (
            Rating.objects.select_for_update(of=("self",)).filter(reference=self.rating).select_related("case").first()
        )
        if row is None:
            raise NotFound("没有这条评价", "there is no such rating", found=self.rating)
        return RatingWork(row)
