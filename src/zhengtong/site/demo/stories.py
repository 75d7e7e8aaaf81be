# SPDX-License-Identifier: Apache-2.0
"""What happens behind the scenes of a demo year. A story changes only how people and systems behave; the product is
not told, and whoever looks at the cockpit has to find out.

A seed chooses three causes of different kinds and where and when each strikes. `zhengtong demo --reveal SEED` tells.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from zhengtong.city.text import Text
from zhengtong.services.published import LifeEvent
from zhengtong.site.demo.seasons import Year, usual_answers, weight

KINDS = (
    "officer_away",
    "wrong_corrections",
    "slow_system",
    "changed_form",
    "no_scanner",
    "holiday_backlog",
    "back_and_forth",
)
CAUSES = 3
"""How many of them a story hides."""
AWAY_DAYS, BACKLOG_DAYS = 18, 15
"""Working days an officer is away, and that a backlog after a holiday takes."""


@dataclass(frozen=True)
class Cause:
    """What goes wrong (`kind`), where, and on which days. Empty fields are not part of the kind."""

    kind: str
    first: date
    last: date
    department: str = ""
    life_event: str = ""
    service: str = ""
    item: str = ""
    system: str = ""

    def strikes(self, day: date) -> bool:
        return self.first <= day <= self.last

    def told(self) -> Text:
        where = {"department": self.department, "life_event": self.life_event, "service": self.service}
        return Text(
            zh=_ZH[self.kind].format(**where, item=self.item, system=self.system, first=self.first, last=self.last),
            en=_EN[self.kind].format(**where, item=self.item, system=self.system, first=self.first, last=self.last),
        )


_ZH = {
    "officer_away": "{first} 至 {last}，{department} 办理“{service}”的经办人不在岗，没有人代办，材料一直压着。",
    "wrong_corrections": "{first} 起，{department} 在“{service}”中对“{item}”反复要求补正，其实没有必要。",
    "slow_system": "{first} 起，外部系统 {system} 变慢，“{service}”要等很多天。",
    "changed_form": "{first} 起，“{life_event}”换了新版表单，说明少了一句，“{service}”的不予许可随之增多。",
    "no_scanner": "{first} 起，窗口的扫描仪坏了，窗口收的件材料看不清，被要求补正。",
    "holiday_backlog": "{first} 至 {last}，长假之后 {department} 人手不足，假期积压的件很久才办完。",
    "back_and_forth": "{first} 起，{department} 把“{service}”移送出去，又被移送回来，一件事来回几趟。",
}
_EN = {
    "officer_away": "{first} to {last}: {department}'s officer for {service} is away, and nobody stands in.",
    "wrong_corrections": "From {first}: {department} asks for {item} to be corrected in {service} without need.",
    "slow_system": "From {first}: the outside system {system} is slow; {service} waits for days.",
    "changed_form": "From {first}: {life_event} has a new form that explains less; more of {service} is refused.",
    "no_scanner": "From {first}: the counter's scanner is broken; what comes in there has to be corrected.",
    "holiday_backlog": "{first} to {last}: after the long holiday {department} is short of staff; a backlog is left.",
    "back_and_forth": "From {first}: {department} hands {service} to another and gets it back, again and again.",
}


@dataclass(frozen=True)
class Story:
    seed: int | None = None
    causes: tuple[Cause, ...] = ()

    def strike(self, kind: str, day: date, **where: str) -> Cause | None:
        """The cause of this kind that strikes there on that day."""
        for cause in self.causes:
            if cause.kind == kind and cause.strikes(day) and all(getattr(cause, k) == v for k, v in where.items()):
                return cause
        return None

    def of(self, kind: str) -> Cause | None:
        return next((cause for cause in self.causes if cause.kind == kind), None)


@dataclass(frozen=True)
class _Place:
    """A step that people often come to: where a cause is worth hiding, because it can be found."""

    event: LifeEvent
    service: str
    department: str
    often: float

    def struck(self, names: set[str]) -> bool:
        return self.department in names or self.event.key in names


def told_by(seed: int | None, events: Sequence[LifeEvent], year: Year) -> Story:
    """The story of a seed: the same for the same city and year."""
    if seed is None:
        return Story()
    draw = random.Random(f"story/{seed}")  # noqa: S311  # a simulation, no secret
    places = _places(events)
    struck: set[str] = set()
    causes: list[Cause] = []
    for kind in draw.sample(KINDS, len(KINDS)):
        cause = _placed(draw, kind, [p for p in places if not p.struck(struck)], year)
        if cause is not None and len(causes) < CAUSES:
            causes.append(cause)
            struck |= {cause.department, cause.life_event} - {""}
    return Story(seed, tuple(sorted(causes, key=lambda cause: (cause.first, cause.kind))))


def _places(events: Sequence[LifeEvent]) -> list[_Place]:
    """The steps of the usual situations, the most visited first."""
    found = []
    for event in events:
        often = weight(event, events)
        for service in event.uses(usual_answers(event)):
            found.append(_Place(event, service.key, service.department, often))
    return sorted(found, key=lambda place: (-place.often, place.event.key, place.service))


def _placed(draw: random.Random, kind: str, free: Sequence[_Place], year: Year) -> Cause | None:
    """Where and when one kind strikes, among what no other has struck; None where the city has no place for it."""
    own = [p for p in free if not p.event.services[p.service].external][:30]
    span = (year.last - year.first) * draw.uniform(0.45, 0.65)
    begins, last = year.calendar.next_working_day(year.first + span), year.last
    match kind:
        case "slow_system":
            outside = [p for p in free if p.event.services[p.service].external]
            if not outside:
                return None
            place = outside[0]
            system = place.event.services[place.service].external or ""
            return Cause(kind, begins, last, system=system, service=place.service)
        case "no_scanner":
            return Cause(kind, begins, last)
        case "holiday_backlog":
            return _backlog(draw, kind, own, year)
        case "back_and_forth":
            moving = [p for p in own if p.event.services[p.service].transfer]
            return _at(kind, draw.choice(moving), begins, last) if moving else None
        case "wrong_corrections":
            asking = [(p, item) for p in own if (item := _item(p))]
            if not asking:
                return None
            place, item = draw.choice(asking)
            return _at(kind, place, begins, last, item=item)
        case _:
            if not own:
                return None
            place = draw.choice(own)
            until = year.calendar.add_working_days(begins, AWAY_DAYS) if kind == "officer_away" else last
            return _at(kind, place, begins, min(until, last))


def _at(kind: str, place: _Place, first: date, last: date, item: str = "") -> Cause:
    return Cause(kind, first, last, place.department, place.event.key, place.service, item)


def _item(place: _Place) -> str:
    """The document that the step could ask for again without need."""
    materials = place.event.services[place.service].materials
    return next((m.key for m in materials if m.origin != "output" and m.necessity == "required"), "")


def _backlog(draw: random.Random, kind: str, own: Sequence[_Place], year: Year) -> Cause | None:
    """After the longest run of free days that leaves room for the backlog to be seen."""
    calendar = year.calendar
    end = calendar.add_working_days(year.last, -BACKLOG_DAYS - 10)
    days = [day for day in year.days() if day < end]
    runs = [list(run) for free, run in groupby(days, lambda day: not calendar.is_working_day(day)) if free]
    departments = sorted({place.department for place in own})
    if not runs or not departments:
        return None
    longest = max(runs, key=len)
    begins = longest[-1] + timedelta(days=1)
    until = calendar.add_working_days(begins, BACKLOG_DAYS)
    return Cause(kind, begins, until, draw.choice(departments))
