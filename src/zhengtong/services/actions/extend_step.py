# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import Refused
from zhengtong.services.actions.ask_extension import check_in_time
from zhengtong.services.casework import CaseWork, OnStep, move
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.memos import answer_memo, keep_memo, words
from zhengtong.services.notices import order_notice
from zhengtong.services.rules.flow import Extend, RefuseExtension

APPROVERS = (Allowed("head", Relation.DEPARTMENT), Allowed("leader", Relation.ANY))
"""Who may ever answer; the regime's file says which of them does (行政许可法 art. 42)."""


def _check_approver(act: Act, work: CaseWork) -> str:
    """The role in which the actor answers. Raises `Refused` for another than the regime names, and for who asked."""
    extension = work.planned.extension
    role = extension.approver if extension else ""
    if not _holds(act.actor, role, work.step.department):
        raise Refused("延期须由规定的负责人批准", "another role approves this extension", expected=role or None)
    asked = work.step.memos.filter(kind="extension_asked", waiting=True).first()
    if asked is not None and asked.by == act.actor.id:
        raise Refused("申请延期的人不能自己批准", "who asked for an extension does not approve it")
    return role


def _holds(actor: Actor, role: str, department: str) -> bool:
    return any(held.key == role and held.department in {"", department} for held in actor.roles)


@dataclass(frozen=True)
class ExtendStep(OnStep):
    """延长期限: approved by the role the regime names; the applicant is told the new date and why."""

    verb: ClassVar[str] = "step.extend"
    allowed: ClassVar[tuple[Allowed, ...]] = APPROVERS

    def run(self, act: Act, target: CaseWork) -> Result:
        role = _check_approver(act, target)
        check_in_time(target, act.now_us)
        asked = target.status.extension_asked
        move(act, target, Extend(self.step, act.now_us, role), {"days": asked.days if asked else 0, "approver": role})
        memo = answer_memo(act, target, "extension_asked")
        order_notice(act, target, NoticeKind.EXTEND, self.step, memo.text)
        return {"case": self.case, "step": self.step}


@dataclass(frozen=True)
class RefuseExtensionOfStep(OnStep):
    """The limit stays, and the department is told why."""

    verb: ClassVar[str] = "step.refuse_extension"
    allowed: ClassVar[tuple[Allowed, ...]] = APPROVERS

    text: str

    def run(self, act: Act, target: CaseWork) -> Result:
        said = words(self.text)
        _check_approver(act, target)
        move(act, target, RefuseExtension(self.step, act.now_us))
        answer_memo(act, target, "extension_asked")
        keep_memo(act, target, "extension_refused", said)
        return {"case": self.case, "step": self.step}
