# SPDX-License-Identifier: Apache-2.0
"""The year of the demo: a queue of things people are about to do; each may order further ones.

What state a case is in is followed with the product's own pure rules, so that nobody tries what cannot be done, and
nothing is asked of the database in between.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.conf import settings

from zhengtong.acts.actor import Actor, Role
from zhengtong.acts.perform import Action, Bulk, bulk, now_us
from zhengtong.acts.serving import city
from zhengtong.city.definition import CodeList
from zhengtong.city.elements import Value
from zhengtong.organization.models import Account
from zhengtong.organization.persons import Person, pseudonym_of
from zhengtong.organization.queries import actor_of
from zhengtong.services.actions.submit_case import SubmitCase
from zhengtong.services.models import Case
from zhengtong.services.published import LifeEvent
from zhengtong.services.queries import life_events
from zhengtong.services.rules import flow
from zhengtong.services.rules.flow import CaseState, FlowAct, Submit
from zhengtong.services.rules.plan import Plan
from zhengtong.site.demo import agents, consents, instead, papers, steps, tickets, versions
from zhengtong.site.demo.forms import Cast, Filler
from zhengtong.site.demo.offices import MINUTE, Office, OfficeHours
from zhengtong.site.demo.seasons import Arrival, Year, arrivals
from zhengtong.site.demo.stories import Story, told_by
from zhengtong.site.registers import Place, Resident, Size, make_registers, write_registers

DAYS = 365
THINGS = 400
"""So many things people do stand in one durable transaction."""
BUSY = 0.8
"""How busy officers are in the busiest month of their department."""
EVERY = 40
"""One case in so many is one of the people who can sign in to the demo."""

Progress = Callable[[int, int], None]
Then = Callable[[int], None]


@dataclass(frozen=True)
class Simulated:
    cases: int
    acts: int
    days: int
    story: Story


@dataclass
class Running:
    """A case as the people in it know it."""

    number: str
    event: LifeEvent
    plan: Plan
    state: CaseState
    values: Mapping[str, Value]
    uploads: frozenset[str]
    applicant: Actor
    counter: bool
    submitted_us: int
    asked: dict[str, str] = field(default_factory=dict)
    """By step, what the department wants corrected."""
    arranging: set[str] = field(default_factory=set)
    """Joint visits that are about to be arranged."""
    fresh: bool = False
    """Filed with the version that a story published."""
    firm: bool = False
    """A firm's, filed by its handler."""


