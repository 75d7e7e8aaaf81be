# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.services.casework import CaseWork, OnStep, move, open_case
from zhengtong.services.memos import answer_memo, keep_memo, words
from zhengtong.services.rules.flow import ReturnTransfer as Returned
from zhengtong.services.rules.flow import SignTransfer as Signed
from zhengtong.services.rules.flow import Transfer


@dataclass(frozen=True)
class TransferStep(OnStep):
    """移送: the step goes to another department that the service's file names; where that one has to agree, it is
    asked. The applicant's clock runs on, and authority follows the department that holds the step."""

    verb: ClassVar[str] = "step.transfer"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    to: str
    text: str

    def run(self, act: Act, target: CaseWork) -> Result:
        said = words(self.text)
        move(act, target, Transfer(self.step, act.now_us, self.to))
        keep_memo(act, target, "transfer_asked", said, about=self.to, waiting=target.status.transfer_asked is not None)
        return {"case": self.case, "step": self.step, "department": target.step.department}


@dataclass
class OfferedStep:
    """A step as the department sees it that is asked to take it over."""

    work: CaseWork

    @property
    def subject(self) -> Subject:
        asked = self.work.status.transfer_asked
        to = frozenset({asked.about}) if asked else self.work.planned.transfers
        return replace(self.work.subject, departments=to)

    @property
    def to(self) -> str:
        asked = self.work.status.transfer_asked
        return asked.about if asked else ""


@dataclass(frozen=True)
class OnOfferedStep(Action[OfferedStep]):
    case: str
    step: str

    def target(self, actor: Actor) -> OfferedStep:
        return OfferedStep(open_case(self.case, self.step))


@dataclass(frozen=True)
class SignTransfer(OnOfferedStep):
    """签收: the department that was asked takes the step over."""

    verb: ClassVar[str] = "step.sign_transfer"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    def run(self, act: Act, target: OfferedStep) -> Result:
        move(act, target.work, Signed(self.step, act.now_us), department=target.to)
        answer_memo(act, target.work, "transfer_asked")
        return {"case": self.case, "step": self.step, "department": target.work.step.department}


@dataclass(frozen=True)
class ReturnTransfer(OnOfferedStep):
    """退回: it is not its matter, for the reason it gives; the step stays where it was."""

    verb: ClassVar[str] = "step.return_transfer"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    text: str

    def run(self, act: Act, target: OfferedStep) -> Result:
        said = words(self.text)
        move(act, target.work, Returned(self.step, act.now_us), department=target.to)
        answer_memo(act, target.work, "transfer_asked")
        keep_memo(act, target.work, "transfer_returned", said, about=act.department)
        return {"case": self.case, "step": self.step, "department": target.work.step.department}
