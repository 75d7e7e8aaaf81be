# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import Conflict, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.models import Absence


@dataclass
class AbsenceRow:
    row: Absence

    @property
    def subject(self) -> Subject:
        absent, substitute = self.row.appointment, self.row.substitute
        owners = frozenset({absent.account.pseudonym, substitute.account.pseudonym})
        return Subject("absence", self.row.reference, owners=owners, departments=frozenset({absent.department}))


@dataclass(frozen=True)
class EndAbsence(Action[AbsenceRow]):
    """The officer is back, or the substitute or the head ends it. At once; what was done meanwhile stays done."""

    verb: ClassVar[str] = "absence.end"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("officer", Relation.OWN),
        Allowed("head", Relation.DEPARTMENT),
    )

    absence: str

    def target(self, actor: Actor) -> AbsenceRow:
        rows = Absence.objects.select_for_update(of=("self",)).filter(reference=self.absence)
        row = rows.select_related("appointment__account", "substitute__account").first()
        if row is None:
            raise NotFound("没有这条不在岗登记", "there is no such absence", found=self.absence[:40])
        return AbsenceRow(row)

    def run(self, act: Act, target: AbsenceRow) -> Result:
        row = target.row
        if row.ended_us is not None or row.until_us < act.now_us:
            raise Conflict("这次不在岗已经结束", "this absence is over already")
        row.ended_us, row.ended_by = act.now_us, act.actor.id
        act.department = row.appointment.department
        people = [
            ObjectRef("person", row.appointment.account.pseudonym, "absent"),
            ObjectRef("person", row.substitute.account.pseudonym, "substitute"),
        ]
        act.record("absence_ended", row, people)
        return {"absence": row.reference}
