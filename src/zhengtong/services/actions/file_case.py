# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import Conflict
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.archive_work import retention_file
from zhengtong.services.casework import IMPORTED, calendar, open_case
from zhengtong.services.models import ArchivePackage
from zhengtong.services.rules import retention


@dataclass(frozen=True)
class FileCase(Action[On]):
    """归档: the package of a closed case was made and lies in the store; from now on the record vouches for it."""

    verb: ClassVar[str] = "case.file"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("officer", Relation.DEPARTMENT),
        Allowed("system", Relation.ANY),
    )

    case: str
    number: str
    sha256: str
    manifest: str
    size: int

    def target(self, actor: Actor) -> On:
        lead = open_case(self.case).definition.event.lead
        return On(Subject("case", self.case, departments=frozenset({lead})))

    def run(self, act: Act, target: On) -> Result:
        work = open_case(self.case)
        case = work.case
        if case.closed_us is None or case.channel == IMPORTED:
            raise Conflict(
                "只有在本系统办结的办件才能归档", "only a case closed in this system is filed",
                where=self.case, found=case.phase if case.closed_us is None else IMPORTED,
            )  # fmt: skip
        if ArchivePackage.objects.filter(case=case).exists():
            raise Conflict("这个办件已经归档", "this case is filed already", where=self.case)
        period = retention_file().compiled().period((key, step.department) for key, step in work.steps.items())
        closed = calendar().date_of(case.closed_us)
        act.department = work.definition.event.lead
        row = ArchivePackage(
            case=case,
            number=self.number,
            department=act.department,
            sha256=self.sha256,
            manifest=self.manifest,
            size=self.size,
            keep_years=period.years,
            built_us=act.now_us,
            transfer_on=retention.due_for_transfer(closed, period),
            appraise_on=retention.ends(closed, period),
        )
        about: dict[str, Value] = {"sha256": self.sha256, "manifest": self.manifest, "keep": period.name}
        act.record("case_filed", row, [ObjectRef("case", self.case)], about)
        return {"case": self.case, "archive": self.number}
