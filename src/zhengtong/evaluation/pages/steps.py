# SPDX-License-Identifier: Apache-2.0
"""The steps behind a figure: each opens to its case's events and to the proof of what ended it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine import tallies
from zhengtong.evaluation.engine.tallies import KINDS
from zhengtong.evaluation.listing import Cell, Field, Listing
from zhengtong.evaluation.pages.frame import cursor, department_choice, life_event_choice, show, start_of
from zhengtong.evaluation.pages.performance import CHANNELS, ENDED
from zhengtong.evaluation.reading import PAGE, Reading
from zhengtong.ui.forms import Words
from zhengtong.ui.pages import route

KIND_WORDS: dict[str, Words] = {
    "decided": _lazy("Decided steps"),
    "late": _lazy("Steps decided after the promised day"),
    "on-time": _lazy("Steps decided by the promised day"),
    "statutory": _lazy("Decided steps with a statutory limit"),
    "late-statutory": _lazy("Steps decided after the statutory limit"),
    "corrected": _lazy("Decided steps that needed a correction"),
    "refused": _lazy("Refused steps"),
    "not-accepted": _lazy("Steps not accepted"),
    "open": _lazy("Open steps"),
}
LIES: dict[str, Words] = {
    "queued": _lazy("waits for another step"),
    "waiting": _lazy("waits to be accepted"),
    "applicant": _lazy("waits for the applicant"),
    "working": _lazy("being examined"),
    "paused": _lazy("paused by law"),
}


def steps(reading: Reading, _key: str = "", *, start: int = 0, most: int | None = None) -> Listing:
    """The steps behind a figure."""
    kind = _kind(reading)
    columns = [
        Field("number", _lazy("Case")),
        Field("service", _lazy("Step")),
        Field("department", _lazy("Department")),
        Field("received_us", _lazy("Received"), "date"),
        Field("ended_us", _lazy("Ended"), "date"),
        Field("promised_due_us", _lazy("Promised until"), "date"),
        Field("used_days", _lazy("Working days used"), "days"),
        Field("standing", _lazy("How it stands")),
        Field("event", _lazy("Proof")),
    ]
    rows = []
    for one in tallies.steps(reading.snapshot, kind, reading.chosen, start=start, most=most):
        proof = reverse("event_evidence", args=[one.ended_event]) if one.ended_event else ""
        rows.append(
            [
                Cell(one.number, url=reverse("case_evidence", args=[one.number])),
                Cell(one.service, reading.service(one.service)),
                Cell(one.department, reading.department(one.department)), one.received_us,
                one.ended_us, one.promised_due_us, one.used_days, _standing(one),
                Cell(one.ended_event or "", _("event") if proof else "–", proof),
            ]
        )  # fmt: skip
    return Listing("steps", KIND_WORDS[kind], columns, rows)


def _standing(one: tallies.StepRow) -> Cell:
    if not one.ended:
        return Cell(one.lies, LIES.get(one.lies, one.lies), state="paused" if one.lies == "paused" else "info")
    if one.late:
        return Cell("late", _("late"), state="late")
    return Cell(one.ended, ENDED[one.ended], state="ok" if one.ended == "granted" else "wait")


def _kind(reading: Reading) -> str:
    kind = reading.params.get("kind", "decided")
    if kind not in KINDS:
        raise BadInput(
            "没有这种清单", "there is no such list", where="kind", found=kind[:40], expected=", ".join(KINDS)
        )
    return kind


@route(permission="cockpit.read")
def step_list(request: HttpRequest) -> HttpResponse:
    reading = Reading(request.GET)
    kind = _kind(reading)
    count = tallies.count(reading.snapshot, kind, reading.chosen)
    start = start_of(reading, count)
    context = {
        "count": count,
        "kind": KIND_WORDS[kind],
        "kinds": [(key, KIND_WORDS[key], key == kind) for key in KINDS],
        "named": _named(reading),
        "listing": steps(reading, start=start, most=PAGE),
        "cursor": cursor(start, count),
        "back": reading.url("cockpit_performance"),
        "choices": [life_event_choice(reading), department_choice(reading)],
    }
    return show(request, "cockpit_performance", "evaluation/steps.html", context, reading=reading)


def _named(reading: Reading) -> list[object]:
    """What narrows the list, in words."""
    params = reading.params
    words = [
        (params.get("life_event"), reading.life_event),
        (params.get("department"), reading.department),
        (params.get("service"), reading.service),
        (params.get("regime"), reading.regime),
        (params.get("reason"), reading.reason),
        (params.get("channel"), lambda key: CHANNELS.get(key, key)),
        (params.get("number"), lambda key: key),
    ]
    return [name(value) for value, name in words if value]
