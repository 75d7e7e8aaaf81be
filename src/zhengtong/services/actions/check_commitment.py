# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.memos import keep_memo, words
from zhengtong.services.rules.flow import CheckCommitment as Checked


@dataclass(frozen=True)
class CheckCommitment(OnStep):
    """核查承诺: the department looks afterwards whether what was committed to is so. A broken commitment forbids the
    grant, and is a reason to revoke one."""

    verb: ClassVar[str] = "step.check_commitment"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    material: str
    kept: bool
    text: str

    def run(self, act: Act, target: CaseWork) -> Result:
        said = words(self.text)
        move(act, target, Checked(self.step, act.now_us, self.material, self.kept), {"kept": self.kept})
        keep_memo(act, target, "commitment_checked", said, about=self.material)
        return {"case": self.case, "step": self.step, "kept": self.kept}
