# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import Conflict
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.memos import keep_memo, words
from zhengtong.services.rules.flow import AskExtension as Asked


@dataclass(frozen=True)
class AskExtension(OnStep):
    """The department asks for more time, and says why; the limit stays as it is until that is approved."""

    verb: ClassVar[str] = "step.ask_extension"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    days: int
    text: str

    def run(self, act: Act, target: CaseWork) -> Result:
        said = words(self.text)
        check_in_time(target, act.now_us)
        move(act, target, Asked(self.step, act.now_us, self.days), {"days": self.days})
        keep_memo(act, target, "extension_asked", said, waiting=True)
        return {"case": self.case, "step": self.step}


def check_in_time(work: CaseWork, now_us: int) -> None:
    """Raises `Conflict` once the limit has passed: an extension makes nothing good that is late."""
    view = work.limits(work.step.key, now_us).limit("decide")
    if view and view.statutory and view.statutory.missed_us is not None:
        raise Conflict(
            "时限已过，不能再延长", "the limit has passed and can no longer be extended", where=work.step.key
        )
