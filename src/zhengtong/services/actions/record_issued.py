# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import Conflict, Contradicted, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.models import Output


@dataclass
class OutputRow:
    row: Output

    @property
    def subject(self) -> Subject:
        return Subject("output", self.row.number, departments=frozenset({self.row.step.department}))


@dataclass(frozen=True)
class RecordIssued(Action[OutputRow]):
    """The issuer answered about an output that was ordered of it: its own number of the certificate and when it issued
    it, or the code of its reason not to. An output revoked meanwhile stays so."""

    verb: ClassVar[str] = "output.record_issued"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    output: str
    issuer: str
    number: str = ""
    issued_there_us: int = 0
    reason: str = ""

    def target(self, actor: Actor) -> OutputRow:
        rows = Output.objects.select_for_update(of=("self",)).select_related("step__case")
        row = rows.filter(number=self.output).first()
        if row is None:
            raise NotFound("没有这个结果", "there is no such output", found=self.output[:64])
        return OutputRow(row)

    def run(self, act: Act, target: OutputRow) -> Result:
        row = target.row
        if row.status != "being_issued":
            raise Conflict("这个结果不在制证中", "this output is not being issued", found=row.status, where=row.number)
        longest = Output._meta.get_field("issuer_number").max_length or 0
        if len(self.number) > longest:
            raise Contradicted(
                "签发方的证照号过长，不予采信", "the issuer's number is too long to be believed",
                where=self.issuer, found=len(self.number), expected=f"≤ {longest}",
            )  # fmt: skip
        act.department = row.step.department
        row.status, row.issuer_number = ("valid", self.number) if self.number else ("not_issued", "")
        about: dict[str, Value] = {"key": row.key, "issuer": self.issuer}
        about |= {"issued_there_us": self.issued_there_us} if self.number else {"reason": self.reason}
        type_ = "output_arrived" if self.number else "output_not_issued"
        act.record(type_, row, [ObjectRef("case", row.step.case.number)], about)
        return {"output": row.number, "status": row.status}
