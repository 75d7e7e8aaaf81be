# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.models import CorrectionRequest
from zhengtong.services.notices import order_notice
from zhengtong.services.rules.flow import AskCorrection as Asked


@dataclass(frozen=True)
class AskCorrection(OnStep):
    """一次性告知补正: name every element and material that must be corrected, once (行政许可法 art. 32)."""

    verb: ClassVar[str] = "step.ask_correction"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    items: tuple[str, ...]
    text: str

    def run(self, act: Act, target: CaseWork) -> Result:
        known = correctable(target)
        unknown = sorted(set(self.items) - known)
        if unknown or not self.text.strip():
            raise BadInput(
                "请写明要补正什么、为什么", "say what has to be corrected and why",
                found=", ".join(unknown) or None, expected=", ".join(sorted(known)) if unknown else None,
            )  # fmt: skip
        move(act, target, Asked(self.step, act.now_us, self.items), {"items": sorted(self.items)})
        request = CorrectionRequest(
            step=target.step,
            reference=uuid.uuid4().hex,
            items=list(self.items),
            text=self.text.strip(),
            asked_us=act.now_us,
        )
        act.record("correction_worded", request, [target.case_ref])
        order_notice(act, target, NoticeKind.CORRECT, self.step, self.text)
        return {"case": self.case, "step": self.step}


def correctable(work: CaseWork) -> frozenset[str]:
    """What this step's department may ask to be corrected: elements of its service that were asked, and materials the
    applicant himself brings. Nothing else could ever be supplied, and the case would wait for it for ever."""
    service = work.definition.services[work.step.key]
    uploads = {ask.material.key for ask in work.definition.uploads(work.case.answers, work.form.values)}
    elements = {key for key in service.elements if key in work.form.values}
    return frozenset(elements | {material.key for material in service.materials if material.key in uploads})
