# SPDX-License-Identifier: Apache-2.0
"""Demo activity: residents and officers act through the real actions under a simulated clock.

`time_us` of its events is simulated, `recorded_us` is real, every case is marked as demo. A story places a cause at a
random time in a random department; it changes only how people behave. The product is not told.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.acts.perform import Action, Bulk, bulk, now_us
from zhengtong.acts.serving import city
from zhengtong.city.definition import Element
from zhengtong.city.identifiers import id_check_character, uscc_check_character
from zhengtong.organization.models import Account
from zhengtong.organization.persons import Person, pseudonym_of
from zhengtong.organization.queries import actor_of
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.call_back_rating import CallBackRating
from zhengtong.services.actions.check_rating import CheckRating
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.rate_case import RateCase
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.repair_rating import RepairRating
from zhengtong.services.actions.submit_case import SubmitCase, UploadedMaterial
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case, Step
from zhengtong.services.published import LifeEvent
from zhengtong.services.queries import life_events
from zhengtong.services.rules.flow import FINAL

HOUR = 3_600_000_000
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "安宁知夏明远思齐若溪子墨清和书瑶景行嘉禾一诺雨桐云舒承泽"
OWN = ("mother", "applicant", "legal_person")
STORIES = ("slow_department", "many_corrections", "staff_away")


@dataclass(frozen=True)
class Story:
    """What happens behind the scenes: from `start` on, `department` behaves otherwise."""

    kind: str
    department: str
    start: date

    def delay(self, department: str, day: date) -> float:
        """By how much work takes longer there and then."""
        if department != self.department or day < self.start:
            return 1.0
        return {"slow_department": 3.5, "staff_away": 2.5}.get(self.kind, 1.0)

    def corrections(self, department: str, day: date, usual: float) -> float:
        struck = self.kind == "many_corrections" and department == self.department and day >= self.start
        return 0.7 if struck else usual


@dataclass(frozen=True)
class Simulated:
    cases: int
    acts: int
    days: int


Progress = Callable[[int, int], None]


def simulate(cases: int, *, story: int | None = None, progress: Progress | None = None, days: int = 240) -> Simulated:
    """Play `cases` cases of the city's life events over the last `days` days, up to now."""
    return _Simulation(cases, story, days, progress).run()


