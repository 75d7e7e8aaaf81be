# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput, FormFaults
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.memos import keep_memo, words
from zhengtong.services.notices import order_notice
from zhengtong.services.reasons import reasons_for
from zhengtong.services.rules.flow import Revoke


@dataclass(frozen=True)
class RevokeOutput(OnStep):
    """撤销 (行政许可法 art. 69) or 注销 (art. 70) of what was granted, by the head of the department that granted it.

    The reason says which of the two: one listed for `revoke` undoes the grant, one for `cancel` ends the output only.
    Steps that rest on the output are told; the applicant gets a decision with its reasons and remedies.
    """

    verb: ClassVar[str] = "step.revoke"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("head", Relation.DEPARTMENT),)

    reason: str
    text: str

    def run(self, act: Act, target: CaseWork) -> Result:
        said = words(self.text)
        listed = target.definition.reasons.get(self.reason)
        if listed is None or listed.use not in {"revoke", "cancel"}:
            known = [one.key for use in ("revoke", "cancel") for one in reasons_for(target.definition, use)]
            fault = BadInput(
                "请从目录中选择理由",
                "choose a reason from the list",
                found=self.reason or None,
                expected=", ".join(known),
            )
            raise FormFaults({"reason": fault})
        cancel = listed.use == "cancel"
        move(act, target, Revoke(self.step, act.now_us, self.reason, cancel))
        output = target.step.output
        output.status = "cancelled" if cancel else "revoked"
        if target.definition.services[self.step].output.issuer:
            act.post("services.end_issued", {"output": output.number, "reason": self.reason})
        act.record("output_ended", output, [target.case_ref], {"key": output.key, "status": output.status})
        keep_memo(act, target, "revoked", said, about=self.reason)
        order_notice(act, target, NoticeKind.CANCEL if cancel else NoticeKind.REVOKE, self.step, said)
        return {"case": self.case, "step": self.step, "phase": target.case.phase}
