# SPDX-License-Identifier: Apache-2.0
"""From facts to clocks: which limits started when, ran, paused and ended.

The order of law: receipt starts the limit for accepting; a request for corrections ends it and starts the
applicant's own; corrections start it anew; acceptance starts the limit for deciding, which alone can be
paused and extended; a decision that grants starts the limit for delivering. Correction comes before
acceptance and so is no pause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from zhengtong.errors import BadInput
from zhengtong.services.rules.clock import Calendar, Segment, day_of, due
from zhengtong.services.rules.facts import Breach, BreachCode, Fact, FactKind, check_possible
from zhengtong.services.rules.regimes import LimitKind, Terms

Outcome = Literal["met", "deemed", "closed"]
_DONE: Final[dict[FactKind, str]] = {
    "received": "received",
    "accepted": "signed",
    "decided": "decided",
    "delivered": "delivered",
}


@dataclass
class Clock:
    """One limit's life. `announced`: by ground, the day until which a pause's notice said it would last.
    `extension`: units granted on top of the statutory length, never of the promise, which stays what was
    promised."""

    kind: LimitKind
    round: int
    started_us: int
    segments: list[Segment]
    announced: dict[str, date] = field(default_factory=dict)
    extension: int = 0
    extended: int = 0  # how often
    ended_us: int | None = None
    outcome: Outcome | None = None  # how it ended; "met" and "closed" say nothing yet about whether in time


class Unfolding:
    """Takes facts one by one; `clocks` are the limits so far."""

    def __init__(self, terms: Terms, calendar: Calendar) -> None:
        self.terms, self.calendar = terms, calendar
        self.clocks: list[Clock] = []
        self.flags: set[str] = set()
        self.breaches: list[Breach] = []
        self.accepted_us: int | None = None
        self.deemed_us: int | None = None
        self.asked = 0  # requests for corrections that had effect
        self.reasons: tuple[str, ...] = ()  # grounds of the pauses now open, oldest first
        self._takers: dict[FactKind, Callable[[Fact], None]] = {
            "received": lambda fact: self._open("accept", fact.at_us),
            "correction_asked": self._correction_asked,
            "corrected": self._corrected,
            "accepted": self._accepted,
            "not_accepted": self._not_accepted,
            "paused": self._paused,
            "resumed": self._resumed,
            "extended": self._extended,
            "decided": self._decided,
            "delivered": lambda fact: self._end("deliver", fact.at_us, "met"),
            "withdrawn": lambda fact: self._close(fact.at_us),
        }

    def take(self, fact: Fact) -> None:
        self.lapse(fact.at_us)
        check_possible(fact, self.flags)
        self._takers[fact.kind](fact)
        if fact.kind in _DONE:
            self.flags.add(_DONE[fact.kind])

    def lapse(self, now_us: int) -> None:
        """Acceptance by silence: what time alone caused before `now_us` (行政许可法 art. 32 (4))."""
        clock = self._current("accept")
        allowance = self.terms.statutory("accept")
        if clock is None or allowance is None or not self.terms.regime.deemed:
            return
        due_at = due(allowance.unit, allowance.amount, clock.segments, self.calendar)
        if due_at is not None and due_at.at_us < now_us:
            clock.ended_us, clock.outcome, self.deemed_us = due_at.at_us, "deemed", due_at.at_us
            self._begin_deciding(clock.started_us)

    def _open(self, kind: LimitKind, at_us: int) -> None:
        if self.terms.statutory(kind) or kind in self.terms.promised:
            round_ = 1 + sum(clock.kind == kind for clock in self.clocks)
            self.clocks.append(Clock(kind, round_, at_us, [Segment(at_us)]))

    def _current(self, kind: LimitKind) -> Clock | None:
        return next((clock for clock in self.clocks if clock.kind == kind and clock.ended_us is None), None)

    def _end(self, kind: LimitKind, at_us: int, outcome: Outcome) -> None:
        clock = self._current(kind)
        if clock is not None:
            clock.ended_us, clock.outcome = at_us, outcome

    def _close(self, at_us: int) -> None:
        for clock in self.clocks:
            if clock.ended_us is None:
                clock.ended_us, clock.outcome = at_us, "closed"
        self.flags.add("closed")

    def _begin_deciding(self, from_us: int) -> None:
        self.accepted_us = from_us
        self.flags.add("accepted")
        self._open("decide", from_us)

    def _correction_asked(self, fact: Fact) -> None:
        self.flags.add("awaiting")
        if "accepted" in self.flags:
            self.breaches.append(Breach(fact, "late_correction"))
        elif self.asked >= self.terms.regime.corrections:
            self.breaches.append(Breach(fact, "repeated_correction"))
        else:
            self.asked += 1
            self.flags.add("asked")
            self._end("accept", fact.at_us, "met")
            self._open("correct", fact.at_us)

    def _corrected(self, fact: Fact) -> None:
        self.flags.discard("awaiting")
        if "asked" in self.flags:  # an answer to a request without effect starts no new clock
            self.flags.discard("asked")
            self._end("correct", fact.at_us, "met")
            self._open("accept", fact.at_us)

    def _accepted(self, fact: Fact) -> None:
        # Taken without waiting for the corrections (容缺受理): the applicant's limit is moot.
        self.flags -= {"awaiting", "asked"}
        self._end("correct", fact.at_us, "closed")
        self._end("accept", fact.at_us, "met")
        if "accepted" not in self.flags:
            self._begin_deciding(fact.at_us)

    def _not_accepted(self, fact: Fact) -> None:
        if "accepted" in self.flags:
            self.breaches.append(Breach(fact, "late_refusal"))
        self._end("accept", fact.at_us, "met")
        self._close(fact.at_us)

    def _paused(self, fact: Fact) -> None:
        if fact.reason in self.reasons:
            raise BadInput(
                "同一事由的暂停还没有结束",
                "a pause on this ground has not ended yet",
                where="paused",
                found=fact.reason,
            )
        self.reasons = (*self.reasons, fact.reason)
        self.flags.add("paused")
        clock = self._current("decide")
        if clock is not None:
            _turn(clock, fact.at_us, self.reasons)
            clock.announced.pop(fact.reason, None)
            if fact.days:
                paused_on = day_of(fact.at_us, self.calendar)
                clock.announced[fact.reason] = self.calendar.add_working_days(paused_on, fact.days)

    def _resumed(self, fact: Fact) -> None:
        reason = fact.reason or (self.reasons[0] if len(self.reasons) == 1 else "")
        if reason not in self.reasons:
            raise BadInput(
                "恢复计时没有对应的暂停",
                "the resumption names no open pause",
                where="resumed",
                found=reason or "—",
                expected=" | ".join(self.reasons),
            )
        self.reasons = tuple(ground for ground in self.reasons if ground != reason)
        if not self.reasons:
            self.flags.discard("paused")
        clock = self._current("decide")
        if clock is not None:
            _turn(clock, fact.at_us, self.reasons)

    def _extended(self, fact: Fact) -> None:
        clock, code = self._current("decide"), self._against_extension(fact)
        if code is not None:
            self.breaches.append(Breach(fact, code))
        elif clock is not None:
            clock.extension += fact.days
            clock.extended += 1

    def _against_extension(self, fact: Fact) -> BreachCode | None:
        """Why an extension has no effect; None where it has."""
        clock, allowance = self._current("decide"), self.terms.statutory("decide")
        if clock is None or allowance is None or allowance.extension is None:
            return "no_extension"
        if allowance.extension.approver and fact.approver != allowance.extension.approver:
            return "wrong_approver"
        if clock.extension + fact.days > allowance.extension.days:
            return "extension_too_long"
        if allowance.extension.times is not None and clock.extended >= allowance.extension.times:
            return "extension_too_often"
        due_at = due(allowance.unit, allowance.amount + clock.extension, clock.segments, self.calendar)
        return "late_extension" if due_at is not None and due_at.at_us < fact.at_us else None

    def _decided(self, fact: Fact) -> None:
        self._end("decide", fact.at_us, "met")
        if fact.granted:
            self._open("deliver", fact.at_us)


def _turn(clock: Clock, at_us: int, reasons: tuple[str, ...]) -> None:
    """From `at_us` on the clock stands still for `reasons`, or runs when there are none."""
    last = clock.segments.pop()
    if last.from_us < at_us:
        clock.segments.append(Segment(last.from_us, at_us, last.reasons))
    clock.segments.append(Segment(at_us, None, reasons))
