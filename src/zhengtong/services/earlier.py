# SPDX-License-Identifier: Apache-2.0
"""What an applicant told in earlier cases and may use again: offered, never filled in unasked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zhengtong.errors import NotFound
from zhengtong.services.models import Case
from zhengtong.services.published import LifeEvent, published

LOOKED_AT = 10
"""How many of the newest cases are looked through: older answers are rarely still right."""


@dataclass(frozen=True)
class Earlier:
    """A case whose form answers `keys` of the present one."""

    case: Case
    event: LifeEvent
    keys: tuple[str, ...]

    @property
    def names(self) -> list[object]:
        return [self.event.elements[key].name for key in self.keys]


def _shared(case: Case, event: LifeEvent, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Elements both forms ask that are still empty, where both versions of the city's files mean the same by them."""
    before = published(case.definition)
    return tuple(
        key
        for key in case.form.values
        if key in event.elements and not wanted.get(key, "") and event.elements[key] == before.elements[key]
    )


def offers(applicant: str, event: LifeEvent, filled: Mapping[str, str], asked: set[str]) -> list[Earlier]:
    """Earlier cases of this applicant that answer something still empty, at most one a life event, the newest first."""
    cases = Case.objects.filter(applicant=applicant).select_related("form").order_by("-submitted_us")[:LOOKED_AT]
    found: dict[str, Earlier] = {}
    for case in cases:
        keys = tuple(key for key in _shared(case, event, filled) if key in asked)
        if keys and case.life_event not in found:
            found[case.life_event] = Earlier(case, published(case.definition), keys)
    return list(found.values())


def answers_of(applicant: str, number: str, event: LifeEvent, filled: Mapping[str, str]) -> dict[str, str]:
    """The shared answers of one earlier case as text. Raises `NotFound` for a case that is not this applicant's."""
    case = Case.objects.filter(applicant=applicant, number=number).select_related("form").first()
    if case is None:
        raise NotFound("没有这个办件", "there is no such case", found=number[:24])
    return {key: str(case.form.values[key]) for key in _shared(case, event, filled)}
