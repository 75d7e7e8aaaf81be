# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.models import Appointment


@dataclass(frozen=True)
class EndAppointment(Action[On]):
    """Take a role back. It takes effect with the person's next request; what was done before stays done."""

    verb: ClassVar[str] = "account.end_appointment"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    username: str
    role: str
    department: str = ""

    def target(self, actor: Actor) -> On:
        return On(Subject("account"))

    def run(self, act: Act, target: On) -> Result:
        held = Appointment.objects.select_for_update().filter(
            account__username=self.username, role=self.role, department=self.department, ended_us=None
        )
        row = held.first()
        if row is None:
            raise NotFound("此人没有这个任命", "the person holds no such appointment", found=self.role)
        row.ended_us = act.now_us
        act.record("appointment_ended", row, [ObjectRef("person", row.account.pseudonym)], {"role": self.role})
        return {"appointment": row.reference}
