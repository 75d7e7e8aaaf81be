# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import Conflict, FormFaults
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.casework import CaseWork, calendar, move, open_case
from zhengtong.services.models import Material
from zhengtong.services.rules.flow import StepState
from zhengtong.services.rules.flow import SupplyCorrection as Supplied


@dataclass(frozen=True)
class SupplyCorrection(Action[CaseWork]):
    """The applicant (or the clerk who took the case in) answers every open request for correction at once.

    `raw` holds the corrected elements; only elements and materials that were asked for may change.
    """

    verb: ClassVar[str] = "case.supply_correction"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("resident", Relation.OWN),
        Allowed("clerk", Relation.OWN),
    )

    case: str
    raw: Mapping[str, str]
    materials: tuple[UploadedMaterial, ...] = ()

    def target(self, actor: Actor) -> CaseWork:
        return open_case(self.case)

    def run(self, act: Act, target: CaseWork) -> Result:
        asked = asked_items(target)
        form, definition = target.form, target.definition
        changed = {key: text for key, text in self.raw.items() if key in asked}
        new = [material for material in self.materials if material.key in asked]
        today = calendar().date_of(act.now_us)
        merged = {key: str(value) for key, value in form.values.items()} | changed
        try:
            values = definition.read_form(target.case.answers, merged, today=today)
        except FormFaults as faults:
            raise FormFaults({k: v for k, v in faults.fields.items() if k in asked} or faults.fields) from None
        if values == form.values and not new:
            raise Conflict("没有任何改动，尚未补正", "nothing was changed, so nothing is corrected yet")
        form.origins = form.origins | {key: "corrected" for key in changed if values.get(key) != form.values.get(key)}
        form.values = values
        about = {"fields_corrected": len(changed), "materials_uploaded": len(new)}
        act.record("form_corrected", form, [target.case_ref], about)
        for material in new:
            row = Material(case=target.case, reference=uuid.uuid4().hex, **material.__dict__)
            act.record("material_recorded", row, [target.case_ref], {"key": material.key})
        target.__dict__.pop("plan", None)
        move(act, target, Supplied(act.now_us))
        return {"case": self.case}


def asked_items(work: CaseWork) -> frozenset[str]:
    """The elements and materials that open requests for correction name."""
    return frozenset(
        item
        for step in work.steps.values()
        if step.state == StepState.CORRECTING
        for item in step.corrections.order_by("-id")[0].items
    )
