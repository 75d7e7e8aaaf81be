# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.services.models import Notice


@dataclass
class NoticeRow:
    notice: Notice

    @property
    def subject(self) -> Subject:
        return Subject("notice", self.notice.reference, departments=frozenset({self.notice.department}))


@dataclass(frozen=True)
class SealNotice(Action[NoticeRow]):
    """The notice's PDF was typeset and signed: its hash joins the record, so the file can be checked against it."""

    verb: ClassVar[str] = "notice.seal"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    notice: str
    sha256: str

    def target(self, actor: Actor) -> NoticeRow:
        row = Notice.objects.select_for_update().filter(reference=self.notice).select_related("case").first()
        if row is None:
            raise NotFound("没有这份文书", "there is no such notice", found=self.notice)
        return NoticeRow(row)

    def run(self, act: Act, target: NoticeRow) -> Result:
        notice = target.notice
        if not notice.sha256:
            notice.sha256, notice.signed_us = self.sha256, act.now_us
            act.department = notice.department
            act.record("notice_sealed", notice, [ObjectRef("case", notice.case.number)], {"sha256": self.sha256})
        return {"notice": notice.reference, "sha256": notice.sha256}