def simulate(
    cases: int,
    *,
    story: int | None = None,
    progress: Progress | None = None,
    days: int = DAYS,
    size: Size | None = None,
) -> Simulated:
    """Play `cases` cases of the city's life events over the last `days` days, up to now."""
    end_us = now_us()
    play = Play(cases, story, days, end_us, size or Size(max(2000, 2 * cases), max(200, cases // 3)))
    play.run(progress)
    _remember(story, end_us, days)
    return Simulated(play.done, play.acts, days, play.story)


def remembered_story(seed: int) -> Story:
    """The truth about a seed: for the year that was played, or for one played now."""
    file = settings.ZHENGTONG_STATE / "demo-story.json"
    kept = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    end_us, days = (kept["end_us"], kept["days"]) if kept.get("story") == seed else (now_us(), DAYS)
    today = city().calendar.date_of(end_us)
    return told_by(seed, life_events(), Year(city().calendar, today - timedelta(days=days), today))


def _remember(story: int | None, end_us: int, days: int) -> None:
    file = settings.ZHENGTONG_STATE / "demo-story.json"
    file.write_text(json.dumps({"story": story, "end_us": end_us, "days": days}), "utf-8")


class Play:
    def __init__(self, cases: int, story: int | None, days: int, end_us: int, size: Size) -> None:
        self.calendar, self.end_us, self.begun = city().calendar, end_us, Case.objects.count()
        self.draw = random.Random(f"demo/{story}/{self.begun}")  # noqa: S311  # a simulation, no secret
        self.events = life_events()
        self.today = self.calendar.date_of(end_us)
        self.first = self.today - timedelta(days=days)
        year = Year(self.calendar, self.first, self.today)
        self.story = told_by(story, self.events, year)
        self.arrivals = arrivals(self.draw, self.events, year, cases)
        self.hours = OfficeHours(self.calendar, self.first, self.today + timedelta(days=120))
        self.offices = self._offices()
        name = city().meta.name.zh.partition("（")[0]
        place = Place(name, city().meta.division, self._districts(), self.today)
        self.registers = make_registers(size, place)
        write_registers(self.registers, size, settings.ZHENGTONG_STATE)
        self.filler = Filler(self.draw, self.registers, self.today)
        self.known = list(Account.objects.filter(demo=True, username__in=["parent", "neighbour"]).order_by("username"))
        self.queue: list[tuple[int, int, Then]] = []
        self.order = itertools.count()
        self.acts = self.done = 0
        self.staff: dict[str, Actor] = {}
        self.handlers: dict[str, agents.Filing] = {}
        self.batch: Bulk

    def run(self, progress: Progress | None) -> None:
        self.newer = versions.publish_earlier(self.story, self.events)
        self.papers = papers.stored(
            {m.key: m.name for e in self.events for s in e.services.values() for m in s.materials}
        )
        for number, arrival in enumerate(self.arrivals):
            self.later(arrival.at_us, partial(self._submit, number, arrival))
        tickets.expect(self, len(self.arrivals))
        while self.queue and self.queue[0][0] <= self.end_us:
            with bulk() as batch:
                self.batch = batch
                for _ in range(THINGS):
                    if not self.queue or self.queue[0][0] > self.end_us:
                        break
                    at, _order, what = heapq.heappop(self.queue)
                    what(at)
            if progress:
                progress(self.done, len(self.arrivals))

    # --- time and people ------------------------------------------------------------------------------------------

    def later(self, at_us: int, what: Then) -> None:
        heapq.heappush(self.queue, (at_us, next(self.order), what))

    def do(self, action: Action[Any], actor: Actor, key: str, at_us: int) -> dict[str, Any]:
        self.acts += 1
        return self.batch.perform(action, actor, key, at_us=at_us).result

    def follow(self, case: Running, act: FlowAct, at_us: int) -> None:
        steps.follow(self, case, act, at_us)

    def ready(self, case: Running, step: str, at_us: int) -> None:
        """Nothing more has to come before the step is decided."""
        steps.worked(self, case, step, at_us)

    def day(self, at_us: int) -> date:
        return self.calendar.date_of(at_us)

    def working(self, at_us: int, days: float) -> int:
        """An instant in office hours, so many working days later."""
        return max(self.hours.instant(self.hours.minutes(at_us) + max(days, 0.02) * self.hours.day), at_us + MINUTE)

    def officer(self, department: str) -> Actor:
        return self._staff(f"officer-{department}", Role("officer", department))

    def head(self, department: str) -> Actor:
        return self._staff(f"head-{department}", Role("head", department))

    def leader(self) -> Actor:
        return self._staff("leader", Role("leader"))

    def _staff(self, username: str, role: Role) -> Actor:
        """The demo's account of this name, or somebody in its place where there is none."""
        if username not in self.staff:
            account = Account.objects.filter(username=username).first()
            fallback = hashlib.sha256(username.encode()).hexdigest()[:32]
            self.staff[username] = actor_of(account) if account else Actor(fallback, frozenset({role}))
        return self.staff[username]

    def office(self, department: str) -> Office:
        """One that nobody applies to directly still takes over what others hand to it."""
        return self.offices.setdefault(department, Office(self.hours, 1, 60.0))

    def clerk(self) -> Actor:
        account = Account.objects.filter(username="clerk").first()
        return actor_of(account) if account else Actor("0" * 32, frozenset({Role("clerk", "service-hall")}))

    def _districts(self) -> list[str]:
        lists = {one.key: list(one.names()) for one in city().all(CodeList)}
        return lists.get("district") or [city().meta.division]

    def _offices(self) -> dict[str, Office]:
        """As many officers, and looks as long, as make the busiest month of each department just manageable."""
        loads: dict[str, dict[tuple[int, int], int]] = {}
        for arrival in self.arrivals:
            day = self.day(arrival.at_us)
            for service in arrival.event.uses(arrival.answers):
                months = loads.setdefault(service.department, {})
                months[day.year, day.month] = months.get((day.year, day.month), 0) + 2
        offices = {}
        for department, months in sorted(loads.items()):
            daily = max(months.values()) / 21
            officers = max(1, min(6, round(daily / 14)))
            handling = min(90.0, BUSY * officers * self.hours.day / max(daily, 0.1))
            offices[department] = Office(self.hours, officers, handling)
        return offices

    # --- an application -------------------------------------------------------------------------------------------

    def _submit(self, number: int, arrival: Arrival, at_us: int) -> None:
        event, fresh = versions.current(self.newer, arrival.event, self.day(at_us))
        cast = self.filler.cast(event)
        actor, person = self._applicant(number, cast)
        today = self.day(at_us)
        raw = self.filler.fill(event, arrival.answers, cast, today)
        values = event.read_form(arrival.answers, raw, today=today)
        filing = None if arrival.counter else agents.somebody_else(self, cast, event.key, at_us)
        firm = filing is not None and filing.principal != actor.id
        form = instead.Filled(event, arrival.answers, values, person.identity_number, whole=firm)
        chosen = instead.choose(self, form, at_us)
        kept = {key: text for key, text in raw.items() if key in values}
        who, behalf = (self.clerk(), person) if arrival.counter else (filing.actor if filing else actor, None)
        action = SubmitCase(
            event.hash, arrival.answers, kept, tuple(self.papers[key] for key in chosen.brought), {}, behalf,
            demo=True, principal=filing.principal if filing else "", promised=chosen.promised,
            committed=chosen.committed, consents=tuple(chosen.asked),
        )  # fmt: skip
        case = str(self.do(action, who, f"demo/{self.begun}/{number}/submit", at_us)["case"])
        self.done += 1
        plan = event.plan(arrival.answers, values)
        running = Running(
            case, event, plan, flow.start(plan), values, frozenset(chosen.brought), who if firm else actor,
            arrival.counter, at_us, fresh=fresh, firm=firm,
        )  # fmt: skip
        submit = Submit(at_us, chosen.stands.tolerated, chosen.stands.committed)
        if chosen.asked:
            consents.wait(self, running, chosen.asked, submit, at_us)
        else:
            running.state, _ = flow.apply(plan, running.state, submit)
            steps.begin(self, running, at_us)

    def _applicant(self, number: int, cast: Cast) -> tuple[Actor, Person]:
        if self.known and number % EVERY == 0:
            account = self.known[number // EVERY % len(self.known)]
            own = cast.applicant
            known = Resident(
                account.identity_number, account.name, own.sex, own.born, own.household, own.relation, account.mobile
            )
            cast.roles = {role: known if one is own else one for role, one in cast.roles.items()}
            cast.applicant = known
            return actor_of(account), Person(known.name, known.id_number, known.mobile)
        one = cast.applicant
        person = Person(one.name, one.id_number, one.mobile)
        return Actor(pseudonym_of(person), frozenset({Role("resident")})), person
