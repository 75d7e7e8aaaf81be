# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import BadInput, Conflict
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import ApplicantsCase, calendar, open_case
from zhengtong.services.models import Rating
from zhengtong.services.rating_work import RatingWork, rating_file
from zhengtong.services.rules.ratings import rate


@dataclass(frozen=True)
class RateCase(Action[ApplicantsCase]):
    """好差评: the applicant rates a closed case, once. `step` names the department it concerns, else the lead's.

    A bad rating opens its repair loop in the same act.
    """

    verb: ClassVar[str] = "case.rate"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN),)

    case: str
    level: int
    aspects: tuple[str, ...] = ()
    text: str = ""
    step: str = ""

    def target(self, actor: Actor) -> ApplicantsCase:
        return ApplicantsCase(open_case(self.case))

    def run(self, act: Act, target: ApplicantsCase) -> Result:
        work = target.work
        rules = rating_file()
        if work.case.phase == "open":
            raise Conflict("办结后才能评价", "a case is rated once it is closed", found="open")
        if Rating.objects.filter(case=work.case).exists():
            raise Conflict("一次办件只评价一次", "a case is rated once", where=self.case)
        unknown = set(self.aspects) - {aspect.key for aspect in rules.aspects}
        if unknown or (self.step and self.step not in work.steps):
            found = ", ".join(sorted(unknown)) or self.step
            raise BadInput("评价的内容不在目录中", "the rating names what is not on the list", found=found)
        lead = work.definition.event.lead
        row = Rating(
            case=work.case,
            reference=uuid.uuid4().hex,
            level=self.level,
            aspects=sorted(self.aspects),
            text=self.text.strip(),
            department=work.steps[self.step].department if self.step else lead,
            rated_us=act.now_us,
        )
        RatingWork(row).set(rate(rules.compiled(), self.level, act.now_us, calendar()))
        about: dict[str, Value] = {
            "life_event": work.case.life_event,
            "level": self.level,
            "concerns": row.department,
        }
        act.record("case_rated", row, [work.case_ref], about)
        return {"case": self.case, "rating": row.reference, "state": row.state}
