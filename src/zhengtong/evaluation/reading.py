# SPDX-License-Identifier: Apache-2.0
"""What a page of the cockpit reads: the record as of a leaf, a period, and what the reader chose in the address.

Every link made here carries the chosen leaf on, so that whoever looks at an earlier state stays in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from zhengtong.acts.perform import now_us
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput, NotFound
from zhengtong.evaluation import queries
from zhengtong.evaluation.engine.snapshot import Snapshot
from zhengtong.evaluation.engine.tallies import EQUAL, Chosen
from zhengtong.services.casework import calendar
from zhengtong.services.models import Case
from zhengtong.services.published import LifeEvent
from zhengtong.services.queries import life_events

MONTHS = 12
PAGE = 50


@dataclass(frozen=True)
class Period:
    """Days of the city, both included."""

    since: date
    until: date

    @property
    def since_us(self) -> int:
        return calendar().start_of_day(self.since)

    @property
    def until_us(self) -> int:
        return calendar().start_of_day(self.until + timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def before(self) -> Period:
        """As many days, just before."""
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))


def month_of(day: date, back: int = 0) -> date:
    """The first day of the month `back` months earlier (later where negative)."""
    place = day.year * 12 + day.month - 1 - back
    return date(place // 12, place % 12 + 1, 1)


def parsed_date(text: str, name: str) -> date | None:
    """None for "". Raises `BadInput`."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("日期不正确", "this is not a date", where=name, found=text[:20], expected="2026-01-31") from None


def parsed_number(text: str, name: str, least: int, most: int) -> int | None:
    """None for "". Raises `BadInput` outside least..most."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise BadInput(
            "数字不正确", "this number is not possible", where=name, found=text[:20], expected=f"{least}–{most}"
        )
    return int(text)


class Reading:
    """Of the parameters of an address. Raises `BadInput` for those that mean nothing."""

    def __init__(self, params: QueryDict, *, days: int | None = None) -> None:
        self.params, self._days = params, days
        size = queries.record_size()
        self.as_of = parsed_number(params.get("as_of", ""), "as_of", 0, size)
        self.leaves = size if self.as_of is None else self.as_of

    def over(self, days: int) -> Reading:
        """The same, of the last `days` days where the reader chose no period."""
        return Reading(self.params, days=days)

    @cached_property
    def snapshot(self) -> Snapshot:
        return queries.snapshot(self.leaves)

    @cached_property
    def today(self) -> date:
        """Now; of an earlier state, the day of the last thing it knows."""
        if self.as_of is not None:
            (last,) = self.snapshot.one("SELECT max(time_us) FROM moments")
            if last is not None:
                return calendar().date_of(last)
        return calendar().date_of(now_us())

    @cached_property
    def period(self) -> Period:
        """What the reader chose; else the last twelve months with this one."""
        until = parsed_date(self.params.get("until", ""), "until") or self.today
        usual = until - timedelta(days=self._days - 1) if self._days else month_of(until, MONTHS - 1)
        since = parsed_date(self.params.get("since", ""), "since") or usual
        if since > until:
            raise BadInput("起始日期晚于结束日期", "the period ends before it begins", found=f"{since} – {until}")
        return Period(since, until)

    @cached_property
    def chosen(self) -> Chosen:
        """The steps the address names, in its period."""
        given = {name: self.params.get(name, "") for name in EQUAL}
        whole = Chosen(numbers=self.situation_numbers)
        return replace(whole, **given).during(self.period.since_us, self.period.until_us)  # type: ignore[arg-type]  # EQUAL are texts

    @cached_property
    def events(self) -> dict[str, LifeEvent]:
        return {event.key: event for event in life_events()}

    def event(self, key: str) -> LifeEvent:
        """Raises `NotFound`."""
        if key not in self.events:
            raise NotFound(
                "没有这件事，或尚未发布", "there is no such life event, or it is not published", found=key[:40]
            )
        return self.events[key]

    @cached_property
    def situation_numbers(self) -> frozenset[str] | None:
        """The cases in the situation `situation=question:option`. The answers stand in the case's row, not in the
        record; the row is tied to the record by its digest."""
        question, _, option = self.params.get("situation", "").partition(":")
        if not option:
            return None
        cases = Case.objects.filter(**{f"answers__{self._question(question)}": option})
        if key := self.params.get("life_event", ""):
            cases = cases.filter(life_event=key)
        return frozenset(cases.values_list("number", flat=True))

    def _question(self, key: str) -> str:
        known = {situation.key for event in self.events.values() for situation in event.event.situations}
        if key not in known:
            raise BadInput(
                "没有这个情形", "there is no such situation", found=key[:40], expected=", ".join(sorted(known))
            )
        return key

    def url(self, name: str, *args: str, **query: object) -> str:
        """An address of the cockpit, with the chosen leaf and these parameters."""
        given = {key: str(value) for key, value in query.items() if value not in (None, "")}
        if self.as_of is not None:
            given["as_of"] = str(self.as_of)
        return reverse(name, args=args) + (f"?{urlencode(given)}" if given else "")

    def steps_url(self, kind: str, period: Period | None = None, **query: object) -> str:
        """The steps behind a figure of this page: its own filters, narrowed by `query`."""
        days = period or self.period
        kept = {name: self.params.get(name, "") for name in (*sorted(EQUAL), "situation")}
        return self.url("cockpit_steps", **{**kept, "kind": kind, "since": days.since, "until": days.until, **query})

    # ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _services(self) -> Mapping[str, object]:
        return {key: service.name for event in self.events.values() for key, service in event.services.items()}

    @cached_property
    def _regimes(self) -> Mapping[str, object]:
        return {key: regime.name for event in self.events.values() for key, regime in event.regimes.items()}

    @cached_property
    def _reasons(self) -> Mapping[str, object]:
        return {key: reason.name for event in self.events.values() for key, reason in event.reasons.items()}

    def department(self, key: str) -> object:
        """A department as people call it; one the city knows no more by its key, none as a dash."""
        if not key or not city().has(Department, key):
            return key or "–"
        found = city().get(Department, key)
        return found.short or found.name

    def service(self, key: str) -> object:
        return self._services.get(key, key)

    def regime(self, key: str) -> object:
        return self._regimes.get(key, key or "–")

    def reason(self, key: str) -> object:
        return self._reasons.get(key, key or "–")

    def life_event(self, key: str) -> object:
        return self.events[key].event.name if key in self.events else key
