# SPDX-License-Identifier: Apache-2.0
"""Figures for programs, counted from the sealed record as of a leaf that is named: they can be counted again."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema

from zhengtong.evaluation import queries
from zhengtong.evaluation.engine.figures import OnTime, on_time
from zhengtong.services.api.access import THROTTLE, caller
from zhengtong.services.queries import life_event
from zhengtong.ui.registry import check_permission

router = Router(auth=caller("figures.read"), throttle=THROTTLE)


class Rate(Schema):
    """`part` of `whole`; the share is left to the reader, who sees what it rests on."""

    part: int
    whole: int


class FiguresOut(Schema):
    """A life event as of `leaves` sealed events: closed cases, on time against the promise, what a case cost.

    `measured` holds medians of steps, working days and departments, means of documents, visits and fields typed; a
    measure nothing was seen of is absent.
    """

    life_event: str
    leaves: int
    cases: int
    on_time: Rate
    satisfied: Rate
    measured: dict[str, float]


def _rate(found: OnTime) -> Rate:
    return Rate(part=found.on_time, whole=found.closed)


@router.get("/life-events/{key}", response=FiguresOut, operation_id="get_figures", summary="Figures of one life event")
def get_figures(request: HttpRequest, key: str) -> FiguresOut:
    check_permission(request, "cockpit.read", {})
    event = life_event(key)
    picture = queries.picture(event.key)
    measured = queries.measured(picture.cases)
    return FiguresOut(
        life_event=event.key,
        leaves=picture.leaves,
        cases=len(picture.cases),
        on_time=_rate(on_time(picture.cases)),
        satisfied=_rate(queries.satisfied(picture.ratings)),
        measured={name: value for name, value in measured.items() if value is not None},
    )
