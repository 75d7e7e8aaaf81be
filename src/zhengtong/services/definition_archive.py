# SPDX-License-Identifier: Apache-2.0
"""The city file of retention: how long the archives of which matters are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from zhengtong.city import kinds
from zhengtong.city.definition import DepartmentRef
from zhengtong.city.kinds import Definition, Key, Kind, Reference
from zhengtong.city.text import Text
from zhengtong.errors import Fault
from zhengtong.services.rules.retention import Period, Schedule

if TYPE_CHECKING:
    from zhengtong.city.load import City

Years = Annotated[int, Field(ge=1, le=100)]


class PeriodFile(Definition):
    """A period of retention: years, or for ever."""

    keep: Literal["permanent"] | Years
    transfer_years: Annotated[int, Field(ge=0, le=100)] | None = None
    source: Text
    verified: bool = False

    def compiled(self) -> Period:
        return Period(None if self.keep == "permanent" else self.keep, self.transfer_years)


class RetentionRule(Definition):
    """The period of one service, or of all of a department's."""

    service: Annotated[str, Reference("service")] | None = None
    department: DepartmentRef | None = None
    period: PeriodFile


class RetentionFile(Definition):
    """保管期限表. `fonds` is the number of the archives' fonds (全宗号), the first part of every file's number."""

    key: Key
    name: Text
    fonds: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,12}$")]
    usual: PeriodFile
    rules: list[RetentionRule] = []
    source: Text
    verified: bool = False

    def compiled(self) -> Schedule:
        return Schedule(
            self.usual.compiled(),
            {rule.service: rule.period.compiled() for rule in self.rules if rule.service},
            {rule.department: rule.period.compiled() for rule in self.rules if rule.department},
        )


def _check(city: City, file: RetentionFile) -> Iterable[Fault]:
    seen: set[tuple[str | None, str | None]] = set()
    for index, rule in enumerate(file.rules):
        if (rule.service is None) == (rule.department is None):
            yield city.fault(
                "retention", file.key, ("rules", index), "须写 service 或 department 之一",
                "name either a service or a department", expected="service | department",
            )  # fmt: skip
        named = (rule.service, rule.department)
        if named in seen:
            yield city.fault(
                "retention", file.key, ("rules", index), "保管期限重复", "the period stands twice",
                found=rule.service or rule.department or "",
            )  # fmt: skip
        seen.add(named)


kinds.register(
    Kind(
        "retention",
        "standards/retention.yaml",
        RetentionFile,
        Text(zh="保管期限表", en="retention schedule"),
        check=_check,
    )
)
