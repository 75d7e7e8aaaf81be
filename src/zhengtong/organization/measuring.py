# SPDX-License-Identifier: Apache-2.0
"""Measure a task's figure, when it is proposed and when it is closed, and write it down with the act."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from zhengtong.acts.perform import Act
from zhengtong.acts.serving import city
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.organization import indicators
from zhengtong.organization.models import SupervisedTask, TaskMeasurement

PROPOSED, CLOSED = "proposed", "closed"


def measure(act: Act, row: SupervisedTask, moment: str, since_us: int) -> dict[str, Value]:
    """Count the task's figure in [since, now) and record it; returns what its event says of it, nothing for a task
    without a figure."""
    found = indicators.find(row.indicator)
    if found is None:
        return {}
    indicator, scope = found
    figure = indicator.measure(scope, since_us, act.now_us)
    measured = TaskMeasurement(
        reference=uuid.uuid4().hex,
        task=row,
        moment=moment,
        indicator=row.indicator,
        hits=figure.hits,
        of=figure.of,
        since_us=since_us,
        until_us=act.now_us,
        leaves=figure.leaves,
    )
    told: dict[str, Value] = {"hits_count": figure.hits, "of_count": figure.of, "leaves": figure.leaves}
    act.record("task_measured", measured, [ObjectRef("task", row.number)], {"moment": moment, **told})
    if figure.share is None:
        return {}
    return {"measured_basis_points": round(figure.share * 10_000)}


def window_before(now_us: int, days: int) -> int:
    """The beginning of the `days` days that end now, in µs."""
    calendar = city().calendar
    return calendar.start_of_day(calendar.date_of(now_us) - timedelta(days=days))


@dataclass(frozen=True)
class Effect:
    """What a task's figure was and is. `reached` None where that cannot be said."""

    name: str
    target: str
    before: TaskMeasurement | None
    after: TaskMeasurement | None
    before_url: str
    after_url: str
    more: bool
    reached: bool | None


def effect(row: SupervisedTask) -> Effect | None:
    """None for a task that carries no figure anybody measures."""
    found = indicators.find(row.indicator)
    if found is None:
        return None
    indicator, scope = found
    by_moment = {one.moment: one for one in row.measurements.order_by("id")}
    before, after = by_moment.get(PROPOSED), by_moment.get(CLOSED)
    target = indicators.target_share(row.target)

    def url(one: TaskMeasurement | None) -> str:
        return indicator.url(scope, one.since_us, one.until_us) if one else ""

    verdict = indicators.reached(indicator, after.share if after else None, target)
    return Effect(indicator.name(scope), row.target, before, after, url(before), url(after), indicator.more, verdict)
