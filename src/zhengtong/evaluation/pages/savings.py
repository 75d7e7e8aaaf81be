# SPDX-License-Identifier: Apache-2.0
"""减环节 减时间 减材料 减跑动: what a life event saves, as defined and as the record measured it, side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.evaluation import queries
from zhengtong.evaluation.listing import Cell, Field, Listing
from zhengtong.evaluation.pages.frame import show
from zhengtong.evaluation.reading import Reading
from zhengtong.evaluation.rules.reductions import Reduction
from zhengtong.services.definition import BeforeFile
from zhengtong.services.published import LifeEvent
from zhengtong.ui.forms import Words
from zhengtong.ui.pages import route

MEASURES: dict[str, Words] = {
    "steps": _lazy("Steps departments really took (median)"),
    "days": _lazy("Working days from receipt to closing (median)"),
    "materials": _lazy("Documents the applicant really uploaded (mean)"),
    "visits": _lazy("Visits to a counter (mean)"),
    "fields": _lazy("Fields the applicant typed (mean)"),
    "departments": _lazy("Departments that decided (median)"),
}
WHY_NOT: dict[str, Words] = {
    "other_services": _lazy("not comparable: other services"),
    "other_method": _lazy("not comparable: other method"),
    "not_published": _lazy("no figure was published"),
    "not_measured": _lazy("nothing measured yet"),
}


def _saved(one: Reduction) -> Cell:
    return Cell(one.share, WHY_NOT.get(one.why_not, ""))


def saved(reading: Reading, event: LifeEvent, before: BeforeFile) -> Listing:
    """One set of published figures against the definition and against the record."""
    cases = queries.picture(event.key, reading.leaves).cases
    by_record = queries.compared(event, before, cases)
    by_definition = queries.compared(event, before, cases, queries.defined(event))
    url = reading.url("on_time_cases", event.key)
    rows = [
        [
            Cell(one.measure, MEASURES[one.measure]),
            one.before,
            defined.measured,
            _saved(defined),
            Cell(
                one.measured,
                "" if one.measured is None else f"{one.measured:.1f}",
                url if one.measured is not None else "",
            ),
            _saved(one),
        ]
        for one, defined in zip(by_record, by_definition, strict=True)
    ]
    columns = [
        Field("measure", _lazy("Measure")),
        Field("before", _lazy("Before"), "days"),
        Field("defined", _lazy("As defined"), "days"),
        Field("saved_defined", _lazy("Saved as defined"), "share"),
        Field("measured", _lazy("Measured"), "days"),
        Field("saved_measured", _lazy("Saved as measured"), "share"),
    ]
    anchor = f"savings-{event.key}-{event.event.before.index(before)}"
    return Listing("savings", _lazy("Before, as defined and as measured"), columns, rows, wide=True, anchor=anchor)


def first_saved(reading: Reading, key: str) -> Listing:
    """The first published figures of a life event, for a file. Raises `NotFound`."""
    event = reading.event(key)
    comparable = sorted(event.event.before, key=lambda one: not one.comparable)
    return saved(reading, event, comparable[0]) if comparable else Listing("savings", "", [], [])


def pledged(reading: Reading, key: str) -> Listing:
    """Promised against statutory limits, service by service."""
    found = queries.pledges(reading.event(key))
    rows = [
        [
            Cell(one.service, reading.service(one.service)),
            one.statutory,
            one.promised,
            1 - one.promised / one.statutory if one.statutory else None,
        ]
        for one in found
    ]
    columns = [
        Field("service", _lazy("Step")),
        Field("statutory", _lazy("Statutory days"), "count"),
        Field("promised", _lazy("Promised days"), "count"),
        Field("saved", _lazy("Shorter by"), "share"),
    ]
    return Listing("pledged", _lazy("Promised against statutory limits"), columns, rows, anchor=f"pledged-{key}")


def all_saved(reading: Reading, _key: str = "") -> Listing:
    """Every life event: what its definition asks for, what the record measured, how far promises undercut the law."""
    columns = [
        Field("life_event", _lazy("Life event")),
        Field("cases", _lazy("Closed cases"), "count"),
        Field("steps", _lazy("Steps"), "count"),
        Field("steps_measured", _lazy("measured"), "days"),
        Field("days", _lazy("Working days promised"), "count"),
        Field("days_measured", _lazy("measured"), "days"),
        Field("materials", _lazy("Documents asked for"), "count"),
        Field("materials_measured", _lazy("measured"), "days"),
        Field("visits", _lazy("Visits"), "count"),
        Field("visits_measured", _lazy("measured"), "days"),
        Field("promised_shorter", _lazy("Promised below statutory"), "share"),
    ]
    rows = []
    for key, event in reading.events.items():
        cases = queries.picture(key, reading.leaves).cases
        found, defined = queries.measured(cases), queries.defined(event)
        row: list[object] = [
            Cell(key, event.event.name, reading.url("cockpit_process", key)),
            Cell(len(cases), url=reading.url("on_time_cases", key) if cases else ""),
        ]
        for measure in ("steps", "days", "materials", "visits"):
            row += [defined[measure], found.get(measure)]
        rows.append([*row, queries.pledged_share(queries.pledges(event))])
    rows.sort(key=lambda row: -row[1].value)  # type: ignore[attr-defined]  # the cell of the cases
    return Listing("all-savings", _lazy("Every life event, as defined and as measured"), columns, rows, wide=True)


def _block(reading: Reading, event: LifeEvent) -> dict[str, object]:
    own = [one for one in event.event.before if one.comparable and set(one.services) == set(event.services)]
    cases = queries.picture(event.key, reading.leaves).cases
    return {
        "key": event.key,
        "event": event.event,
        "count": len(cases),
        "url": reading.url("on_time_cases", event.key),
        "process_url": reading.url("cockpit_process", event.key),
        "own": [(before, saved(reading, event, before)) for before in own],
        "others": [(before, saved(reading, event, before)) for before in event.event.before if before not in own],
        "pledged": pledged(reading, event.key),
        "pledged_share": queries.pledged_share(queries.pledges(event)),
    }


@route(permission="cockpit.read")
def savings(request: HttpRequest) -> HttpResponse:
    reading = Reading(request.GET)
    blocks = [_block(reading, event) for event in reading.events.values() if event.event.before]
    blocks.sort(key=lambda block: not block["own"])
    context = {"blocks": blocks, "all": all_saved(reading)}
    return show(request, "cockpit_savings", "evaluation/savings.html", context, reading=reading)
