# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Result
from zhengtong.errors import BadInput
from zhengtong.services.archive_work import OnPackage, PackageWork, file_of
from zhengtong.services.engine.archive import verify_package


@dataclass(frozen=True)
class TransferArchive(OnPackage):
    """移交: handed over to the archives, who gave a receipt. The package is checked first; one that is not whole is not
    handed over as if it were."""

    verb: ClassVar[str] = "archive.transfer"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("officer", Relation.DEPARTMENT),
        Allowed("system", Relation.ANY),
    )

    receiver: str
    receipt: str

    def run(self, act: Act, target: PackageWork) -> Result:
        row = target.row
        target.expect("built", "kept_on")
        if not self.receiver.strip() or not self.receipt.strip():
            raise BadInput("请写明接收单位和回执编号", "name who received it and the number of the receipt")
        found = verify_package(file_of(row), manifest=row.manifest)
        if found:
            raise BadInput(
                "归档包不完整，没有移交", "the package is not whole; it was not handed over",
                where=row.number, found="; ".join(f"{one.kind} {one.path}" for one in found[:5]),
            )  # fmt: skip
        act.department = row.department
        row.state, row.receiver, row.receipt = "transferred", self.receiver.strip(), self.receipt.strip()
        act.record("archive_transferred", row, target.objects, {"sha256": row.sha256})
        return {"archive": row.number, "case": row.case.number, "state": row.state}
