# SPDX-License-Identifier: Apache-2.0
"""好差评: how cases are rated, whose ratings are bad, and whether bad ones are put right."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.serving import city
from zhengtong.evaluation import queries
from zhengtong.evaluation.engine import ratings
from zhengtong.evaluation.engine.ratings import Which
from zhengtong.evaluation.listing import Cell, Field, Listing
from zhengtong.evaluation.pages.frame import cursor, department_choice, life_event_choice, show, start_of
from zhengtong.evaluation.pages.performance import months
from zhengtong.evaluation.reading import PAGE, Period, Reading
from zhengtong.services.definition import RatingFile
from zhengtong.ui.forms import Words
from zhengtong.ui.pages import route
from zhengtong.ui.parts import Chart, Series

LOOPS: dict[str, tuple[Words, str]] = {
    "to_check": (_lazy("to be checked"), "near"),
    "not_upheld": (_lazy("not upheld"), "wait"),
    "to_repair": (_lazy("to be put right"), "near"),
    "to_call_back": (_lazy("to be called back"), "near"),
    "satisfied": (_lazy("put right, satisfied"), "ok"),
    "not_satisfied": (_lazy("called back, not satisfied"), "late"),
}


def which(reading: Reading) -> Which:
    params, period = reading.params, reading.period
    return Which(params.get("life_event", ""), params.get("department", ""), period.since_us, period.until_us)


def _level_names() -> dict[int, object]:
    files = city().all(RatingFile)
    return {level.value: level.name for level in files[0].levels} if files else {}


def levels(reading: Reading, _key: str = "") -> Listing:
    counts, names = ratings.levels(reading.snapshot, which(reading)), _level_names()
    whole = sum(counts.values())
    rows = [
        [
            Cell(level, names.get(level, str(level))),
            counts.get(level, 0),
            counts.get(level, 0) / whole if whole else None,
        ]
        for level in sorted({*names, *counts}, reverse=True)
    ]
    columns = [
        Field("level", _lazy("Rating")),
        Field("count", _lazy("Ratings"), "count"),
        Field("share", _lazy("Share"), "share"),
    ]
    return Listing("levels", _lazy("How cases were rated"), columns, rows)


def by_department(reading: Reading, _key: str = "") -> Listing:
    found = ratings.rated(reading.snapshot, "department", queries.bad_up_to(), which(reading))
    rows = [
        [
            Cell(one.group, reading.department(one.group)),
            one.rated,
            Cell(one.bad, url=_bad_url(reading, one.group) if one.bad else ""),
            one.share_bad,
        ]
        for one in sorted(found, key=lambda one: (-(one.share_bad or 0), one.group))
    ]
    columns = [
        Field("department", _lazy("Department")),
        Field("rated", _lazy("Ratings"), "count"),
        Field("bad", _lazy("Bad"), "count"),
        Field("share_bad", _lazy("Share bad"), "share"),
    ]
    return Listing("rated-departments", _lazy("By the department concerned"), columns, rows)


def _bad_url(reading: Reading, department: str) -> str:
    given = {**reading.params.dict(), "department": department}
    return reading.url("cockpit_satisfaction", **given) + "#bad-ratings"


def by_month(reading: Reading, _key: str = "") -> Listing:
    rows = [[f"{part.since:%Y-%m}", one.rated, one.bad, one.share_bad] for part, one in _months(reading)]
    columns = [
        Field("month", _lazy("Month")),
        Field("rated", _lazy("Ratings"), "count"),
        Field("bad", _lazy("Bad"), "count"),
        Field("share_bad", _lazy("Share bad"), "share"),
    ]
    return Listing("rated-months", _lazy("By month"), columns, rows)


def _months(reading: Reading) -> list[tuple[Period, ratings.Rated]]:
    parts = months(reading)
    starts = [part.since_us for part in parts] + [parts[-1].until_us]
    found = ratings.by_period(reading.snapshot, starts, queries.bad_up_to(), which(reading))
    return list(zip(parts, found, strict=True))


def loops(reading: Reading, _key: str = "") -> Listing:
    counts = ratings.loops(reading.snapshot, queries.bad_up_to(), which(reading))
    rows = [[Cell(state, LOOPS[state][0], state=LOOPS[state][1]), count] for state, count in counts.items()]
    columns = [Field("state", _lazy("Where it stands")), Field("count", _lazy("Bad ratings"), "count")]
    return Listing("loops", _lazy("What became of bad ratings"), columns, rows)


def bad_ratings(reading: Reading, _key: str = "", *, start: int = 0, most: int | None = None) -> Listing:
    names = _level_names()
    rows = [
        [
            Cell(one.number, url=reverse("case_evidence", args=[one.number])),
            Cell(one.level, names.get(one.level, str(one.level))),
            Cell(one.department, reading.department(one.department)),
            one.rated_us,
            Cell(one.loop, LOOPS[one.loop][0], state=LOOPS[one.loop][1]),
            Cell(one.event_id, _("event"), reverse("event_evidence", args=[one.event_id])),
        ]
        for one in ratings.bad(reading.snapshot, queries.bad_up_to(), which(reading), start=start, most=most)
    ]
    columns = [
        Field("number", _lazy("Case")),
        Field("level", _lazy("Rating")),
        Field("department", _lazy("Department")),
        Field("rated_us", _lazy("Rated"), "date"),
        Field("state", _lazy("Where it stands")),
        Field("event", _lazy("Proof")),
    ]
    return Listing("bad-ratings", _lazy("Bad ratings"), columns, rows)


@route(permission="cockpit.read")
def satisfaction(request: HttpRequest) -> HttpResponse:
    reading = Reading(request.GET)
    found = ratings.rated(reading.snapshot, "all", queries.bad_up_to(), which(reading))
    whole = found[0] if found else ratings.Rated("", 0, 0)
    start = start_of(reading, whole.bad)
    context = {
        "whole": whole,
        "share_good": None if whole.share_bad is None else 1 - whole.share_bad,
        "choices": [life_event_choice(reading), department_choice(reading)],
        "levels": levels(reading),
        "level_chart": _level_chart(reading),
        "trend": _trend_chart(reading),
        "months": by_month(reading),
        "departments": by_department(reading),
        "loops": loops(reading),
        "bad": bad_ratings(reading, start=start, most=PAGE),
        "cursor": cursor(start, whole.bad),
    }
    return show(request, "cockpit_satisfaction", "evaluation/satisfaction.html", context, reading=reading, charts=True)


def _level_chart(reading: Reading) -> Chart:
    counts, names = ratings.levels(reading.snapshot, which(reading)), _level_names()
    shown = sorted({*names, *counts}, reverse=True)
    values = [float(counts.get(level, 0)) for level in shown]
    labels = [names.get(level, str(level)) for level in shown]
    return Chart(
        "levels-chart", _("How cases were rated"), labels, [Series(_("Ratings"), values)], kind="bar", sideways=True
    )


def _trend_chart(reading: Reading) -> Chart:
    found = _months(reading)
    labels = [f"{part.since:%Y-%m}" for part, _one in found]
    series = [Series(_("Share bad"), [one.share_bad for _part, one in found], "late")]
    return Chart("bad-trend", _("Share of bad ratings, by month"), labels, series, kind="bar", unit="percent")
