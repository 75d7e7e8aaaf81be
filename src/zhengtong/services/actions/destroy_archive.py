# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import Conflict
from zhengtong.services.archive_work import OnPackage, PackageWork


@dataclass(frozen=True)
class DestroyArchive(OnPackage):
    """销毁: by another person than the one who appraised it. The file goes after the commit; the row, its digest and
    the events stay as proof of what was destroyed, when and by whom."""

    verb: ClassVar[str] = "archive.destroy"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("officer", Relation.DEPARTMENT),)

    def run(self, act: Act, target: PackageWork) -> Result:
        row = target.row
        target.expect("to_destroy")
        if act.actor.id == row.appraised_by:
            raise Conflict(
                "鉴定人不能自己销毁，请由另一人执行", "whoever appraised it may not destroy it; another person has to",
                where=row.number,
            )  # fmt: skip
        act.department = row.department
        row.state = "destroyed"
        act.record("archive_destroyed", row, target.objects, {"sha256": row.sha256})
        act.post("services.destroy_archive", {"archive": row.number})
        return {"archive": row.number, "case": row.case.number, "state": row.state}
