# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import BadInput, Conflict
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.consents import REPLACEABLE, ConsentWork, begin_if_settled, begun, open_consent, record, require
from zhengtong.services.models import Material


@dataclass(frozen=True)
class ReplaceConsent(Action[ConsentWork]):
    """The applicant brings the document after all, instead of waiting for the consent or because it was not given."""

    verb: ClassVar[str] = "consent.replace"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN), Allowed("resident", Relation.AGENT))

    consent: str
    material: UploadedMaterial

    def target(self, actor: Actor) -> ConsentWork:
        return open_consent(self.consent, for_holder=False)

    def run(self, act: Act, target: ConsentWork) -> Result:
        row, work = target.row, target.work
        require(row, REPLACEABLE)
        if work.case.phase != "open" or begun(work):
            raise Conflict("办件已经开始办理或已结束", "the case has begun already, or is closed")
        wanted = next(one.instead_of for one in work.definition.event.consents if one.key == row.key)
        if self.material.key != wanted:
            raise BadInput("这不是需要的材料", "this is not the document it stands for", expected=wanted)
        paper = Material(case=work.case, reference=uuid.uuid4().hex, **self.material.__dict__)
        act.record("material_recorded", paper, [work.case_ref], {"key": self.material.key})
        row.state, row.answered_us = "replaced", act.now_us
        record(act, row, work)
        begin_if_settled(act, work)
        return {"case": work.case.number}
