# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import BadInput, Conflict, FormFaults
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.casework import CaseWork, calendar, move, open_case
from zhengtong.services.consents import stood_for
from zhengtong.services.models import Material
from zhengtong.services.published import Values
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
        Allowed("resident", Relation.AGENT),
        Allowed("clerk", Relation.OWN),
    )

    case: str
    raw: Mapping[str, str]
    materials: tuple[UploadedMaterial, ...] = ()

    def target(self, actor: Actor) -> CaseWork:
        return open_case(self.case)

    def run(self, act: Act, target: CaseWork) -> Result:
        asked, form = asked_items(target), target.form
        values = self._values(act, target, asked)
        new = self._materials(target, asked, values)
        changed = {key for key, value in values.items() if value != form.values.get(key)}
        if values == form.values and not new:
            raise Conflict("没有任何改动，尚未补正", "nothing was changed, so nothing is corrected yet")
        form.origins = {key: "corrected" if key in changed else form.origins[key] for key in values}
        form.values = values
        about = {"fields_corrected": len(changed), "materials_uploaded": len(new)}
        act.record("form_corrected", form, [target.case_ref], about)
        for material in new:
            row = Material(case=target.case, reference=uuid.uuid4().hex, **material.__dict__)
            act.record("material_recorded", row, [target.case_ref], {"key": material.key})
        move(act, target, Supplied(act.now_us))
        return {"case": self.case}

    def _values(self, act: Act, work: CaseWork, asked: frozenset[str]) -> Values:
        """The form as corrected; what a corrected answer asks for besides is taken too. Raises `FormFaults`."""
        definition, form = work.definition, work.form
        given = {key: text for key, text in self.raw.items() if key in asked or key not in form.values}
        merged = {key: str(value) for key, value in form.values.items()} | given
        today = calendar().date_of(act.now_us)
        try:
            values = definition.read_form(work.case.answers, merged, today=today)
        except FormFaults as faults:
            raise FormFaults({k: v for k, v in faults.fields.items() if k in asked} or faults.fields) from None
        if {service.key for service in definition.uses(work.case.answers, values)} != set(work.steps):
            other = BadInput(
                "这样改会改变要办的事项，请撤回后重新申请",
                "this would change which services are needed; withdraw the case and apply again",
            )
            raise FormFaults({key: other for key in asked if values.get(key) != form.values.get(key)})
        return values

    def _materials(self, work: CaseWork, asked: frozenset[str], values: Values) -> list[UploadedMaterial]:
        """Documents asked for, and those a corrected answer needs besides. Raises `FormFaults` where one is missing."""
        wanted = {ask.material.key: ask.material for ask in work.definition.uploads(work.case.answers, values)}
        held = set(work.case.materials.values_list("key", flat=True))
        new = [m for m in self.materials if m.key in wanted and (m.key in asked or m.key not in held)]
        committed = {key for status in work.state.steps.values() for key in status.commitments}
        instead = committed | stood_for(work) if work.definition.event.consents else committed
        missing = {k for k, m in wanted.items() if m.necessity == "required"} - held - {m.key for m in new} - instead
        if missing:
            raise FormFaults({key: BadInput("请上传这份材料", "please add this document") for key in sorted(missing)})
        return new


def asked_items(work: CaseWork) -> frozenset[str]:
    """The elements and materials that open requests for correction name."""
    return frozenset(
        item
        for step in work.steps.values()
        if step.state == StepState.CORRECTING
        for item in step.corrections.order_by("-id")[0].items
    )
