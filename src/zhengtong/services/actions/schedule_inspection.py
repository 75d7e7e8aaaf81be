# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import BadInput, FormFaults, NotFound
from zhengtong.services.casework import CaseWork, calendar, move, open_case
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.models import Inspection
from zhengtong.services.notices import order_notice
from zhengtong.services.rules.flow import ScheduleInspection as Scheduled
from zhengtong.services.special_files import InspectionFile

LONGEST_PLACE = 200


@dataclass
class Visit:
    """A joint inspection of a case: its lead department's to arrange."""

    work: CaseWork
    file: InspectionFile

    @property
    def subject(self) -> Subject:
        return replace(self.work.subject, departments=frozenset({self.file.lead}))


@dataclass(frozen=True)
class ScheduleInspection(Action[Visit]):
    """一同勘验: one appointment for all departments that share the visit, told to the applicant by notice.

    Where a regime excludes the time of an inspection, the step's clock stands still until its department records what
    it found, and the notice the law wants for excluded time goes out too.
    """

    verb: ClassVar[str] = "inspection.schedule"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    case: str
    inspection: str
    when_us: int
    place: str

    def target(self, actor: Actor) -> Visit:
        work = open_case(self.case)
        for visit in work.definition.event.inspections:
            if visit.key == self.inspection:
                return Visit(work, visit)
        raise NotFound("这件事没有这次勘验", "the life event has no such inspection", found=self.inspection)

    def run(self, act: Act, target: Visit) -> Result:
        place = self._checked(act.now_us)
        work = target.work
        act.department = target.file.lead
        today, day = calendar().date_of(act.now_us), calendar().date_of(self.when_us)
        days = calendar().working_days_between(today, day)
        happened = move(act, work, Scheduled(self.inspection, act.now_us, days))
        row = Inspection(
            case=work.case, reference=uuid.uuid4().hex, key=self.inspection, when_us=self.when_us, place=place
        )
        act.record("inspection_arranged", row, [work.case_ref], {"key": self.inspection, "when_us": self.when_us})
        sharing = [work.steps[key] for key in work.steps if key in target.file.services]
        lead = next((step for step in sharing if step.department == target.file.lead), sharing[0])
        order_notice(act, work, NoticeKind.INSPECT, lead.key)
        for what in happened:
            if what.type == "step_paused":
                order_notice(act, work, NoticeKind.EXCLUDE, what.step)
        return {"case": self.case, "inspection": self.inspection}

    def _checked(self, now_us: int) -> str:
        faults: dict[str, BadInput] = {}
        place = self.place.strip()
        if not 1 <= len(place) <= LONGEST_PLACE:
            faults["place"] = BadInput("请写明勘验地点", "say where the inspection takes place")
        if self.when_us <= now_us:
            faults["when"] = BadInput("勘验时间须在今后", "an inspection lies in the future")
        if faults:
            raise FormFaults(faults)
        return place
