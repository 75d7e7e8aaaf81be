# SPDX-License-Identifier: Apache-2.0
"""Where a case stands in plain words: each step with what it waits for, why, until when, and what was said beside.

Every sentence is read from the step's state, its dated facts and its limits, so that it cannot say what the record
does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhengtong.services.casework import IMPORTED, CaseWork, calendar, status_of
from zhengtong.services.models import Inspection, Output
from zhengtong.services.pages.states import ISSUING, with_output
from zhengtong.services.rules.clock import Segment, due
from zhengtong.services.rules.flow import FINAL, Phase, StepState
from zhengtong.services.rules.limits import Assessment, LimitView
from zhengtong.services.rules.standing import GIVEN, StepStatus
from zhengtong.ui.language import say
from zhengtong.ui.parts import State


@dataclass(frozen=True)
class Tracked:
    """One step as its applicant reads it."""

    name: object
    department: object
    state: State
    lines: tuple[str, ...]
    output: Output | None = None


@dataclass(frozen=True)
class Expected:
    """When the case should be done. `left` are working days from today, negative when the day has passed;
    `provisional` where no holiday notice covers the day yet; `paused` where a pause without an end stands before it."""

    day: date
    left: int
    provisional: bool
    paused: bool


def tracked(work: CaseWork, now_us: int) -> list[Tracked]:
    """The steps of a case in the order of its plan."""
    visits = {row.key: row for row in Inspection.objects.filter(case=work.case)}
    outputs = {row.step_id: row for row in Output.objects.filter(step__case=work.case)}
    waits = _consents_awaited(work)
    found = []
    for key, step in work.steps.items():
        words = _Words(work, key, now_us, visits)
        output = outputs.get(step.pk)
        lines = [*words.main(waits), *words.beside()]
        if output and output.status in ISSUING:
            lines.insert(0, _issuing(work, key, output))
        found.append(
            Tracked(
                work.definition.services[key].name,
                work.definition.departments[step.department].name,
                with_output(step, output),
                tuple(lines),
                output if output and output.status == "valid" else None,
            )
        )
    return found


def _consents_awaited(work: CaseWork) -> list[str]:
    names = {consent.key: consent.name for consent in work.definition.event.consents}
    if not names or work.case.phase != Phase.OPEN:
        return []
    return [say(names[row.key]) for row in work.case.consents.filter(state="asked") if row.key in names]


def _issuing(work: CaseWork, key: str, output: Output) -> str:
    issued = say(work.definition.services[key].output.name)
    if output.status == "not_issued":
        return _("Granted, but the issuing authority did not issue “%(output)s”. The department takes care of it.") % {
            "output": issued
        }
    return _("Granted. “%(output)s” is being issued by another authority; its number appears here.") % {
        "output": issued
    }


@dataclass(frozen=True)
class _Words:
    """The sentences of one step."""

    work: CaseWork
    key: str
    now_us: int
    visits: dict[str, Inspection]

    @property
    def _status(self) -> StepStatus:
        return status_of(self.work.steps[self.key])

    def _day(self, at_us: int) -> str:
        return f"{calendar().date_of(at_us):%Y-%m-%d}"

    def _material(self, key: str) -> str:
        materials = self.work.definition.services[self.key].materials
        return next((say(m.name) for m in materials if m.key == key), key)

    def _reason(self, key: str) -> str:
        known = self.work.definition.reasons.get(key)
        return say(known.name) if known else key

    def main(self, consents: list[str]) -> Iterator[str]:
        """What the state itself means now."""
        state = self._status.state
        if state == StepState.WAITING:
            yield self._waiting(consents)
        elif state == StepState.CORRECTING:
            yield _("Waits for your correction. The department's clock stands until it comes.")
        elif state == StepState.PAUSED:
            yield self._paused()
        elif state in {StepState.PENDING, StepState.ACCEPTED}:
            yield from self._running(state)
        elif state in FINAL:
            yield from self._ended(state)

    def _waiting(self, consents: list[str]) -> str:
        if consents:
            return _("Begins once “%(names)s” is answered.") % {"names": _("”, “").join(consents)}
        needs = self.work.plan.by_key[self.key].needs
        open_ = [key for key in needs if key in self.work.steps and not status_of(self.work.steps[key]).stands]
        names = [say(self.work.definition.services[key].name) for key in sorted(open_)]
        if not names:
            return _("Begins as soon as the case has begun.")
        return _("Waits for the result of “%(names)s”; it is passed on without you.") % {"names": _("”, “").join(names)}

    def _running(self, state: StepState) -> Iterator[str]:
        if self.work.steps[self.key].external and self.work.case.channel != IMPORTED:
            yield _("Decided in the system of another authority; its answer appears here.")
        view = _open_limit(self._limits)
        mark = (view.promised or view.statutory) if view else None
        if state == StepState.PENDING:
            yield _("The department looks whether everything is complete.")
        elif self._status.last("accepted"):
            yield _("Everything is complete; the department decides.")
        else:
            yield _("Nothing was said in time, so it counts as accepted by law; the department decides.")
        if mark and mark.due:
            words = _("Its answer is due by %(day)s.") if mark.remaining >= 0 else _("Its answer was due on %(day)s.")
            yield words % {"day": f"{mark.due:%Y-%m-%d}"}

    @property
    def _limits(self) -> Assessment:
        return self.work.limits(self.key, self.now_us)

    def _paused(self) -> str:
        fact = self._status.last("paused")
        assert fact is not None  # noqa: S101 -- the flow pauses with a fact
        said = {"since": self._day(fact.at_us), "reason": self._reason(fact.reason)}
        if not fact.days:
            return _("The clock stands since %(since)s: %(reason)s. No end was announced.") % said
        until = calendar().add_working_days(calendar().date_of(fact.at_us), fact.days)
        return _("The clock stands since %(since)s: %(reason)s. Announced until %(until)s.") % {
            **said, "until": f"{until:%Y-%m-%d}"
        }  # fmt: skip

    def _ended(self, state: StepState) -> Iterator[str]:
        fact = self._status.last("decided", "not_accepted", "withdrawn", "revoked")
        reason = self.work.steps[self.key].reason_code
        if fact:
            yield _("Since %(day)s.") % {"day": self._day(fact.at_us)}
        if reason and state not in GIVEN:
            yield _("Reason: %(reason)s. What you can do about it stands on the notice.") % {
                "reason": self._reason(reason)
            }
        elif reason:
            yield _("Reason: %(reason)s.") % {"reason": self._reason(reason)}
        if state == StepState.NOT_ACCEPTED:
            yield _("Why, and what you can do about it stands on the notice.")
        if state == StepState.DROPPED:
            yield _("It needed a result that was not granted.")
        delivered = self._status.last("delivered")
        if delivered:
            yield _("Delivered on %(day)s.") % {"day": self._day(delivered.at_us)}

    def beside(self) -> Iterator[str]:
        """What was asked, promised or arranged beside the main line."""
        status, over = self._status, self._status.state in FINAL
        if status.extension_asked and not over:
            yield _("The department asked for more time; that is not decided yet.")
        extended = status.last("extended")
        if extended:
            yield ngettext(
                "The limit was extended by %(days)s day, as the law allows.",
                "The limit was extended by %(days)s days, as the law allows.",
                extended.days,
            ) % {"days": extended.days}
        if status.transfer_asked:
            to = self.work.definition.departments[status.transfer_asked.about].name
            yield _("The department asked “%(department)s” to take it over.") % {"department": say(to)}
        if not over:
            yield from self._inspection()
        yield from self._promises()
        if status.count("need_lost"):
            yield _("A result this rests on is no longer valid.")

    def _inspection(self) -> Iterator[str]:
        planned = self.work.plan.by_key[self.key].inspection
        if not planned or self._status.last("inspected"):
            return
        visit = self.visits.get(planned)
        if visit is None:
            yield _("A visit is part of this; its day is still to be arranged, one for all departments.")
            return
        moment = datetime.fromtimestamp(visit.when_us / 1_000_000, calendar().zone)
        yield _("Visit of all departments together: %(when)s, %(place)s.") % {
            "when": f"{moment:%Y-%m-%d %H:%M}", "place": visit.place
        }  # fmt: skip

    def _promises(self) -> Iterator[str]:
        missed = self._status.promises_missed
        for key, fact in self._status.promised.items():
            said = {"document": self._material(key), "day": self._day(fact.due_us)}
            if key in missed:
                yield _("“%(document)s” was promised by %(day)s and has not come. Please supply it now.") % said
            else:
                yield _("“%(document)s” is promised by %(day)s; the department goes on without it.") % said
        for key, standing in self._status.commitments.items():
            yield {
                "open": _("Your commitment stands for “%(document)s”; it is checked afterwards."),
                "kept": _("Your commitment for “%(document)s” was checked and holds."),
                "broken": _("Your commitment for “%(document)s” was checked and does not hold."),
            }[standing] % {"document": self._material(key)}


def _open_limit(assessment: Assessment) -> LimitView | None:
    return next((view for view in reversed(assessment.limits) if view.ended_us is None), None)


def expected(work: CaseWork, now_us: int) -> Expected | None:
    """The promised end of the whole, or that of the step whose end is later; None once the case is closed.

    The promise counts from the submission; what waits for the applicant or is paused by law moves the step's own end.
    """
    if work.case.phase != Phase.OPEN or work.case.channel == IMPORTED:
        return None
    days, length = calendar(), work.definition.event.promised
    end = due(length.unit, length.days, [Segment(work.case.submitted_us)], days)
    assert end is not None  # noqa: S101 -- a term that nothing pauses has an end
    day, paused = days.date_of(end.at_us), False
    for key in work.steps:
        view = _open_limit(work.limits(key, now_us)) if work.steps[key].facts else None
        mark = (view.promised or view.statutory) if view and view.kind != "correct" else None
        if mark is None:
            paused = paused or work.steps[key].state == StepState.CORRECTING
            continue
        paused = paused or mark.due is None
        day = max(day, mark.due or mark.projected or day)
    today = days.date_of(now_us)
    left = days.working_days_between(today, day) if day >= today else -days.working_days_between(day, today)
    return Expected(day, left, days.provisional(day), paused)