class _Simulation:
    """A queue of things people are about to do; each may order further ones."""

    def __init__(self, cases: int, story: int | None, days: int, progress: Progress | None) -> None:
        self.random = random.Random(story if story is not None else 2026)  # noqa: S311  # a simulation, no secret
        self.calendar = city().calendar
        self.events = life_events()
        self.of: dict[str, LifeEvent] = {}
        self.end_us = now_us()
        self.today = self.calendar.date_of(self.end_us)
        self.first = self.today - timedelta(days=days)
        self.cases, self.days, self.progress = cases, days, progress
        self.begun = Case.objects.count()
        own = [service for service in self.events[0].services.values() if not service.external]
        departments = sorted({service.department for service in own})
        self.story = None
        if story is not None:
            start = self.today - timedelta(days=self.random.randint(25, max(26, days // 3)))
            self.story = Story(self.random.choice(STORIES), self.random.choice(departments), start)
        self.queue: list[tuple[int, int, Callable[[int], None]]] = []
        self.order = itertools.count()
        self.acts = self.done = 0
        self.officers: dict[str, Actor] = {}
        # The first of the city's life events is the busiest; the others share the rest.
        self.weights = [3, *[1] * (len(self.events) - 1)]
        self.people = list(Account.objects.filter(demo=True, username__in=["parent", "neighbour"]))

    def run(self) -> Simulated:
        for number in range(self.cases):
            day = self.first + timedelta(days=self.random.randint(0, self.days - 1))
            at = self.calendar.start_of_day(day) + int(self.random.uniform(7, 22) * HOUR)
            self._later(at, partial(self._submit, number))
        while self.queue and self.queue[0][0] <= self.end_us:
            with bulk() as batch:  # a simulated day's work in one durable transaction
                self.batch: Bulk = batch
                for _ in range(200):
                    if not self.queue or self.queue[0][0] > self.end_us:
                        break
                    at, _order, what = heapq.heappop(self.queue)
                    what(at)
            if self.progress:
                self.progress(self.done, self.cases)
        return Simulated(self.done, self.acts, self.days)

    def _later(self, at_us: int, what: Callable[[int], None]) -> None:
        heapq.heappush(self.queue, (at_us, next(self.order), what))

    def _do(self, action: Action[Any], actor: Actor, key: str, at_us: int) -> dict[str, object]:
        self.acts += 1
        return self.batch.perform(action, actor, key, at_us=at_us).result

    def _working(self, at_us: int, days: float) -> int:
        """An instant in working hours about `days` working days later."""
        whole = int(days)
        today = self.calendar.date_of(at_us)
        after_hours = at_us >= self.calendar.start_of_day(today) + 16 * HOUR
        day = self.calendar.add_working_days(today, whole + after_hours)
        if not self.calendar.is_working_day(day):
            day = self.calendar.add_working_days(day, 1)
        moment = self.calendar.start_of_day(day) + int(
            (9 + 8 * ((days - whole + self.random.random() * 0.3) % 1)) * HOUR
        )
        return max(moment, at_us + HOUR // 6)

    def _officer(self, department: str) -> Actor:
        if department not in self.officers:
            account = Account.objects.filter(username=f"officer-{department}").first()
            found = actor_of(account) if account else None
            fallback = Actor(
                hashlib.sha256(department.encode()).hexdigest()[:32], frozenset({Role("officer", department)})
            )
            self.officers[department] = found or fallback
        return self.officers[department]

    def _pace(self, department: str, at_us: int, usual: float) -> float:
        factor = self.story.delay(department, self.calendar.date_of(at_us)) if self.story else 1.0
        return self.random.lognormvariate(0, 0.45) * usual * factor

    def _person(self, number: int) -> tuple[Actor, Person]:
        if self.people and number % 40 == 0:
            account = self.people[number // 40 % len(self.people)]
            return actor_of(account), Person(account.name, account.identity_number, account.mobile)
        person = Person(self._name(), self._number(1985, 2002), f"139{self.random.randint(0, 99999999):08d}")
        return Actor(pseudonym_of(person), frozenset({Role("resident")})), person

    def _name(self) -> str:
        return self.random.choice(SURNAMES) + "".join(self.random.sample(GIVEN, 2))

    def _number(self, since: int, until: int) -> str:
        born = date(self.random.randint(since, until), self.random.randint(1, 12), self.random.randint(1, 28))
        body = f"999900{born:%Y%m%d}{self.random.randint(0, 999):03d}"
        return body + id_check_character(body)

    def _submit(self, number: int, at_us: int) -> None:
        actor, person = self._person(number)
        event = self.random.choices(self.events, self.weights)[0]
        answers = {s.key: self._usual([option.key for option in s.options]) for s in event.event.situations}
        raw = self._fill(event, answers, person, at_us)
        values = event.read_form(answers, raw, today=self.calendar.date_of(at_us))
        wanted = [ask.material.key for ask in event.uploads(answers, values)]
        materials = tuple(self._material(key, number) for key in wanted)
        at_counter = self.random.random() < 0.12
        who, behalf = (self._clerk(), person) if at_counter else (actor, None)
        action = SubmitCase(event.hash, answers, raw, materials, {}, behalf, demo=True)
        case = str(self._do(action, who, f"demo/{self.begun}/{number}/submit", at_us)["case"])
        self.done += 1
        self.of[case] = event
        if self.random.random() < 0.02:
            self._later(self._working(at_us, 1), lambda now: self._withdraw(case, actor, now))
        for step in Step.objects.filter(case__number=case, state="pending"):
            self._receive(case, step.key, step.department, at_us)

    def _usual(self, options: list[str]) -> str:
        """Mostly the first option, as life goes."""
        return options[0] if self.random.random() < 0.9 else self.random.choice(options[1:])

    def _fill(self, event: LifeEvent, answers: dict[str, str], person: Person, at_us: int) -> dict[str, str]:
        """The form as a person would fill it in: every element the situation asks for."""
        raw: dict[str, str] = {}
        for form_field in event.fields(answers, {}):
            element = form_field.element
            raw[element.key] = self._answer(element, list(form_field.codes), person, at_us)
        asked = {f.element.key for f in event.fields(answers, _words(event, raw)) if f.asked}
        return {key: text for key, text in raw.items() if key in asked}

    def _answer(self, element: Element, codes: list[str], person: Person, at_us: int) -> str:
        """An answer of the element's type; the applicant's own name, number and telephone where they fit."""
        match element.type:
            case "code":
                return self.random.choice(codes)
            case "id_card":
                return person.identity_number if element.key.startswith(OWN) else self._number(1980, 2000)
            case "mobile":
                return person.mobile or "13800001000"
            case "date":
                return (self.calendar.date_of(at_us) - timedelta(days=self.random.randint(3, 40))).isoformat()
            case "integer":
                low = element.minimum or 0
                return str(self.random.randint(low, min(element.maximum or 500, max(500, low + 5))))
            case "uscc":
                body = f"91{city().meta.division}MA{self.random.randint(0, 9999999):07d}"
                return body + uscc_check_character(body)
            case "address":
                return f"明川市莲塘街道 {self.random.randint(1, 400)} 号"
            case "boolean":
                return "true"
            case _ if element.key.endswith("_name") and element.personal:
                return person.name if element.key.startswith(OWN) else self._name()
            case _:
                return element.example or f"{self._name()}小店"

    def _clerk(self) -> Actor:
        account = Account.objects.filter(username="clerk").first()
        return actor_of(account) if account else Actor("0" * 32, frozenset({Role("clerk", "service-hall")}))

    def _material(self, key: str, number: int) -> UploadedMaterial:
        digest = hashlib.sha256(f"{self.begun}/{number}/{key}".encode()).hexdigest()
        return UploadedMaterial(key, digest, "application/pdf", 120_000 + number, f"{key}.pdf")

    def _open(self, case: str, step: str) -> bool:
        return Step.objects.get(case__number=case, key=step).state not in FINAL

    def _withdraw(self, case: str, actor: Actor, now: int) -> None:
        if Case.objects.get(number=case).phase == "open":
            self._do(WithdrawCase(case), actor, f"demo/{case}/withdraw", now)

    def _receive(self, case: str, step: str, department: str, at_us: int) -> None:
        if self.of[case].services[step].external:
            self._later(at_us + HOUR // 60, lambda now: self._external_accept(case, step, now))
            return
        usual = 0.08
        if self.story:
            usual = self.story.corrections(department, self.calendar.date_of(at_us), usual)
        ask = self.random.random() < usual
        at = self._working(at_us, self._pace(department, at_us, 0.4))
        self._later(
            at, lambda now: self._ask(case, step, department, now) if ask else self._accept(case, step, department, now)
        )

    def _ask(self, case: str, step: str, department: str, now: int) -> None:
        if not self._open(case, step):
            return
        officer = self._officer(department)
        item = self._correctable(case, step)
        action = AskCorrection(case, step, (item,), "填写内容与证件不一致，请核对后更正。")
        self._do(action, officer, f"demo/{case}/{step}/ask", now)
        self._later(
            self._working(now, self.random.uniform(0.5, 3)), lambda at: self._correct(case, step, department, at)
        )

    def _correctable(self, case: str, step: str) -> str:
        """The first name on the step's form: what is most often written wrongly."""
        return next(key for key in self.of[case].services[step].elements if key.endswith("_name"))

    def _correct(self, case: str, step: str, department: str, now: int) -> None:
        if not self._open(case, step):
            return
        row = Case.objects.get(number=case)
        applicant = Actor(row.applicant, frozenset({Role("resident")}))
        item = self._correctable(case, step)
        text = self._name() if item.endswith("_name") else f"明川市莲塘街道 {self.random.randint(1, 400)} 号"
        action = SupplyCorrection(case, {item: text})
        if row.steps.filter(state="correcting").exists():
            self._do(action, applicant, f"demo/{case}/{step}/correct", now)
        at = self._working(now, self._pace(department, now, 0.4))
        self._later(at, lambda later: self._accept(case, step, department, later))

    def _accept(self, case: str, step: str, department: str, now: int) -> None:
        state = Step.objects.get(case__number=case, key=step).state
        if state == "correcting":  # another department's correction is still open; look again tomorrow
            self._later(self._working(now, 1), lambda at: self._accept(case, step, department, at))
        elif state == "pending":
            self._do(AcceptStep(case, step), self._officer(department), f"demo/{case}/{step}/accept", now)
            promised = self.of[case].services[step].promised.days
            at = self._working(now, self._pace(department, now, promised / 3))
            self._later(at, lambda later: self._decide(case, step, department, later))

    def _decide(self, case: str, step: str, department: str, now: int) -> None:
        if not self._open(case, step):
            return
        granted = self.random.random() > 0.02
        action = DecideStep(
            case, step, granted, "" if granted else "conditions-not-met", "" if granted else "材料与事实不符。"
        )
        self._do(action, self._officer(department), f"demo/{case}/{step}/decide", now)
        if granted:
            self._follow(case, step, now)
        self._perhaps_rate(case, now)

    def _follow(self, case: str, step: str, now: int) -> None:
        """The steps that began with this one's output."""
        services = self.of[case].services
        output = services[step].output.key
        for row in Step.objects.filter(case__number=case, state="pending"):
            if any(material.output == output for material in services[row.key].materials):
                self._receive(case, row.key, row.department, now)

    def _external_accept(self, case: str, step: str, now: int) -> None:
        if self._open(case, step):
            self._do(RecordExternalAcceptance(case, step), SYSTEM, f"accepted/{case}.{step}", now)
            at = now + int(self.random.lognormvariate(0, 0.5) * 26 * HOUR)
            self._later(at, lambda later: self._external_decide(case, step, later))

    def _external_decide(self, case: str, step: str, now: int) -> None:
        if self._open(case, step):
            number = hashlib.sha256(case.encode()).hexdigest()[:10].upper()
            self._do(RecordExternalDecision(case, step, True, f"C-{number}"), SYSTEM, f"decided/{case}.{step}", now)
            self._perhaps_rate(case, now)

    def _perhaps_rate(self, case: str, now: int) -> None:
        """A third of those whose case closed say how it was; who waited longer likes it less."""
        row = Case.objects.get(number=case)
        if row.phase in {"open", "withdrawn"} or self.random.random() > 0.35:
            return
        start, end = (self.calendar.date_of(at) for at in (row.submitted_us, now))
        waited = self.calendar.working_days_between(start, end)
        level = max(1, min(5, round(self.random.gauss(5.0 - 0.2 * waited, 1.1))))
        self._later(self._working(now, self.random.uniform(0, 3)), partial(self._rate, case, row.applicant, level))

    def _rate(self, case: str, applicant: str, level: int, now: int) -> None:
        actor = Actor(applicant, frozenset({Role("resident")}))
        text = "等了好几天没有消息。" if level <= 2 else ""
        done = self._do(RateCase(case, level, (), text), actor, f"demo/{case}/rate", now)
        if done["state"] == "to_check":
            officer = self._officer(self.of[case].event.lead)
            self._later(self._working(now, 0.6), partial(self._check_rating, str(done["rating"]), officer))

    def _check_rating(self, rating: str, officer: Actor, now: int) -> None:
        upheld = self.random.random() < 0.7
        self._do(CheckRating(rating, upheld, "已向承办部门核实。"), officer, f"demo/{rating}/check", now)
        if upheld:
            self._later(self._working(now, self.random.uniform(1, 12)), partial(self._repair_rating, rating, officer))

    def _repair_rating(self, rating: str, officer: Actor, now: int) -> None:
        self._do(RepairRating(rating, "已督促承办部门改进，并向申请人说明。"), officer, f"demo/{rating}/repair", now)
        self._later(self._working(now, 1), partial(self._call_back, rating, officer))

    def _call_back(self, rating: str, officer: Actor, now: int) -> None:
        self._do(CallBackRating(rating, True), officer, f"demo/{rating}/call-back", now)


def _words(event: LifeEvent, raw: dict[str, str]) -> dict[str, str | int | bool]:
    """What was filled in, as far as it is words: the form's conditions hang on these."""
    return {key: text for key, text in raw.items() if event.variables.get(key) == "string"}
