# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import ClassVar, get_args

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.services.models import Contact, Notice, NoticeService
from zhengtong.services.rules.moves import DeliveryWay

_RECEIPT = re.compile(r"[A-Za-z0-9-]{0,64}")


@dataclass
class ServedNotice:
    """A notice as the target of its service: the applicant's own, and its department's."""

    notice: Notice

    @property
    def subject(self) -> Subject:
        case = self.notice.case
        owners, departments = frozenset({case.applicant}), frozenset({self.notice.department})
        return Subject("notice", self.notice.reference, owners, departments, owners, case.life_event)


@dataclass(frozen=True)
class OnNotice(Action[ServedNotice]):
    notice: str

    def target(self, actor: Actor) -> ServedNotice:
        rows = Notice.objects.select_for_update(of=("self",)).select_related("case", "step")
        row = rows.filter(reference=self.notice).first()
        if row is None:
            raise NotFound("没有这份文书", "there is no such notice", found=self.notice[:40])
        return ServedNotice(row)


def _serve(act: Act, notice: Notice, way: str, receipt: str = "") -> Result:
    row = NoticeService(notice=notice, reference=uuid.uuid4().hex, way=way, served_us=act.now_us, receipt=receipt)
    about = {"way": way, "kind": notice.kind, "life_event": notice.case.life_event}
    if notice.step:
        about["service"] = notice.step.key
    objects = [ObjectRef("case", notice.case.number), ObjectRef("notice", notice.reference)]
    act.record("notice_served", row, objects, about)
    return {"case": notice.case.number, "notice": notice.reference}


def is_served(notice: Notice) -> bool:
    return NoticeService.objects.filter(notice=notice).exists()


@dataclass(frozen=True)
class OpenNotice(OnNotice):
    """The person opened the notice in the portal, where he agreed to be served."""

    verb: ClassVar[str] = "notice.open"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("resident", Relation.OWN),
        Allowed("resident", Relation.AGENT),
    )

    def run(self, act: Act, target: ServedNotice) -> Result:
        if is_served(target.notice):
            raise Conflict("文书已经送达", "the notice is served already")
        if not Contact.objects.filter(account=act.actor.id).exclude(electronic_us=None).exists():
            raise Conflict("未同意电子送达", "the person has not agreed to be served here")
        return _serve(act, target.notice, "portal")


@dataclass(frozen=True)
class ServeNotice(OnNotice):
    """The notice was handed over, posted, left or made public: recorded by its department or at the counter.

    `receipt` is the number of the letter or publication.
    """

    verb: ClassVar[str] = "notice.serve"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("officer", Relation.DEPARTMENT),
        Allowed("clerk", Relation.ANY),
    )

    way: str
    receipt: str = ""

    def run(self, act: Act, target: ServedNotice) -> Result:
        ways = get_args(DeliveryWay)
        if self.way not in ways:
            raise BadInput("请选择送达方式", "choose how it was served", found=self.way, expected=" | ".join(ways))
        if not _RECEIPT.fullmatch(self.receipt):
            raise BadInput("单号由字母、数字和 - 组成", "a number of letters, digits and -", found=self.receipt[:70])
        if self.way == "post" and not self.receipt:
            raise BadInput("请填写邮件单号", "enter the number of the letter", where="receipt")
        if is_served(target.notice):
            raise Conflict("文书已经送达", "the notice is served already")
        act.department = target.notice.department
        return _serve(act, target.notice, self.way, self.receipt)


@dataclass(frozen=True)
class RecordDeemedService(OnNotice):
    """The city's term has passed since the notice lay in the portal of a person who agreed to be served there."""

    verb: ClassVar[str] = "notice.record_deemed_service"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    def run(self, act: Act, target: ServedNotice) -> Result:
        if is_served(target.notice):
            raise Conflict("文书已经送达", "the notice is served already")
        act.department = target.notice.department
        return _serve(act, target.notice, "deemed")
