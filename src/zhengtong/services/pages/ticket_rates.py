# SPDX-License-Identifier: Apache-2.0
"""响应率、解决率、满意率 and replies in time, by department, each opening to the tickets that failed it."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.perform import now_us
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput
from zhengtong.services.casework import calendar
from zhengtong.services.models import Ticket
from zhengtong.services.pages.ticket_words import category_name, state_of, urgency_of
from zhengtong.services.ticket_queries import Measured, measured
from zhengtong.ui.pages import page, route

FAILED = {
    "late": _lazy("replied late"),
    "contacted": _lazy("person not contacted"),
    "solved": _lazy("not solved"),
    "satisfied": _lazy("not satisfied"),
}


@route(permission="ticket.measure")
def rates(request: HttpRequest) -> HttpResponse:
    since, until = _period(request)
    found = measured(calendar().start_of_day(since), calendar().end_of_day(until) + 1)
    departments = [d for d in city().all(Department) if d.key in found]
    rows: list[tuple[str, object, Measured]] = [("", _("Whole city"), found[""])] if "" in found else []
    rows += [(d.key, d.name, found[d.key]) for d in departments]
    failed, department = request.GET.get("failed", ""), request.GET.get("department", "")
    context = {
        "since": since,
        "until": until,
        "rows": [(key, name, one, _shares(one)) for key, name, one in rows],
        "failed": _failing(failed, department, found) if failed else None,
        "failed_word": FAILED.get(failed, ""),
    }
    return page(request, "services/ticket_rates.html", context)


def _shares(one: Measured) -> dict[str, float | None]:
    return {part: one.rates.share(part) for part in ("contacted", "solved", "satisfied")}


def _failing(failed: str, department: str, found: dict[str, Measured]) -> list[tuple[object, ...]]:
    if failed not in FAILED:
        raise BadInput("没有这项指标", "there is no such measure", found=failed[:40], expected=", ".join(FAILED))
    numbers = found[department].tickets[failed] if department in found else set()
    now = now_us()
    tickets = Ticket.objects.filter(number__in=numbers).order_by("-number")
    return [(row, category_name(row), urgency_of(row, now), state_of(row)) for row in tickets]


def _period(request: HttpRequest) -> tuple[date, date]:
    """The asked days, inclusive; the last ninety days by default. Raises `BadInput`."""
    today = calendar().date_of(now_us())
    days = []
    for name, usual in (("since", today - timedelta(days=90)), ("until", today)):
        given = request.GET.get(name, "")
        try:
            days.append(date.fromisoformat(given) if given else usual)
        except ValueError:
            raise BadInput("日期无法读取", "the date cannot be read", where=name, found=given[:20]) from None
    if days[0] > days[1]:
        raise BadInput("开始日期晚于结束日期", "the period ends before it begins", found=f"{days[0]} – {days[1]}")
    return days[0], days[1]
