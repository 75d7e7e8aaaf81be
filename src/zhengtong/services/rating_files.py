# SPDX-License-Identifier: Apache-2.0
"""When repeated bad ratings and complaints propose a change: a part of `standards/ratings.yaml`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from zhengtong.city import kinds
from zhengtong.city.kinds import Definition, Key
from zhengtong.city.text import Text
from zhengtong.errors import Fault
from zhengtong.services.rules.improving import Threshold

if TYPE_CHECKING:
    from zhengtong.city.load import City


class RepeatedFile(Definition):
    """How many bad ratings and complaints about one concern within how many calendar days propose a change of the
    definition. `tickets` are the categories of the hotline that count as complaints; only those that name a life event.
    """

    at_least: Annotated[int, Field(ge=2, le=1000)]
    days: Annotated[int, Field(ge=1, le=366)]
    ratings: bool = True
    tickets: list[Key] = []
    source: Text
    verified: bool = False

    def compiled(self) -> Threshold:
        return Threshold(self.at_least, self.days)


def check_complaints(city: City) -> Iterable[Fault]:
    """Categories that count as complaints and that no hotline of the city has: they would never count."""
    known = {category.key for key in city.keys("tickets") for category in city.get("tickets", key).categories}
    for key in city.keys("rating"):
        rule = city.get("rating", key).repeated
        for index, category in enumerate(rule.tickets if rule else []):
            if category not in known:
                yield city.fault(
                    "rating", key, ("repeated", "tickets", index),
                    "热线没有这个类别", "the hotline has no such category",
                    found=category, expected=", ".join(sorted(known)) or "standards/tickets.yaml",
                )  # fmt: skip


kinds.register_check(check_complaints)
