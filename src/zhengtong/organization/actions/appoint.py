# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department, Role
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.models import Account, Appointment


@dataclass(frozen=True)
class Appoint(Action[On]):
    """Give a person a role, in a department or ("") in the whole city. Both stand in the city's files."""

    verb: ClassVar[str] = "account.appoint"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    username: str
    role: str
    department: str = ""

    def target(self, actor: Actor) -> On:
        return On(Subject("account"))

    def run(self, act: Act, target: On) -> Result:
        account = Account.objects.filter(username=self.username).first()
        if account is None:
            raise NotFound("没有这个账号", "there is no such account", found=self.username)
        if not city().has(Role, self.role):
            roles = ", ".join(city().keys(Role))
            raise BadInput("城市没有这个角色", "the city has no such role", found=self.role, expected=roles)
        if self.department and not city().has(Department, self.department):
            departments = ", ".join(city().keys(Department))
            raise BadInput(
                "城市没有这个部门", "the city has no such department", found=self.department, expected=departments
            )
        same = account.appointments.filter(role=self.role, department=self.department, ended_us=None)
        if same.exists():
            raise Conflict("此人已有这个任命", "the person holds this appointment already", found=self.role)
        row = Appointment(
            reference=uuid.uuid4().hex, account=account, role=self.role, department=self.department, begun_us=act.now_us
        )
        act.record("appointed", row, [ObjectRef("person", account.pseudonym)], {"role": self.role})
        return {"appointment": row.reference}
