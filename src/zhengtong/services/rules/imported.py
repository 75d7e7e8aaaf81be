# SPDX-License-Identifier: Apache-2.0
"""A case as another system's tables tell it, and whether it can have happened so.

`timeline` puts what the tables say into the order in which it happened; `problems` names what cannot be: nothing is
mended, and a case with a problem is left out whole. Instants carry whether they were written with a clock time: one
that is a date alone lies somewhere in its day and is taken as not before what it follows on that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from zhengtong.errors import ZhengtongError

MomentKind = Literal[
    "received", "correction_asked", "corrected", "accepted", "not_accepted", "stage", "paused", "resumed",
    "granted", "refused", "withdrawn",
]  # fmt: skip
SpecialKind = Literal["pause", "correction"]
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class When:
    """µs since 1970 UTC. `whole_day`: the table gave a date only, and `us` is the first instant of it."""

    us: int
    whole_day: bool = False

    def not_before(self, us: int) -> When:
        """The same instant, moved behind `us` where its day allows that."""
        return replace(self, us=us) if self.whole_day and self.us <= us < self.us + DAY_US else self


@dataclass(frozen=True)
class Special:
    """特别程序: excluded time (`reason` is its ground) or a correction, which comes before acceptance."""

    kind: SpecialKind
    began: When
    ended: When | None = None
    reason: str = ""


@dataclass(frozen=True)
class Stage:
    """过程: something done inside the department, by the code of the stage."""

    code: str
    at: When


@dataclass(frozen=True)
class SourceCase:
    """办件 of another system. Days in `unit`; None where the tables give none. `on_time` is what that system itself
    says, to compare; `result` the number of the licence it issued."""

    number: str
    service: str
    applied: When
    accepted: When | None = None
    not_accepted: bool = False
    promised_days: int | None = None
    statutory_days: int | None = None
    stages: tuple[Stage, ...] = ()
    specials: tuple[Special, ...] = ()
    closed: When | None = None
    outcome: Literal["granted", "refused", "withdrawn", ""] = ""
    on_time: bool | None = None
    result: str = ""


@dataclass(frozen=True)
class Moment:
    """One thing that happened. `code` is a stage or the ground of a pause."""

    kind: MomentKind
    at_us: int
    code: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a case cannot have happened as its tables say. `table` is the one whose row says it."""

    table: str
    code: str
    zh: str
    en: str

    def error(self, number: str) -> ZhengtongError:
        return ZhengtongError(self.zh, self.en, where=f"{self.table} {number}")


def timeline(case: SourceCase) -> tuple[Moment, ...]:
    """Everything that happened, in order; things of one instant in the order of the procedure."""
    moments: list[Moment] = [Moment("received", case.applied.us)]
    last = case.applied.us
    for special in _ordered(case.specials, "correction"):
        asked = special.began.not_before(last)
        moments.append(Moment("correction_asked", asked.us))
        last = asked.us
        if special.ended:
            last = special.ended.not_before(last).us
            moments.append(Moment("corrected", last))
    if case.accepted:
        last = case.accepted.not_before(last).us
        moments.append(Moment("not_accepted" if case.not_accepted else "accepted", last))
    inner = [Moment("stage", stage.at.not_before(case.applied.us).us, stage.code) for stage in case.stages]
    for special in _ordered(case.specials, "pause"):
        began = special.began.not_before(last)
        inner.append(Moment("paused", began.us, special.reason))
        if special.ended:
            inner.append(Moment("resumed", special.ended.not_before(began.us).us, special.reason))
    inner.sort(key=lambda moment: moment.at_us)
    moments += inner
    if case.closed and case.outcome:
        last = max([last, *(moment.at_us for moment in inner)])
        moments.append(Moment(case.outcome, case.closed.not_before(last).us))
    return tuple(sorted(moments, key=lambda moment: moment.at_us))


def _ordered(specials: Sequence[Special], kind: SpecialKind) -> list[Special]:
    return sorted((special for special in specials if special.kind == kind), key=lambda special: special.began.us)


def problems(case: SourceCase, *, now_us: int) -> Iterator[Problem]:
    """What cannot have been. `now_us` is when the tables are read: they tell a past."""
    yield from _future(case, now_us)
    applied = case.applied.us
    accepted = case.accepted.not_before(applied).us if case.accepted else None
    if accepted is not None and accepted < applied:
        yield Problem("acceptances", "order", "受理早于申请", "accepted before it was applied for")
    if case.closed and case.accepted is None and case.outcome != "withdrawn":
        yield Problem("completions", "not_accepted", "没有受理就已办结", "closed without ever being accepted")
    if case.closed and case.not_accepted:
        yield Problem("completions", "order", "不予受理之后又办结", "closed after it had not been accepted")
    if case.closed:
        begun = applied if accepted is None else accepted
        if case.closed.not_before(begun).us < begun:
            yield Problem("completions", "order", "办结早于受理", "closed before it was accepted")
    yield from _specials(case, accepted)
    end = case.closed.us + (DAY_US if case.closed.whole_day else 0) if case.closed else None
    for stage in case.stages:
        if stage.at.not_before(applied).us < applied or (end is not None and stage.at.us > end):
            yield Problem(
                "processes",
                "order",
                "过程不在申请与办结之间",
                "a stage lies outside the time from application to closing",
            )


def _future(case: SourceCase, now_us: int) -> Iterator[Problem]:
    told = [("applications", case.applied), ("acceptances", case.accepted), ("completions", case.closed)]
    told += [("processes", stage.at) for stage in case.stages]
    told += [("specials", at) for special in case.specials for at in (special.began, special.ended)]
    for table, at in told:
        if at is not None and at.us > now_us:
            yield Problem(table, "future", "时间在将来", "the time lies in the future")


def _specials(case: SourceCase, accepted: int | None) -> Iterator[Problem]:
    last: dict[str, int] = {}
    for special in sorted(case.specials, key=lambda one: one.began.us):
        began = special.began.not_before(max(last.get(special.kind, 0), case.applied.us))
        ended = special.ended.not_before(began.us) if special.ended else None
        if ended is not None and ended.us < began.us:
            yield Problem("specials", "order", "特别程序的结束早于开始", "a special procedure ends before it begins")
        if began.us < last.get(special.kind, 0):
            yield Problem("specials", "overlap", "特别程序的时间重叠", "special procedures overlap")
        last[special.kind] = ended.us if ended else began.us
        if special.ended is None and case.closed:
            yield Problem(
                "specials", "open", "已办结而特别程序没有结束", "closed while a special procedure is still open"
            )
        if special.kind == "pause" and _outside(case, began, ended, accepted):
            yield Problem(
                "specials", "order", "特别程序不在受理与办结之间",
                "a special procedure lies outside the time from acceptance to closing",
            )  # fmt: skip
        if special.kind == "correction" and accepted is not None and (ended or began).us > accepted:
            yield Problem("specials", "order", "补正晚于受理", "a correction lies after the acceptance")


def _outside(case: SourceCase, began: When, ended: When | None, accepted: int | None) -> bool:
    if accepted is None or began.not_before(accepted).us < accepted:
        return True
    return bool(case.closed and (ended or began).us > case.closed.us + (DAY_US if case.closed.whole_day else 0))
