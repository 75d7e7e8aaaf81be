# SPDX-License-Identifier: Apache-2.0
"""The cockpit: where the city stands, said in a sentence first; every figure opens down to its events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.authority import Subject, may
from zhengtong.evaluation import queries
from zhengtong.evaluation.auditing import health
from zhengtong.evaluation.engine import ratings, tallies
from zhengtong.evaluation.engine.figures import OnTime, Outcome, by_service, on_time
from zhengtong.evaluation.listing import Cell, Field, Listing
from zhengtong.evaluation.pages.frame import cursor, show, start_of
from zhengtong.evaluation.pages.performance import CHANNELS, trend
from zhengtong.evaluation.pages.satisfaction import which
from zhengtong.evaluation.pages.why import Comparison, cause_in_words, leading
from zhengtong.evaluation.reading import PAGE, Reading
from zhengtong.organization.pages.supervision import listed
from zhengtong.organization.queries import actor, tasks_for
from zhengtong.services.casework import calendar
from zhengtong.services.published import LifeEvent
from zhengtong.ui.language import say
from zhengtong.ui.pages import route

FIRST, BUSIEST = 5, 8


@dataclass(frozen=True)
class Block:
    """One life event in a line: its cases on time, how long they took, what it saves."""

    event: LifeEvent
    rate: OnTime
    days: float | None
    trend: Sequence[float | None]
    saved: float | None
    url: str
    process_url: str


@dataclass(frozen=True)
class LateStep:
    """A step that is often late, with the address at which a task about it is drafted."""

    name: object
    event: object
    late: int
    decided: int
    url: str
    draft: str


@route(permission="cockpit.read")
def overview(request: HttpRequest) -> HttpResponse:
    reading = Reading(request.GET)
    blocks = sorted((_block(reading, event) for event in reading.events.values()), key=lambda one: -one.rate.closed)
    me = actor(request)
    whole = tallies.total(reading.snapshot, reading.chosen)
    rated = ratings.rated(reading.snapshot, "all", queries.bad_up_to(), which(reading))
    waiting = tallies.backlog(reading.snapshot, reading.chosen)
    context = {
        **_headline(reading),
        "whole": whole,
        "trend": [line.share_on_time for _part, line in trend(reading)],
        "rated": rated[0] if rated else None,
        "good": None if not rated or rated[0].share_bad is None else 1 - rated[0].share_bad,
        "open": sum(one.open for one in waiting),
        "urls": _urls(reading),
        "blocks": blocks[:BUSIEST],
        "more": max(0, len(blocks) - BUSIEST),
        "late": _late_steps(reading),
        "tasks": listed(tasks_for(me).exclude(state__in=["closed", "declined"])[:6]),
        "health": health(),
        "may_propose": bool(may(me, "task.propose", Subject("task"))),
    }
    return show(request, "cockpit", "evaluation/cockpit.html", context, reading=reading)


def _urls(reading: Reading) -> dict[str, str]:
    return {
        "on_time": reading.url("cockpit_performance"),
        "statutory": reading.steps_url("late-statutory"),
        "open": reading.steps_url("open"),
        "corrected": reading.steps_url("corrected"),
        "refused": reading.steps_url("refused"),
        "satisfaction": reading.url("cockpit_satisfaction"),
        "why": reading.url("cockpit_why"),
        "record": reading.url("cockpit_record"),
        "processes": reading.url("cockpit_processes"),
    }


def _headline(reading: Reading) -> dict[str, object]:
    """The last thirty days against the thirty before: the figure, and what added most to its change."""
    asked = Comparison(reading)
    splits = asked.splits()
    if not splits:
        return {"change": None}
    cause = leading(splits)
    return {"change": splits[0].change, "cause": cause_in_words(asked, cause) if cause else None}


def _block(reading: Reading, event: LifeEvent) -> Block:
    cases = queries.picture(event.key, reading.leaves).cases
    own = next((b for b in event.event.before if b.comparable and set(b.services) == set(event.services)), None)
    by_measure = {one.measure: one.share for one in queries.compared(event, own, cases)} if own else {}
    return Block(
        event,
        on_time(cases),
        queries.measured(cases).get("days"),
        _by_month(cases),
        by_measure.get("days"),
        reading.url("on_time_cases", event.key),
        reading.url("cockpit_process", event.key),
    )


def _by_month(cases: Sequence[Outcome]) -> list[float | None]:
    """Share on time by month of closing, oldest first."""
    days = calendar()
    months: dict[str, list[Outcome]] = defaultdict(list)
    for case in cases:
        months[f"{days.date_of(case.closed_us):%Y-%m}"].append(case)
    return [on_time(months[month]).share for month in sorted(months)]


def _late_steps(reading: Reading) -> list[LateStep]:
    """The steps with most late decisions in closed cases, each of its own life event."""
    found = []
    for key, event in reading.events.items():
        for one in by_service(queries.picture(key, reading.leaves).cases):
            if not one.late or one.service not in event.services:
                continue
            name = event.services[one.service].name
            given = {
                "indicator": f"on-time.{key}.{one.service}",
                "lead": one.department,
                "title": say(name),
            }
            url = reading.steps_url("late", life_event=key, service=one.service)
            draft = f"{reverse('propose_task')}?{urlencode(given)}"
            found.append(LateStep(name, event.event.name, one.late, one.decided, url, draft))
    return sorted(found, key=lambda one: -one.late)[:FIRST]


# ── the cases behind one life event ───────────────────────────────────────────────────────────────────────────────


def _cases(reading: Reading, key: str) -> list[Outcome]:
    """Closed cases, the late ones first; only these where the reader wants so."""
    only_late = reading.params.get("late") == "1"
    found = [case for case in queries.picture(key, reading.leaves).cases if case.late or not only_late]
    return sorted(found, key=lambda case: (not case.late, -case.closed_us))


def cases(reading: Reading, key: str, *, start: int = 0, most: int | None = None) -> Listing:
    event = reading.event(key)
    found = _cases(reading, key)
    columns = [
        Field("number", _lazy("Case")),
        Field("received", _lazy("Received"), "date"),
        Field("closed", _lazy("Closed"), "date"),
        Field("standing", _lazy("On time")),
        Field("late_steps", _lazy("Late steps")),
        Field("channel", _lazy("Channel")),
        Field("steps", _lazy("Steps"), "count"),
        Field("materials", _lazy("Documents uploaded"), "count"),
        Field("visits", _lazy("Visits"), "count"),
        Field("fields", _lazy("Fields typed"), "count"),
    ]
    rows = [_case_row(event, case) for case in found[start : None if most is None else start + most]]
    return Listing("cases", _lazy("Cases"), columns, rows, wide=True)


def _case_row(event: LifeEvent, case: Outcome) -> list[object]:
    late = [event.services[step.service].name for step in case.steps if step.late and step.service in event.services]
    standing = Cell("late", _lazy("late"), state="late") if case.late else Cell("ok", _lazy("on time"), state="ok")
    return [
        Cell(case.number, url=reverse("case_evidence", args=[case.number])),
        case.submitted_us,
        case.closed_us,
        standing,
        ", ".join(str(say(name)) for name in late) or "–",
        Cell(case.channel, CHANNELS.get(case.channel, case.channel)),
        len(case.steps),
        case.materials_uploaded,
        case.visits,
        case.fields_typed,
    ]


@route(permission="cockpit.read")
def on_time_cases(request: HttpRequest, key: str) -> HttpResponse:
    """The cases behind a life event's figures, the late ones first; each opens to its events."""
    reading = Reading(request.GET)
    event, found = reading.event(key), _cases(reading, key)
    start = start_of(reading, len(found))
    context = {
        "event": event,
        "life_event_key": key,
        "rate": on_time(queries.picture(key, reading.leaves).cases),
        "listing": cases(reading, key, start=start, most=PAGE),
        "cursor": cursor(start, len(found)),
        "count": len(found),
        "only_late": reading.params.get("late") == "1",
        "back": reading.url("cockpit"),
        "process_url": reading.url("cockpit_process", key),
    }
    return show(request, "cockpit", "evaluation/on_time.html", context, reading=reading)
