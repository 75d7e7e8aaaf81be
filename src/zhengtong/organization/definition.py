# SPDX-License-Identifier: Apache-2.0
"""The city file of supervision (督办): who opens a task, the usual terms, and when it turns which colour."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zhengtong.city import kinds
from zhengtong.city.definition import RoleRef
from zhengtong.city.kinds import Definition, Key, Kind
from zhengtong.city.text import Text
from zhengtong.organization.rules.supervision_rules import Colour, SupervisionRules, Term, Trigger


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
    key: Key
    name: Text
    openers: Annotated[list[RoleRef], Field(min_length=1)]
    proposers: list[RoleRef] = []
    terms: Annotated[list[NamedTermFile], Field(min_length=1)]
    colours: list[ColourFile] = []
    objection: TermFile
    review: TermFile
    urgent_start: bool = False
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


kinds.register(
    Kind(
        "supervision", "organization/supervision.yaml", SupervisionFile, Text(zh="督办规则", en="rules of supervision")
    )
)
