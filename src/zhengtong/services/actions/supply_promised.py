# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import BadInput
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.casework import CaseWork, move, open_case
from zhengtong.services.models import Material
from zhengtong.services.rules.flow import SupplyPromised as Supplied


@dataclass(frozen=True)
class SupplyPromised(Action[CaseWork]):
    """补交容缺材料: the applicant brings what he promised for later, all of it or some."""

    verb: ClassVar[str] = "case.supply_promised"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN), Allowed("clerk", Relation.OWN))

    case: str
    materials: tuple[UploadedMaterial, ...]

    def target(self, actor: Actor) -> CaseWork:
        return open_case(self.case)

    def run(self, act: Act, target: CaseWork) -> Result:
        if not self.materials:
            raise BadInput("请至少上传一份容缺材料", "add at least one of the promised documents")
        move(act, target, Supplied(act.now_us, frozenset(material.key for material in self.materials)))
        for material in self.materials:
            row = Material(case=target.case, reference=uuid.uuid4().hex, **material.__dict__)
            act.record("material_recorded", row, [target.case_ref], {"key": material.key})
        return {"case": self.case}


def promised_materials(work: CaseWork) -> dict[str, int]:
    """The documents promised and not supplied yet, each with the end of its promise in µs."""
    dues: dict[str, int] = {}
    for status in work.state.steps.values():
        for key, fact in status.promised.items():
            dues[key] = min(fact.due_us, dues.get(key, fact.due_us))
    return dues
