# SPDX-License-Identifier: Apache-2.0
"""Forms as people of the registers would fill them in: their own names and numbers, and those of their families."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from zhengtong.city.definition import Element
from zhengtong.services.published import LifeEvent
from zhengtong.site.registers import GIVEN, Company, Household, Registers, Resident

AGES: Mapping[str, tuple[int, int]] = {
    "mother": (21, 42), "student": (6, 13), "deceased": (60, 120), "employee": (18, 58), "father": (21, 50),
}  # fmt: skip
"""Who can be what on a form; everybody else is an adult."""
STAGES: Mapping[str, tuple[int, int]] = {"old-age": (55, 120), "birth": (21, 45)}
ADULT = (18, 75)


@dataclass
class Cast:
    """Who stands on one form: the applicant, and whoever else its questions are about."""

    applicant: Resident
    company: Company | None
    roles: dict[str, Resident] = field(default_factory=dict)


class Filler:
    def __init__(self, draw: random.Random, registers: Registers, on: date) -> None:
        self.draw, self.registers = draw, registers
        self.people = list(registers.people.values())
        self.by_age = {span: self._aged(span, on) for span in {*AGES.values(), *STAGES.values(), ADULT}}
        self.couples = [p for p in self.by_age[AGES["mother"]] if p.sex == "2" and self._spouse(p)]
        self.pupils = [p for p in self.by_age[AGES["student"]] if self._parent(p)]

    def _aged(self, span: tuple[int, int], on: date) -> list[Resident]:
        found = [p for p in self.people if span[0] <= p.age(on) <= span[1]]
        return found or self.people

    def _spouse(self, person: Resident) -> Resident | None:
        adults = [
            p for p in self.registers.members(person.household) if p.relation in {"head", "spouse"} and p != person
        ]
        return adults[0] if adults else None

    def _parent(self, child: Resident) -> Resident | None:
        return next((p for p in self.registers.members(child.household) if p.relation == "head"), None)

    def cast(self, event: LifeEvent) -> Cast:
        """Who applies, and for whom."""
        if event.event.audience == "business" and self.registers.companies:
            company = self.draw.choice(self.registers.companies)
            owner = self.registers.people[company.legal_person]
            return Cast(owner, company, {"legal_person": owner})
        roles = {key.rsplit("_", 1)[0] for key in event.elements if key.endswith(("_name", "_id"))}
        if "mother" in roles and self.couples:
            mother = self.draw.choice(self.couples)
            return Cast(mother, None, {"mother": mother, "father": self._spouse(mother) or mother})
        if "student" in roles and self.pupils:
            pupil = self.draw.choice(self.pupils)
            return Cast(self._parent(pupil) or pupil, None, {"student": pupil})
        return Cast(self.draw.choice(self.by_age[STAGES.get(event.event.stage, ADULT)]), None)

    def household(self, person: Resident) -> Household:
        return self.registers.households[person.household]

    def fill(self, event: LifeEvent, answers: Mapping[str, str], cast: Cast, today: date) -> dict[str, str]:
        """Every element of the situation, whether or not an answer makes it needless: the form drops those."""
        return {
            asked.element.key: self._answer(asked.element, list(asked.codes), cast, today)
            for asked in event.fields(answers, {})
        }

    def another_name(self, name: str) -> str:
        """What the name should have been."""
        return name[0] + "".join(self.draw.sample([c for c in GIVEN if c not in name], 2))

    def _who(self, key: str, cast: Cast) -> Resident:
        role = key.rsplit("_", 1)[0]
        if role not in cast.roles:
            known = role in AGES
            cast.roles[role] = self.draw.choice(self.by_age[AGES[role]]) if known else cast.applicant
        return cast.roles[role]

    def _answer(self, element: Element, codes: Sequence[str], cast: Cast, today: date) -> str:
        """An answer of the element's type; of the registers where they know it."""
        home, company = self.household(cast.applicant), cast.company
        match element.type:
            case "code":
                return home.district if home.district in codes else self.draw.choice(codes)
            case "id_card":
                return self._who(element.key, cast).id_number
            case "mobile":
                return cast.applicant.mobile or "13800001000"
            case "date":
                return self._date(element, today).isoformat()
            case "integer":
                low = element.minimum or 0
                return str(self.draw.randint(low, min(element.maximum or 500, max(500, low + 5))))
            case "uscc":
                return company.credit_code if company else self.draw.choice(self.registers.companies).credit_code
            case "address":
                return company.address if company and not element.personal else home.address
            case "boolean":
                return "true"
            case "postal_code":
                return "999900"
            case _:
                return self._text(element, cast)

    def _date(self, element: Element, today: date) -> date:
        day = today - timedelta(days=self.draw.randint(2, 40))
        return max(day, element.earliest) if element.earliest else day

    def _text(self, element: Element, cast: Cast) -> str:
        if cast.company and element.key == "business_name":
            return cast.company.name
        if element.key == "child_name":  # who has just been born stands in no register yet
            return cast.roles.get("father", cast.applicant).name[0] + "".join(self.draw.sample(GIVEN, 2))
        if element.personal and element.key.endswith("_name"):
            return self._who(element.key, cast).name
        return element.example or (cast.company.name if cast.company else cast.applicant.name)
