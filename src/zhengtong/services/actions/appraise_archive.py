# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput, Conflict
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.archive_work import OnPackage, PackageWork
from zhengtong.services.casework import calendar


@dataclass(frozen=True)
class AppraiseArchive(OnPackage):
    """鉴定: the period has run out; it is kept on for more years, or may be destroyed, and why. Nothing is destroyed
    without it."""

    verb: ClassVar[str] = "archive.appraise"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    destroy: bool
    text: str
    years: int = 0

    def run(self, act: Act, target: PackageWork) -> Result:
        row, today = target.row, calendar().date_of(act.now_us)
        target.expect("built", "kept_on")
        if row.appraise_on is None or row.appraise_on > today:
            raise Conflict(
                "保管期限还没有届满", "its period has not run out",
                where=row.number, found=today.isoformat(),
                expected=row.appraise_on.isoformat() if row.appraise_on else "permanent",
            )  # fmt: skip
        if not self.text.strip():
            raise BadInput("请写明鉴定意见", "say what the appraisal found")
        if not self.destroy and not 1 <= self.years <= 100:
            raise BadInput(
                "请写明再保管几年", "say for how many years it is kept on", found=self.years, expected="1–100"
            )
        act.department = row.department
        row.text, row.appraised_by = self.text.strip(), act.actor.id
        row.state = "to_destroy" if self.destroy else "kept_on"
        if not self.destroy:
            row.appraise_on = date(today.year + self.years, today.month, 1)
        about: dict[str, Value] = {"destroy": self.destroy, "years": self.years}
        act.record("archive_appraised", row, target.objects, about)
        return {"archive": row.number, "case": row.case.number, "state": row.state}
