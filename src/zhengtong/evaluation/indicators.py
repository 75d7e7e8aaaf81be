# SPDX-License-Identifier: Apache-2.0
"""Fills the registry of figures that supervised tasks carry: of a life event, of one of its steps, of a department.

on-time.newborn                      a life event
on-time.newborn.birth-registration   one of its steps
on-time-of.police                    a department
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.evaluation import queries
from zhengtong.evaluation.engine import ratings, tallies
from zhengtong.evaluation.engine.tallies import Chosen
from zhengtong.evaluation.measures import MEASURES, Measure
from zhengtong.organization import indicators
from zhengtong.organization.indicators import Figure, Indicator
from zhengtong.services.casework import calendar
from zhengtong.services.queries import life_events
from zhengtong.ui.language import say

BAD = "bad-ratings"


def _chosen(scope: str, of_department: bool) -> Chosen:
    if of_department:
        return Chosen(department=scope)
    life_event, _, service = scope.partition(".")
    return Chosen(life_event=life_event, service=service)


def _known(scope: str, of_department: bool) -> bool:
    if of_department:
        return city().has(Department, scope)
    life_event, _, service = scope.partition(".")
    found = next((event for event in life_events() if event.key == life_event), None)
    return found is not None and (not service or service in found.services)


def _name(measure: Measure, scope: str, of_department: bool) -> str:
    if of_department:
        department = city().get(Department, scope)
        return f"{say(measure.name)}: {say(department.short or department.name)}"
    life_event, _, service = scope.partition(".")
    event = next(event for event in life_events() if event.key == life_event)
    return f"{say(measure.name)}: {say(event.services[service].name if service else event.event.name)}"


def _measure(kind: str, scope: str, of_department: bool, since_us: int, until_us: int) -> Figure:
    leaves = queries.record_size()
    snapshot, chosen = queries.snapshot(leaves), _chosen(scope, of_department)
    if kind == BAD:
        which = ratings.Which(chosen.life_event, chosen.department, since_us, until_us)
        found = ratings.rated(snapshot, "all", queries.bad_up_to(), which)
        return Figure(found[0].bad, found[0].rated, leaves) if found else Figure(0, 0, leaves)
    hits, of = MEASURES[kind].count(tallies.total(snapshot, chosen.during(since_us, until_us)))
    return Figure(hits, of, leaves)


def _url(kind: str, scope: str, of_department: bool, since_us: int, until_us: int) -> str:
    chosen, days = _chosen(scope, of_department), calendar()
    query = {
        "life_event": chosen.life_event,
        "department": chosen.department,
        "service": chosen.service,
        "since": days.date_of(since_us).isoformat(),
        "until": days.date_of(until_us).isoformat(),
    }
    given = {name: value for name, value in query.items() if value}
    if kind == BAD:
        return f"{reverse('cockpit_satisfaction')}?{urlencode(given)}"
    return f"{reverse('cockpit_steps')}?{urlencode({**given, 'kind': MEASURES[kind].kind})}"


def _indicator(kind: str, of_department: bool) -> Indicator:
    measure = MEASURES[kind]
    return Indicator(
        f"{kind}-of" if of_department else kind,
        measure.good,
        name=lambda scope: _name(measure, scope, of_department),
        known=lambda scope: _known(scope, of_department) and not (kind == BAD and "." in scope),
        measure=lambda scope, since, until: _measure(kind, scope, of_department, since, until),
        url=lambda scope, since, until: _url(kind, scope, of_department, since, until),
    )


def register() -> None:
    for kind, measure in MEASURES.items():
        if measure.unit == "share":
            for of_department in (False, True):
                indicators.register(_indicator(kind, of_department))
