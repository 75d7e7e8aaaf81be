# SPDX-License-Identifier: Apache-2.0
"""On time or late: by department, regime and step, month by month, down to the steps themselves."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.perform import now_us
from zhengtong.evaluation.engine import tallies
from zhengtong.evaluation.engine.tallies import Line
from zhengtong.evaluation.listing import DAY_US, Cell, Field, Listing
from zhengtong.evaluation.pages.frame import department_choice, life_event_choice, show
from zhengtong.evaluation.reading import Period, Reading, month_of
from zhengtong.services.casework import calendar
from zhengtong.services.models import Step
from zhengtong.services.queries import OPEN_TO_DEPARTMENT
from zhengtong.ui.forms import Words
from zhengtong.ui.pages import route
from zhengtong.ui.parts import Chart, Series

CHANNELS = {"portal": _lazy("Online"), "counter": _lazy("Counter")}
ENDED: dict[str, Words] = {
    "granted": _lazy("granted"),
    "refused": _lazy("refused"),
    "not_accepted": _lazy("not accepted"),
    "dropped": _lazy("not pursued"),
    "withdrawn": _lazy("withdrawn"),
}


def months(reading: Reading) -> list[Period]:
    """The months of the period, the first and last as far as they lie in it; at most 36."""
    period, found = reading.period, list[Period]()
    first = month_of(period.since)
    while first <= period.until and len(found) < 36:
        following = month_of(first, -1)
        found.append(Period(max(first, period.since), min(following - timedelta(days=1), period.until)))
        first = following
    return found


def trend(reading: Reading) -> list[tuple[Period, Line]]:
    parts = months(reading)
    starts = [part.since_us for part in parts] + [parts[-1].until_us]
    return list(zip(parts, tallies.by_period(reading.snapshot, starts, reading.chosen), strict=True))


# ── the tables ────────────────────────────────────────────────────────────────────────────────────────────────────

_RATES = (
    Field("decided", _lazy("Decided"), "count"),
    Field("late", _lazy("Late"), "count"),
    Field("on_time", _lazy("On time"), "share"),
    Field("late_statutory", _lazy("Beyond the statutory limit"), "count"),
    Field("on_time_statutory", _lazy("Within the statutory limit"), "share"),
    Field("median_days", _lazy("Median working days"), "days"),
    Field("p90_days", _lazy("Nine in ten within"), "days"),
    Field("corrected", _lazy("Corrections"), "share"),
    Field("refused", _lazy("Refused"), "share"),
)


def _rates(line: Line, reading: Reading, period: Period | None = None, **query: str) -> list[object]:
    def opened(count: int, kind: str) -> Cell:
        return Cell(count, url=reading.steps_url(kind, period, **query) if count else "")

    return [
        opened(line.decided, "decided"),
        opened(line.late, "late"),
        line.share_on_time,
        opened(line.late_statutory, "late-statutory"),
        line.share_statutory,
        line.median_days,
        line.p90_days,
        line.share_corrected,
        line.share_refused,
    ]


def by_department(reading: Reading, _key: str = "") -> Listing:
    found = sorted(tallies.lines(reading.snapshot, "department", reading.chosen), key=lambda one: -one.late)
    rows = [[Cell(o.group, reading.department(o.group)), *_rates(o, reading, department=o.group)] for o in found]
    columns = [Field("department", _lazy("Department")), *_RATES]
    return Listing("departments", _lazy("By department"), columns, rows, wide=True)


def by_regime(reading: Reading, _key: str = "") -> Listing:
    found = tallies.lines(reading.snapshot, "regime", reading.chosen)
    rows = [[Cell(o.group, reading.regime(o.group)), *_rates(o, reading, regime=o.group)] for o in found]
    return Listing("regimes", _lazy("By regime"), [Field("regime", _lazy("Regime")), *_RATES], rows, wide=True)


def by_service(reading: Reading, _key: str = "") -> Listing:
    found = sorted(tallies.lines(reading.snapshot, "service", reading.chosen), key=lambda one: -one.late)
    rows = [[Cell(o.group, reading.service(o.group)), *_rates(o, reading, service=o.group)] for o in found]
    return Listing("services", _lazy("By step"), [Field("service", _lazy("Step")), *_RATES], rows, wide=True)


def by_month(reading: Reading, _key: str = "") -> Listing:
    rows = [[f"{part.since:%Y-%m}", *_rates(line, reading, part)] for part, line in trend(reading)]
    return Listing("months", _lazy("By month"), [Field("month", _lazy("Month")), *_RATES], rows, wide=True)


def waiting(reading: Reading, _key: str = "") -> Listing:
    """Where the time of a decided step went, in the mean."""
    found = tallies.lines(reading.snapshot, "department", reading.chosen)
    columns = [
        Field("department", _lazy("Department")),
        Field("decided", _lazy("Decided"), "count"),
        Field("waiting_us", _lazy("Waits to be accepted"), "elapsed"),
        Field("working_us", _lazy("Is examined"), "elapsed"),
        Field("applicant_us", _lazy("Waits for the applicant"), "elapsed"),
        Field("paused_us", _lazy("Paused by law"), "elapsed"),
    ]
    rows = [
        [Cell(o.group, reading.department(o.group)), o.decided, o.waiting_us, o.working_us, o.applicant_us, o.paused_us]
        for o in found
        if o.decided
    ]
    return Listing("waiting", _lazy("Where the time goes: days a step, in the mean"), columns, rows)


def refusals(reading: Reading, _key: str = "") -> Listing:
    columns = [
        Field("ended", _lazy("Outcome")),
        Field("reason", _lazy("Reason")),
        Field("count", _lazy("Steps"), "count"),
    ]
    rows = [
        [
            Cell(one.ended, ENDED[one.ended]),
            Cell(one.reason, reading.reason(one.reason)),
            Cell(one.count, url=reading.steps_url(one.ended.replace("_", "-"), reason=one.reason)),
        ]
        for one in tallies.refusals(reading.snapshot, reading.chosen)
    ]
    return Listing("refusals", _lazy("Refusals by reason"), columns, rows)


def channels(reading: Reading, _key: str = "") -> Listing:
    period = reading.period
    key = reading.params.get("life_event", "")
    found = tallies.channels(reading.snapshot, key, period.since_us, period.until_us)
    whole = sum(one.cases for one in found)
    columns = [
        Field("channel", _lazy("Channel")),
        Field("cases", _lazy("Cases"), "count"),
        Field("share", _lazy("Share"), "share"),
    ]
    rows = [[Cell(one.channel, CHANNELS.get(one.channel, one.channel)), one.cases, one.cases / whole] for one in found]
    return Listing("channels", _lazy("How cases come in"), columns, rows)


def backlog(reading: Reading, _key: str = "") -> Listing:
    """Open steps as of the leaf; near and overdue from the clocks as they stand now, where nothing earlier is asked."""
    near = _due_soon(reading) if reading.as_of is None else None
    columns = [
        Field("department", _lazy("Department")),
        Field("open", _lazy("Open steps"), "count"),
        Field("with_department", _lazy("With the department"), "count"),
        Field("with_applicant", _lazy("With the applicant"), "count"),
        Field("paused", _lazy("Paused"), "count"),
        Field("near", _lazy("Near their limit"), "count"),
        Field("overdue", _lazy("Overdue now"), "count"),
        Field("oldest", _lazy("Oldest since"), "date"),
    ]
    rows = []
    for one in tallies.backlog(reading.snapshot, reading.chosen):
        soon, over = (None, None) if near is None else near.get(one.department, (0, 0))
        opened = Cell(one.open, url=reading.steps_url("open", department=one.department))
        rows.append(
            [
                Cell(one.department, reading.department(one.department)), opened, one.with_department,
                one.with_applicant, one.paused, soon, over, one.oldest_us,
            ]
        )  # fmt: skip
    return Listing("backlog", _lazy("Not yet decided"), columns, rows)


def _due_soon(reading: Reading) -> dict[str, tuple[int, int]]:
    """Open steps near their promised end, by the days each service calls near, and those past it; by department."""
    now, days = now_us(), calendar()
    today = days.date_of(now)
    near = {key: one.promised.near or 0 for event in reading.events.values() for key, one in event.services.items()}
    edge = {n: days.end_of_day(days.add_working_days(today, n)) for n in {0, *near.values()}}
    found: dict[str, tuple[int, int]] = {}
    due = Step.objects.filter(state__in=OPEN_TO_DEPARTMENT, due_us__lte=max(edge.values()))
    for department, key, due_us in due.values_list("department", "key", "due_us"):
        if due_us is None:
            continue
        soon, over = found.get(department, (0, 0))
        if due_us < now:
            found[department] = (soon, over + 1)
        elif due_us <= edge[near.get(key, 0)]:
            found[department] = (soon + 1, over)
    return found


# ── the pages ─────────────────────────────────────────────────────────────────────────────────────────────────────


@route(permission="cockpit.read")
def performance(request: HttpRequest) -> HttpResponse:
    reading = Reading(request.GET)
    whole = tallies.total(reading.snapshot, reading.chosen)
    lines = by_department(reading)
    context = {
        "whole": whole,
        "late_url": reading.steps_url("late"),
        "decided_url": reading.steps_url("decided"),
        "statutory_url": reading.steps_url("late-statutory"),
        "worst": _worst(reading),
        "choices": [life_event_choice(reading), department_choice(reading)],
        "trend": _trend_chart(reading),
        "where": _where_chart(reading),
        "months": by_month(reading),
        "departments": lines,
        "others": [by_regime(reading), by_service(reading)],
        "waiting": waiting(reading),
        "backlog": backlog(reading),
        "refusals": refusals(reading),
        "channels": channels(reading),
    }
    return show(request, "cockpit_performance", "evaluation/performance.html", context, reading=reading, charts=True)


def _worst(reading: Reading) -> tuple[object, Line, str] | None:
    """The step with most late decisions, its line and where to see them."""
    found = max(tallies.lines(reading.snapshot, "service", reading.chosen), key=lambda one: one.late, default=None)
    if found is None or not found.late:
        return None
    return reading.service(found.group), found, reading.steps_url("late", service=found.group)


def _trend_chart(reading: Reading) -> Chart:
    found = trend(reading)
    return Chart(
        "trend",
        _("Share of steps decided in time, by month"),
        [f"{part.since:%Y-%m}" for part, _line in found],
        [
            Series(_("By the promised day"), [line.share_on_time for _part, line in found], "ok"),
            Series(_("Within the statutory limit"), [line.share_statutory for _part, line in found], "info"),
        ],
        unit="percent",
    )


def _where_chart(reading: Reading) -> Chart:
    found = [one for one in tallies.lines(reading.snapshot, "department", reading.chosen) if one.decided]
    parts = (
        (_("Waits to be accepted"), "waiting_us", "near"),
        (_("Is examined"), "working_us", "info"),
        (_("Waits for the applicant"), "applicant_us", "wait"),
        (_("Paused by law"), "paused_us", "paused"),
    )
    series = [Series(name, [round(getattr(o, key) / DAY_US, 2) for o in found], role) for name, key, role in parts]  # type: ignore[arg-type]  # the four kinds above
    names = [reading.department(one.group) for one in found]
    title = _("Days a step spends, in the mean")
    return Chart("where", title, names, series, kind="stack", unit="days", sideways=True)
