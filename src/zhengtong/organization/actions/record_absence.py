# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.acts.serving import city
from zhengtong.errors import BadInput, Conflict, FormFaults, NotFound, ZhengtongError
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.absences import appointed_officers, overlapping
from zhengtong.organization.models import Absence, Appointment


@dataclass
class AppointmentRow:
    row: Appointment

    @property
    def subject(self) -> Subject:
        owners, departments = frozenset({self.row.account.pseudonym}), frozenset({self.row.department})
        return Subject("appointment", self.row.reference, owners=owners, departments=departments)


@dataclass(frozen=True)
class RecordAbsence(Action[AppointmentRow]):
    """An officer is away from the day `first` to the day `last`, both whole; meanwhile `substitute` acts for him.

    `appointment` and `substitute` are references of appointments as officers, of one department or of two.
    """

    verb: ClassVar[str] = "absence.record"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("officer", Relation.OWN),
        Allowed("head", Relation.DEPARTMENT),
    )

    appointment: str
    substitute: str
    first: date
    last: date

    def target(self, actor: Actor) -> AppointmentRow:
        # the lock lets two absences recorded at once see each other
        row = appointed_officers().select_for_update(of=("self",)).filter(reference=self.appointment).first()
        if row is None:
            raise NotFound("没有这名经办人员", "there is no such officer", found=self.appointment[:40] or None)
        return AppointmentRow(row)

    def run(self, act: Act, target: AppointmentRow) -> Result:
        row = target.row
        substitute = self._checked(act, row)
        days = city().calendar
        begun_us, until_us = days.start_of_day(self.first), days.end_of_day(self.last)
        if overlapping([row.pk], begun_us, until_us).exists():
            raise Conflict(
                "这段时间已登记不在岗，请先结束原来的登记",
                "an absence is recorded for part of this time; end that one first",
            )
        theirs = substitute.account.appointments.values_list("pk", flat=True)
        if overlapping(theirs, begun_us, until_us).exists():
            raise Conflict("代办人员在这段时间也不在岗", "the substitute is away himself in this time")
        absence = Absence(
            reference=uuid.uuid4().hex, appointment=row, substitute=substitute, begun_us=begun_us, until_us=until_us
        )
        people = [
            ObjectRef("person", row.account.pseudonym, "absent"),
            ObjectRef("person", substitute.account.pseudonym, "substitute"),
        ]
        act.department = row.department
        act.record("absence_recorded", absence, people, {"department": row.department})
        return {"absence": absence.reference}

    def _checked(self, act: Act, row: Appointment) -> Appointment:
        """The substitute's appointment. Raises `FormFaults`, all of them at once."""
        today, faults = city().calendar.date_of(act.now_us), dict[str, ZhengtongError]()
        if self.first < today:
            zh, en = "不在岗应从今天或以后开始", "an absence begins today or later"
            faults["first"] = BadInput(zh, en, found=f"{self.first:%Y-%m-%d}", expected=f"≥ {today:%Y-%m-%d}")
        if self.last < self.first:
            zh, en = "最后一天不能早于第一天", "the last day cannot lie before the first"
            faults["last"] = BadInput(zh, en, found=f"{self.last:%Y-%m-%d}", expected=f"≥ {self.first:%Y-%m-%d}")
        substitute = appointed_officers().filter(reference=self.substitute).first()
        if substitute is None:
            faults["substitute"] = BadInput("请选择一名在岗的经办人员", "choose an officer who is there to stand in")
        elif substitute.account_id == row.account_id:
            faults["substitute"] = BadInput("不能由本人代办", "nobody stands in for himself")
        if faults or substitute is None:
            raise FormFaults(faults)
        return substitute
