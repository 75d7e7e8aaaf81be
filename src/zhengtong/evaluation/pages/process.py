# SPDX-License-Identifier: Apache-2.0
"""How a life event really goes: its own record as a map of lanes, its variants, what was done again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.evaluation import queries
from zhengtong.evaluation.engine.lifelines import Arc, Process, Wanted, cases_with, process
from zhengtong.evaluation.listing import DAY_US, Cell, Field, Listing, days_of
from zhengtong.evaluation.pages.frame import Choice, cursor, department_choice, show, situation_choice, start_of
from zhengtong.evaluation.reading import PAGE, Reading, parsed_number
from zhengtong.evaluation.rules.lanes import BOX_H, BOX_W, Box, Lane, Line, draw
from zhengtong.services.published import LifeEvent
from zhengtong.ui.forms import Words
from zhengtong.ui.language import say
from zhengtong.ui.pages import route

ACTIVITIES: dict[str, Words] = {
    "step_received": _lazy("Taken in"),
    "correction_asked": _lazy("Correction asked"),
    "correction_supplied": _lazy("Corrected"),
    "step_accepted": _lazy("Accepted"),
    "step_paused": _lazy("Paused"),
    "step_resumed": _lazy("Resumed"),
    "step_granted": _lazy("Granted"),
    "step_refused": _lazy("Refused"),
    "step_not_accepted": _lazy("Not accepted"),
    "step_dropped": _lazy("Not pursued"),
    "step_withdrawn": _lazy("Withdrawn"),
    "step_extended": _lazy("Extended"),
    "step_transferred": _lazy("Handed over"),
    "step_inspected": _lazy("Inspected"),
    "step_revoked": _lazy("Revoked"),
}
"""Short enough for a box."""
BAD = {"step_refused", "step_not_accepted"}
SHARES = (100, 95, 80, 50)


def activity(type: str) -> object:
    return ACTIVITIES.get(type, type.removeprefix("step_").replace("_", " "))


def wanted(reading: Reading, key: str) -> Wanted:
    share = parsed_number(reading.params.get("share", ""), "share", 1, 100) or 100
    period, department = reading.period, reading.params.get("department", "")
    return Wanted(key, department, period.since_us, period.until_us, share, reading.situation_numbers)


def _url(reading: Reading, key: str, service: str, type: str, after: str | None = None) -> str:
    params = reading.params
    kept = {name: params.get(name, "") for name in ("department", "situation", "share", "since", "until")}
    given = {**kept, "service": service, "type": type}
    if after is not None:
        given["after_type"] = after or "start"
    return reading.url("cockpit_process_cases", key, **given)


# ── the drawing ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class DrawnBox:
    box: Box
    words: object
    url: str
    refusal: bool

    @property
    def centre(self) -> float:
        return self.box.x + BOX_W / 2


@dataclass(frozen=True)
class DrawnLine:
    line: Line
    time: str
    slow: bool


@dataclass(frozen=True)
class DrawnLane:
    lane: Lane
    name: object


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    box_w: float
    box_h: float
    boxes: Sequence[DrawnBox]
    lines: Sequence[DrawnLine]
    lanes: Sequence[DrawnLane]


def drawing(reading: Reading, event: LifeEvent, found: Process) -> Drawing:
    activities = {(one.service, one.type): one.events for one in found.activities}
    arcs = {(arc.service, arc.source, arc.target): arc for arc in found.arcs}
    order = [*event.services, *sorted({one.service for one in found.activities} - set(event.services))]
    drawn = draw(activities, {key: arc.count for key, arc in arcs.items()}, order)
    slow = {(arc.service, arc.source, arc.target) for arc in found.slowest(2)}
    ends = {"start": _("Application"), "end": _("Case closed")}
    boxes = [
        DrawnBox(
            box,
            activity(box.type) if box.type else ends[box.kind],
            _url(reading, event.key, box.service, box.type) if box.type else "",
            box.type in BAD,
        )
        for box in drawn.boxes
    ]
    lines = [
        DrawnLine(one, _time(arcs[one.service, one.source, one.target]), (one.service, one.source, one.target) in slow)
        for one in drawn.lines
    ]
    lanes = [DrawnLane(lane, reading.service(lane.service)) for lane in drawn.lanes]
    return Drawing(drawn.width, drawn.height, BOX_W, BOX_H, boxes, sorted(lines, key=lambda one: one.slow), lanes)


def _time(arc: Arc) -> str:
    """The median, where it is a time at all and within a step; what follows at once needs no label."""
    return "" if arc.median_us < DAY_US // 20 or not arc.target else _("%(days)s d") % {"days": days_of(arc.median_us)}


# ── the tables ────────────────────────────────────────────────────────────────────────────────────────────────────


def _found(reading: Reading, key: str) -> Process:
    return process(reading.snapshot, wanted(reading, key))


def activities(reading: Reading, key: str) -> Listing:
    columns = [
        Field("service", _lazy("Step")),
        Field("activity", _lazy("What")),
        Field("events", _lazy("Times"), "count"),
        Field("cases", _lazy("Cases"), "count"),
    ]
    rows = [
        [
            Cell(one.service, reading.service(one.service)),
            Cell(one.type, activity(one.type)),
            one.events,
            Cell(one.cases, url=_url(reading, key, one.service, one.type)),
        ]
        for one in _found(reading, key).activities
    ]
    return Listing("activities", _lazy("What happened to each step"), columns, rows)


def arcs(reading: Reading, key: str) -> Listing:
    columns = [
        Field("service", _lazy("Step")),
        Field("source", _lazy("From")),
        Field("target", _lazy("To")),
        Field("count", _lazy("Times"), "count"),
        Field("median_us", _lazy("Median days"), "elapsed"),
        Field("p90_us", _lazy("Nine in ten within days"), "elapsed"),
        Field("total_us", _lazy("Days in all"), "elapsed"),
    ]
    rows = []
    for one in sorted(_found(reading, key).arcs, key=lambda arc: -arc.total_us):
        target = one.target and _url(reading, key, one.service, one.target, one.source)
        rows.append(
            [
                Cell(one.service, reading.service(one.service)),
                Cell(one.source, activity(one.source) if one.source else _("Application")),
                Cell(one.target, activity(one.target) if one.target else _("Case closed")),
                Cell(one.count, url=target), one.median_us, one.p90_us, one.total_us,
            ]
        )  # fmt: skip
    return Listing("arcs", _lazy("How long it took from one to the next"), columns, rows)


def variants(reading: Reading, key: str) -> Listing:
    found = _found(reading, key)
    columns = [
        Field("place", _lazy("Way"), "count"),
        Field("steps", _lazy("What happened")),
        Field("cases", _lazy("Cases"), "count"),
        Field("share", _lazy("Share"), "share"),
        Field("median_us", _lazy("Median days"), "elapsed"),
    ]
    rows = [
        [n, _spelled(reading, one.lifelines), one.cases, one.cases / found.cases, one.median_us]
        for n, one in enumerate(found.variants, 1)
    ]
    return Listing("variants", _lazy("The most usual ways"), columns, rows)


def _spelled(reading: Reading, lifelines: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """“Registration: received → accepted → granted; …”; what goes the plain way is named together."""
    plain = ("step_received", "step_accepted", "step_granted")
    straight = [str(say(reading.service(service))) for service, types in lifelines if types == plain]
    parts = [
        f"{say(reading.service(service))}: " + " → ".join(str(say(activity(type))) for type in types)
        for service, types in lifelines
        if types != plain
    ]
    if straight:
        parts.append(_("straight through: %(steps)s") % {"steps": ", ".join(straight)})
    return "; ".join(parts)


def rework(reading: Reading, key: str) -> Listing:
    columns = [
        Field("service", _lazy("Step")),
        Field("activity", _lazy("What")),
        Field("cases", _lazy("Cases"), "count"),
        Field("repeats", _lazy("Times beyond the first"), "count"),
    ]
    rows = [
        [Cell(one.service, reading.service(one.service)), Cell(one.type, activity(one.type)), one.cases, one.repeats]
        for one in _found(reading, key).rework
    ]
    return Listing("rework", _lazy("What was done again"), columns, rows)


# ── the pages ─────────────────────────────────────────────────────────────────────────────────────────────────────


@route(permission="cockpit.read")
def processes(request: HttpRequest) -> HttpResponse:
    """Every life event and every imported log."""
    reading = Reading(request.GET)
    found = [(event, _found(reading, key)) for key, event in reading.events.items()]
    rows = [
        [
            Cell(event.key, event.event.name, reading.url("cockpit_process", event.key)),
            Cell(one.closed, url=reading.url("on_time_cases", event.key) if one.closed else ""),
            one.ways,
            len(one.rework),
            Cell(*_slowest(reading, one)),
        ]
        for event, one in found
    ]
    columns = [
        Field("life_event", _("Life event")),
        Field("cases", _("Closed cases"), "count"),
        Field("ways", _("Ways through"), "count"),
        Field("rework", _("Things done again"), "count"),
        Field("slowest", _("Where most time goes")),
    ]
    listing = Listing("processes", _("Life events"), columns, rows)
    context = {"listing": listing, "sources": queries.mined_sources()}
    return show(request, "cockpit_processes", "evaluation/processes.html", context, reading=reading)


def _slowest(reading: Reading, found: Process) -> tuple[str, object]:
    slow = found.slowest(1)
    if not slow:
        return "", "–"
    arc = slow[0]
    between = f"{say(activity(arc.source)) if arc.source else _('Application')} → {say(activity(arc.target))}"
    return arc.service, f"{say(reading.service(arc.service))}: {between}"


@route(permission="cockpit.read")
def life_event_process(request: HttpRequest, key: str) -> HttpResponse:
    reading = Reading(request.GET)
    event, found = reading.event(key), _found(reading, key)
    shares = [("" if share == 100 else str(share), f"{share}%") for share in SHARES]
    situation = situation_choice(reading, key)
    choices = [
        department_choice(reading),
        Choice("share", _("Most usual ways"), reading.params.get("share", ""), shares),
    ]
    context = {
        "event": event.event,
        "life_event_key": key,
        "found": found,
        "slowest": _slowest(reading, found)[1] if found.arcs else None,
        "drawing": drawing(reading, event, found) if found.activities else None,
        "tables": [arcs(reading, key), activities(reading, key)],
        "variants": variants(reading, key),
        "rework": rework(reading, key),
        "choices": [*choices, *([situation] if situation else [])],
        "back": reading.url("cockpit_processes"),
    }
    return show(request, "cockpit_processes", "evaluation/process.html", context, reading=reading)


@route(permission="cockpit.read")
def process_cases(request: HttpRequest, key: str) -> HttpResponse:
    """The cases behind one activity, or one arc, of the map."""
    reading = Reading(request.GET)
    event, params = reading.event(key), reading.params
    service, type, before = params.get("service", ""), params.get("type", ""), params.get("after_type")
    after = None if before is None else "" if before == "start" else before
    numbers = cases_with(reading.snapshot, wanted(reading, key), service, type, after=after)
    start = start_of(reading, len(numbers))
    rows = [[Cell(number, url=reverse("case_evidence", args=[number]))] for number in numbers[start : start + PAGE]]
    context = {
        "event": event.event,
        "service": reading.service(service),
        "activity": activity(type),
        "before": None if after is None else activity(after) if after else _("Application"),
        "count": len(numbers),
        "listing": Listing("process-cases", _("Cases"), [Field("number", _("Case"))], rows).table(),
        "cursor": cursor(start, len(numbers)),
        "back": reading.url("cockpit_process", key),
    }
    return show(request, "cockpit_processes", "evaluation/process_cases.html", context, reading=reading)
