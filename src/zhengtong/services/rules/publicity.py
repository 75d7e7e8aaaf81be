# SPDX-License-Identifier: Apache-2.0
"""公示: matters the law lets nobody grant before the public has had so many days to object.

The notice begins with the acceptance and its days are counted as every period is (`clock`): without its first day, and
to the end of its last, which moves to a working day. An objection may end it early with a refusal, so only a grant
waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhengtong.errors import Conflict
from zhengtong.services.rules.clock import Calendar, Segment, Unit, due
from zhengtong.services.rules.limits import Assessment


@dataclass(frozen=True)
class PublicNotice:
    """How long a matter is made public before it may be granted."""

    days: int
    unit: Unit = "calendar_days"


def notice_until(notice: PublicNotice, limits: Assessment, calendar: Calendar) -> int | None:
    """The last instant of the notice; None while the matter is not accepted. Silence begins it when it accepts."""
    begun = limits.deemed_us or limits.accepted_us
    if begun is None:
        return None
    end = due(notice.unit, notice.days, [Segment(begun)], calendar)
    return end.at_us if end else None


def check_notice(notice: PublicNotice, limits: Assessment, calendar: Calendar, now_us: int) -> None:
    """Raises `Conflict` for a grant at `now_us` that comes before the end of the notice."""
    until_us = notice_until(notice, limits, calendar)
    if until_us is None or now_us > until_us:
        return
    last = calendar.date_of(until_us).isoformat()
    raise Conflict(
        f"公示期到 {last} 届满，之后才能准予",
        f"the public notice runs until {last}; a grant comes after it",
        found=calendar.date_of(now_us).isoformat(), expected=f"> {last}",
    )  # fmt: skip
