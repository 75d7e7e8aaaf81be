# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.city.identifiers import read_uscc
from zhengtong.errors import BadInput, Conflict
from zhengtong.organization.firms import give_representative
from zhengtong.organization.models import Firm
from zhengtong.organization.persons import Person

LONGEST_NAME = 200


@dataclass(frozen=True)
class RegisterFirm(Action[On]):
    """Enter a firm after its licence and representative's identity were seen; `paper` is the scanned licence's hash.

    The record keeps the firm's pseudonym; name and code stay in its row.
    """

    verb: ClassVar[str] = "firm.register"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("clerk", Relation.ANY), Allowed("system", Relation.ANY))

    name: str
    code: str
    representative: Person
    paper: str = ""

    def target(self, actor: Actor) -> On:
        return On(Subject("firm"))

    def run(self, act: Act, target: On) -> Result:
        code, name = read_uscc(self.code), self.name.strip()
        if not name or len(name) > LONGEST_NAME:
            raise BadInput("请填写企业名称", "enter the firm's name", where="name", expected=f"1–{LONGEST_NAME}")
        if Firm.objects.filter(code=code).exists():
            raise Conflict("这家企业已经登记", "this firm is registered already", found=code)
        firm = Firm(name=name, code=code, registered_us=act.now_us)
        act.record("firm_registered", firm)
        mandate = give_representative(act, firm, self.representative, self.paper)
        return {"firm": firm.pseudonym, "mandate": mandate.reference}
