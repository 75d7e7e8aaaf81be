# SPDX-License-Identifier: Apache-2.0
"""The city file of supervision (督办): who opens a task, the usual terms, and when it turns which colour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from zhengtong.city import kinds
from zhengtong.city.definition import RoleRef
from zhengtong.city.kinds import Definition, Key, Kind
from zhengtong.city.text import Text
from zhengtong.errors import Fault
from zhengtong.organization.rules.supervision_rules import Colour, SupervisionRules, Term, Trigger

if TYPE_CHECKING:
    from zhengtong.city.load import City


class TermFile(Definition):
    days: Annotated[int, Field(ge=0, le=3660)]
    unit: Literal["working_days", "calendar_days"] = "working_days"

    def compiled(self) -> Term:
        return Term(self.days, self.unit)


class NamedTermFile(TermFile):
    key: Key
    name: Text


class TriggerFile(Definition):
    on: Literal["near", "overdue", "judged", "unanswered"]
    term: TermFile | None = None


class ColourFile(Definition):
    key: Key
    name: Text
    triggers: Annotated[list[TriggerFile], Field(min_length=1)]
    answer: TermFile | None = None


class SupervisionFile(Definition):
    """`measured_days`: so many days before a proposal its figure is measured, to compare with the one at its close."""

    key: Key
    name: Text
    openers: Annotated[list[RoleRef], Field(min_length=1)]
    proposers: list[RoleRef] = []
    terms: Annotated[list[NamedTermFile], Field(min_length=1)]
    colours: list[ColourFile] = []
    objection: TermFile
    review: TermFile
    urgent_start: bool = False
    measured_days: Annotated[int, Field(ge=1, le=366)] = 30
    source: Text
    verified: bool = False

    def compiled(self) -> SupervisionRules:
        return SupervisionRules(
            key=self.key,
            source=self.source.zh,
            openers=frozenset(self.openers),
            proposers=frozenset(self.proposers),
            terms={term.key: term.compiled() for term in self.terms},
            colours=tuple(
                Colour(
                    colour.key,
                    colour.name.zh,
                    colour.name.en,
                    tuple(Trigger(t.on, t.term.compiled() if t.term else Term(0)) for t in colour.triggers),
                    colour.answer.compiled() if colour.answer else None,
                )
                for colour in self.colours
            ),
            objection=self.objection.compiled(),
            review=self.review.compiled(),
            urgent_start=self.urgent_start,
            verified=self.verified,
        )


class AgencyFile(Definition):
    """Rules of acting for another: how long a mandate may run. Without a term it runs until somebody ends it."""

    key: Key
    name: Text
    longest: TermFile | None = None
    source: Text
    verified: bool = False


def check_supervision(city: City, rules: SupervisionFile) -> Iterable[Fault]:
    """Terms and colours named twice, and a colour that follows silence to one nobody has to answer."""

    def fault(path: tuple[str | int, ...], zh: str, en: str, found: str, expected: str = "") -> Fault:
        return city.fault("supervision", rules.key, path, zh, en, found=found, expected=expected)

    for name, keys in (("terms", [t.key for t in rules.terms]), ("colours", [c.key for c in rules.colours])):
        for index, key in enumerate(keys):
            if key in keys[:index]:
                yield fault((name, index, "key"), "重复", "this stands twice", key)
    for index, colour in enumerate(rules.colours):
        silent = [n for n, trigger in enumerate(colour.triggers) if trigger.on == "unanswered"]
        if silent and (index == 0 or rules.colours[index - 1].answer is None):
            yield fault(
                ("colours", index, "triggers", silent[0], "on"),
                "“未按期反馈”需要前一种颜色规定反馈期限", "“unanswered” needs a time to answer on the colour before",
                "unanswered", "answer",
            )  # fmt: skip


kinds.register(Kind("agency", "organization/agency.yaml", AgencyFile, Text(zh="代办规则", en="rules of agency")))
kinds.register(
    Kind(
        "supervision",
        "organization/supervision.yaml",
        SupervisionFile,
        Text(zh="督办规则", en="rules of supervision"),
        check=check_supervision,
    )
)
