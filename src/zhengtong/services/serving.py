# SPDX-License-Identifier: Apache-2.0
"""Service of notices (送达): what is not served yet, what the city's term serves, and the remedies that run from it."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet

from zhengtong.acts.actor import SYSTEM, Actor
from zhengtong.acts.authority import may
from zhengtong.acts.perform import perform
from zhengtong.errors import Conflict
from zhengtong.services.actions.serve_notice import OpenNotice, RecordDeemedService, ServedNotice
from zhengtong.services.applicants import applicants, end_of_term
from zhengtong.services.casework import calendar
from zhengtong.services.definition import RemedyFile
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.models import Contact, Notice, NoticeService
from zhengtong.services.published import LifeEvent

AGAINST = frozenset({NoticeKind.REFUSE.value, NoticeKind.NOT_ACCEPT.value, NoticeKind.REVOKE.value})
"""Notices of decisions that a remedy may be sought against."""


def unserved(departments: Iterable[str] | None) -> QuerySet[Notice]:
    """Notices still to be served, the oldest first; of all departments where None. A receipt is handed over."""
    rows = Notice.objects.filter(service=None, case__demo=False).exclude(kind=NoticeKind.INTAKE.value)
    if departments is not None:
        rows = rows.filter(department__in=list(departments))
    return rows.select_related("case", "step").order_by("issued_us", "id")


def opened(notice: Notice, reader: Actor, now_us: int) -> None:
    """The reader is about to see the notice: where that serves it, it is recorded first. Otherwise nothing happens."""
    if not may(reader, OpenNotice.verb, ServedNotice(notice).subject):
        return
    agreed = Contact.objects.filter(account=reader.id, electronic_us__lte=now_us).exists()
    if agreed and not NoticeService.objects.filter(notice=notice).exists():
        try:
            perform(OpenNotice(notice.reference), reader, f"open/{notice.reference}")
        except Conflict:  # served by somebody else in this moment
            return


def deem_served(now_us: int, *, limit: int = 200) -> int:
    """Record service by the city's term, each at the instant it fell due; returns how many."""
    rules = applicants()
    if rules is None or rules.served is None:
        return 0
    agreed = dict(Contact.objects.exclude(electronic_us=None).values_list("account", "electronic_us"))
    rows = unserved(None).filter(case__applicant__in=list(agreed))[:limit]
    done = 0
    for row in rows:
        due_us = end_of_term(rules.served, max(row.issued_us, agreed[row.case.applicant] or 0))
        if due_us < now_us:
            done += _deem(row, due_us)
    return done


def _deem(row: Notice, due_us: int) -> int:
    try:
        return int(
            not perform(RecordDeemedService(row.reference), SYSTEM, f"served/{row.reference}", at_us=due_us).replayed
        )
    except Conflict:
        return 0


@dataclass(frozen=True)
class Way:
    """A remedy open against a decision, and its last day once the notice is served (None: the city sets no length)."""

    remedy: RemedyFile
    last: date | None


def ways_open(definition: LifeEvent, notice: Notice, served_us: int | None) -> list[Way]:
    """Remedies against the notice's decision; none against one that grants."""
    if notice.kind not in AGAINST:
        return []
    return [Way(remedy, _last_day(remedy, served_us)) for remedy in definition.remedies.values()]


def _last_day(remedy: RemedyFile, served_us: int | None) -> date | None:
    """The day of service is not counted; a last day that is no working day moves to the next (民法典 art. 201–203)."""
    if served_us is None or (remedy.days is None and remedy.months is None):
        return None
    days = calendar()
    day = days.date_of(served_us)
    if remedy.months is not None:
        year, month = divmod(day.year * 12 + day.month - 1 + remedy.months, 12)
        last = date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))
    else:
        last = day + timedelta(remedy.days or 0)
    return last if days.is_working_day(last) else days.add_working_days(last, 1)
