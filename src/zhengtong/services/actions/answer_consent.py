# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import Conflict
from zhengtong.services.casework import move
from zhengtong.services.consents import (
    ANSWERABLE,
    ConsentWork,
    OnConsent,
    begin_if_settled,
    begun,
    is_used,
    record,
    require,
)
from zhengtong.services.rules.flow import Withdraw


@dataclass(frozen=True)
class AnswerConsent(OnConsent):
    """The person asked agrees or refuses. With the last consent the departments receive the case."""

    verb: ClassVar[str] = "consent.answer"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN),)

    granted: bool

    def run(self, act: Act, target: ConsentWork) -> Result:
        row = target.row
        require(row, ANSWERABLE)
        if row.expires_us < act.now_us or target.work.case.phase != "open":
            raise Conflict("征求同意的期限已过或办件已结束", "the time to answer is over, or the case is closed")
        row.state, row.answered_us = "granted" if self.granted else "refused", act.now_us
        record(act, row, target.work)
        begin_if_settled(act, target.work)
        return {"consent": row.reference}


@dataclass(frozen=True)
class WithdrawConsent(OnConsent):
    """The person takes the consent back before any department rests on it; what is undecided of the case ends."""

    verb: ClassVar[str] = "consent.withdraw"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN),)

    def run(self, act: Act, target: ConsentWork) -> Result:
        row, work = target.row, target.work
        require(row, {"granted"})
        if is_used(work, row):
            raise Conflict("部门已据此受理，不能再撤回", "a department has taken the case up on it; it is used")
        row.state, row.answered_us = "withdrawn", act.now_us
        record(act, row, work)
        if begun(work) and work.case.phase == "open":
            move(act, work, Withdraw(act.now_us))
        return {"consent": row.reference}


@dataclass(frozen=True)
class RecordConsentExpiry(OnConsent):
    """Nobody answered in time; the applicant may bring the document."""

    verb: ClassVar[str] = "consent.record_expiry"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    def run(self, act: Act, target: ConsentWork) -> Result:
        require(target.row, ANSWERABLE)
        target.row.state = "expired"
        record(act, target.row, target.work)
        return {"consent": target.row.reference}
