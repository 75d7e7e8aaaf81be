# SPDX-License-Identifier: Apache-2.0
"""What every page of the cockpit shares: its rooms, the state of the record it was counted from, the filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.authority import Subject, may
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.evaluation.reading import PAGE, Reading, parsed_number
from zhengtong.ledger.models import Checkpoint
from zhengtong.organization.queries import actor
from zhengtong.ui.pages import page
from zhengtong.ui.parts import CursorPage

FORMATS = ("csv", "parquet")
ROOMS: tuple[tuple[str, str | Promise], ...] = (
    ("cockpit", _lazy("Overview")),
    ("cockpit_performance", _lazy("On time")),
    ("cockpit_why", _lazy("What changed")),
    ("cockpit_savings", _lazy("Reductions")),
    ("cockpit_processes", _lazy("Processes")),
    ("cockpit_satisfaction", _lazy("Satisfaction")),
    ("cockpit_record", _lazy("The record")),
)


@dataclass(frozen=True)
class Room:
    label: str | Promise
    url: str
    current: bool


@dataclass(frozen=True)
class Choice:
    """One select of the filter form; `options` are (value, words)."""

    name: str
    label: str
    value: str
    options: Sequence[tuple[str, object]]


def show(
    request: HttpRequest,
    room: str,
    template: str,
    context: Mapping[str, object],
    *,
    reading: Reading | None = None,
    charts: bool = False,
) -> HttpResponse:
    """A page of the cockpit; with a `reading`, its foot says up to which leaf it counted and offers earlier ones."""
    frame: dict[str, object] = {
        "rooms": [Room(label, reading.url(name) if reading else reverse(name), name == room) for name, label in ROOMS],
        "reading": reading,
        "charts": charts,
        "formats": FORMATS,
        "may_export": bool(may(actor(request), "figures.export", Subject("figures"))),
    }
    if reading is not None:
        frame["kept"] = [(name, value) for name, value in reading.params.items() if name != "as_of"]
        frame["checkpoints"] = _checkpoints()
        names = {choice.name for choice in _listed(context.get("choices"))} | {"since", "until", "after", "before"}
        frame["carried"] = [(name, value) for name, value in reading.params.items() if name not in names]
    return page(request, template, {**frame, **context})


def _listed(choices: object) -> Sequence[Choice]:
    return choices if isinstance(choices, list) else ()


def _checkpoints() -> list[Checkpoint]:
    """The newest twenty, and of the older ones the last of every day."""
    newest = list(Checkpoint.objects.only("size", "time_us").order_by("-size")[:400])
    shown, days = newest[:20], set()
    for one in newest[20:]:
        day = one.time_us // 86_400_000_000
        if day not in days:
            days.add(day)
            shown.append(one)
    return shown


# ── the filters ───────────────────────────────────────────────────────────────────────────────────────────────────


def life_event_choice(reading: Reading, *, all_of_them: bool = True) -> Choice:
    named = [(key, event.event.name) for key, event in reading.events.items()]
    first = [("", _("all"))] if all_of_them else []
    return Choice("life_event", _("Life event"), reading.params.get("life_event", ""), [*first, *named])


def department_choice(reading: Reading) -> Choice:
    served = {service.department for event in reading.events.values() for service in event.services.values()}
    named = [(one.key, one.short or one.name) for one in city().all(Department) if one.key in served]
    return Choice("department", _("Department"), reading.params.get("department", ""), [("", _("all")), *named])


def situation_choice(reading: Reading, key: str) -> Choice | None:
    """The situations of one life event; None where it asks no question."""
    event = reading.events.get(key)
    if event is None or not event.event.situations:
        return None
    options: list[tuple[str, object]] = [("", _("all"))]
    for situation in event.event.situations:
        options += [(f"{situation.key}:{option.key}", option.name) for option in situation.options]
    return Choice("situation", _("Situation"), reading.params.get("situation", ""), options)


# ── long lists ────────────────────────────────────────────────────────────────────────────────────────────────────


def start_of(reading: Reading, count: int) -> int:
    """Where the page of a list begins. Raises `BadInput`."""
    given = reading.params.get("after", "") or reading.params.get("before", "")
    return parsed_number(given, "after", 0, max(count, 0)) or 0


def cursor(start: int, count: int) -> CursorPage:
    before = str(max(0, start - PAGE)) if start else ""
    after = str(start + PAGE) if start + PAGE < count else ""
    return CursorPage(min(PAGE, max(0, count - start)), before, after)
