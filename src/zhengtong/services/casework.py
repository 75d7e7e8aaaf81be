# SPDX-License-Identifier: Apache-2.0
"""Between the pure flow and the tables: load a case under its lock, apply an act, write what changed.

Every act on a case holds the case row's lock, so two departments that decide at once are applied one after the other
and the join in the second one's transaction sees the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

from zhengtong.acts import tables
from zhengtong.acts.actor import SYSTEM, Actor
from zhengtong.acts.authority import Subject
from zhengtong.acts.perform import Act, Action
from zhengtong.acts.serving import city
from zhengtong.acts.work import current
from zhengtong.city.calendar import WorkingCalendar
from zhengtong.errors import Conflict, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.models import Case, CaseForm, Step
from zhengtong.services.published import LifeEvent, published
from zhengtong.services.rules import flow
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.limits import Assessment, assess
from zhengtong.services.rules.plan import Plan, StepPlan
from zhengtong.services.rules.publicity import check_notice

IMPORTED = "import"
"""Channel of a case that another system's tables told of: that system has it already, it is not handed over again."""


def calendar() -> WorkingCalendar:
    """The working-day calendar of the city being served."""
    return city().calendar


@dataclass
class CaseWork:
    """A case with everything its acts need. `subject` says whose it is; `step` narrows it to one department."""

    case: Case
    steps: dict[str, Step]
    step_key: str = ""

    @cached_property
    def definition(self) -> LifeEvent:
        return published(self.case.definition)

    @cached_property
    def form(self) -> CaseForm:
        return self.case.form

    @property
    def plan(self) -> Plan:
        """As the form and the version stand: a correction or a migration may change it."""
        held: tuple[object, str, Plan] | None = self.form.__dict__.get("planned")
        plan = held[2] if held and held[0] is self.form.values and held[1] == self.case.definition else None
        if plan is None:
            plan = self.definition.plan(self.case.answers, self.form.values)
            self.form.__dict__["planned"] = (self.form.values, self.case.definition, plan)
        return plan

    @property
    def subject(self) -> Subject:
        return self._subject({self.case.applicant, self.case.taken_by} - {""})

    @property
    def applicants_subject(self) -> Subject:
        """The case as the applicant's alone: what the clerk who took it in may not do in his stead."""
        return self._subject({self.case.applicant})

    @property
    def readers_subject(self) -> Subject:
        """The case or step as what may be read of it: also by the department that is asked to take it over."""
        asked = self.status.transfer_asked if self.step_key else None
        subject = self.subject
        return replace(subject, departments=subject.departments | {asked.about}) if asked else subject

    def _subject(self, owners: set[str]) -> Subject:
        departments = {s.department for s in self.steps.values()} if not self.step_key else {self.step.department}
        principals = frozenset({self.case.applicant})
        return Subject(
            "case", self.case.number, frozenset(owners), frozenset(departments), principals, self.case.life_event
        )

    @property
    def step(self) -> Step:
        found = self.steps.get(self.step_key)
        if found is None:
            raise NotFound("办件没有这个环节", "the case has no such step", where=self.case.number, found=self.step_key)
        return found

    @property
    def planned(self) -> StepPlan:
        """The step as it was planned."""
        return self.plan.by_key[self.step.key]

    @property
    def status(self) -> flow.StepStatus:
        return status_of(self.step)

    @property
    def state(self) -> flow.CaseState:
        return flow.CaseState(
            flow.Phase(self.case.phase),
            {key: status_of(step) for key, step in self.steps.items()},
        )

    @property
    def case_ref(self) -> ObjectRef:
        return ObjectRef("case", self.case.number)

    def limits(self, key: str, now_us: int) -> Assessment:
        """The limits of one step as of `now_us`."""
        facts = facts_of(self.steps[key])
        held: tuple[object, int, Assessment] | None = self.__dict__.get("assessed")
        found = held[2] if held and held[0] is facts and held[1] == now_us else None
        if found is None:
            terms = self.definition.terms(self.definition.services[key])
            found = assess(terms, facts, calendar(), now_us)
            self.__dict__["assessed"] = (facts, now_us, found)
        return found


_USUAL = tuple((f.name, f.default) for f in fields(Fact))


def facts_of(step: Step) -> tuple[Fact, ...]:
    """The step's facts as the rules know them, made once for as long as the row holds the same list."""
    held: tuple[object, tuple[Fact, ...]] | None = step.__dict__.get("facts_made")
    if held and held[0] is step.facts:
        return held[1]
    facts = tuple(Fact(**fact) for fact in step.facts)
    step.__dict__["facts_made"] = (step.facts, facts)
    return facts


def _set_facts(step: Step, facts: tuple[Fact, ...]) -> None:
    step.facts = [_plain_fact(fact) for fact in facts]
    step.__dict__["facts_made"] = (step.facts, facts)


def status_of(step: Step) -> flow.StepStatus:
    """Where a step stands, for the rules."""
    return flow.StepStatus(flow.StepState(step.state), facts_of(step))


def _plain_fact(fact: Fact) -> dict[str, object]:
    """A fact as JSON, without what is as by default."""
    return {name: value for name, usual in _USUAL if (value := getattr(fact, name)) != usual}


def open_case(number: str, step: str = "", *, lock: bool = True) -> CaseWork:
    """Load a case (holding its lock until the transaction ends), or take it as this transaction left it.

    Raises `NotFound`.
    """
    at_work = current()
    known: CaseWork | None = at_work.recall("case", number) if at_work else None
    if known is None:
        known = _load(number, lock=lock)
        if lock:
            remember(known)
    work = CaseWork(known.case, known.steps, step)
    work.__dict__["form"] = known.form
    if step:
        _ = work.step
    return work


def remember(work: CaseWork) -> None:
    """Let the next acts of this transaction find the case, locked or just made by it, as it is now."""
    at_work = current()
    if at_work:
        at_work.remember("case", work.case.number, work, [work.case, work.form, *work.steps.values()])


def _load(number: str, *, lock: bool) -> CaseWork:
    """Three statements: under the lock of the case, what belongs to it cannot change."""
    at_work = current()
    fetch = at_work.fetch if at_work else tables.fetch
    cases = fetch(Case, "number", number, lock=lock)
    if not cases:
        raise NotFound("没有这个办件", "there is no such case", found=number)
    case = cases[0]
    work = CaseWork(case, {})
    (work.__dict__["form"],) = fetch(CaseForm, "case_id", case.pk, lock=False)
    rows = {row.key: row for row in fetch(Step, "case_id", case.pk, lock=False)}
    work.form.case = case
    for row in rows.values():
        row.case = case
    work.steps = {planned.key: rows[planned.key] for planned in work.plan.steps}
    return work


def due_of(work: CaseWork, key: str, now_us: int) -> int | None:
    """When the department has to have done its next act: the promised end, else the statutory one.

    None where nobody is waiting for the department, or a pause without an end stands before it.
    """
    view = next((v for v in reversed(work.limits(key, now_us).limits) if v.ended_us is None), None)
    if view is None or view.kind == "correct":
        return None
    ends = [mark.due_us for mark in (view.promised, view.statutory) if mark and mark.due_us is not None]
    return min(ends, default=None)


def next_lapse(work: CaseWork, key: str, after_us: int) -> int | None:
    """The first instant later than `after_us` at which an open limit of the step falls due by itself.

    Looked at from just after it, so that what silence does at `after_us` (an acceptance, and with it another clock)
    is done; and never from before the step's last fact. A promise of a document falls due by itself too, and stays due
    until it is recorded as missed.
    """
    status = status_of(work.steps[key])
    promises = [fact.due_us for name, fact in status.promised.items() if name not in status.promises_missed]
    seen_from = max([after_us + 1, *(fact.at_us for fact in facts_of(work.steps[key]))])
    dues = [
        mark.due_us
        for view in work.limits(key, seen_from).limits
        if view.ended_us is None
        for mark in (view.promised, view.statutory)
        if mark and mark.due_us is not None and mark.due_us > after_us
    ]
    return min([*dues, *promises], default=None)


def decision_dues(work: CaseWork, key: str, now_us: int) -> dict[str, Value]:
    """The promised and the statutory end of the decision, as attributes of the event that decides."""
    view = work.limits(key, now_us).limit("decide")
    dues: dict[str, Value] = {}
    if view:
        for name, mark in (("promised", view.promised), ("statutory", view.statutory)):
            if mark and mark.due_us is not None:
                dues[f"{name}_due_us"] = mark.due_us
                dues["provisional"] = mark.provisional
        if view.governing.used is not None:
            dues["used_days"] = view.governing.used
    return dues


def _not_before_what_it_follows(work: CaseWork, flow_act: flow.FlowAct) -> int:
    """When an act happened, in µs. Its clock was read before it had the case's lock, perhaps on another server, so it
    may stand a little before what it follows. What silence caused happened at its own instant, whatever came since."""
    if isinstance(flow_act, flow.MissPromise) or (isinstance(flow_act, flow.Accept) and flow_act.deemed):
        return flow_act.at_us
    facts = (fact for step in work.steps.values() for fact in facts_of(step))
    return max([flow_act.at_us, *(fact.at_us for fact in facts)])


DECIDED = frozenset({"step_granted", "step_refused"})


def move(
    act: Act,
    work: CaseWork,
    flow_act: flow.FlowAct,
    attributes: Mapping[str, Value] | None = None,
    *,
    department: str = "",
) -> tuple[flow.Happened, ...]:
    """Apply `flow_act` to the locked case and write the steps and the case it changes, each with its event.

    `attributes` go to the events of the step the act is on; `department` acts where it is not the one that holds it.
    Raises `Conflict` for what anybody but the import does to an imported case: it is decided where it came from.
    """
    if work.case.channel == IMPORTED and act.actor != SYSTEM:
        raise Conflict(
            "这个办件由来源系统办理，这里只记录",
            "this case is decided by the system it came from; here it is only recorded",
            where=work.case.number,
        )  # fmt: skip
    now = _not_before_what_it_follows(work, flow_act)
    flow_act = replace(flow_act, at_us=now)
    act.now_us = now  # the events, notices and outputs of this act happened when its facts did
    state, happened = flow.apply(work.plan, work.state, flow_act)
    target = getattr(flow_act, "step", "")
    if target:  # an officer of several departments acts for the one the step belongs to
        act.department = department or work.steps[target].department
    for what in happened:
        if not what.step:
            continue
        row, status = work.steps[what.step], state.steps[what.step]
        if what.type == "step_transferred":
            row.department = what.about
        row.state = status.state.value
        _set_facts(row, status.facts)
        row.due_us = due_of(work, what.step, now) if status.facts else None
        dues = decision_dues(work, what.step, now) if what.type in DECIDED else {}
        waits = bool(status.facts) and work.case.channel != IMPORTED  # silence there is for the source to tell
        row.lapse_us = next_lapse(work, what.step, now) if waits else None
        about: dict[str, Value] = {"life_event": work.case.life_event, "service": what.step}
        if what.code:
            about["reason"] = what.code
        if what.about:
            about["about"] = what.about
        if what.type in DECIDED:
            row.decided_by, row.reason_code = act.actor.id, what.code
            about |= dues
        if what.step == target:
            about |= attributes or {}
        act.record(what.type, row, [work.case_ref], about)
        if what.type == "step_received" and row.external and work.case.channel != IMPORTED:
            act.post("services.push", {"case": work.case.number, "step": what.step})
    _write_case(act, work, state, happened)
    return happened


def _write_case(act: Act, work: CaseWork, state: flow.CaseState, happened: tuple[flow.Happened, ...]) -> None:
    """Write the case where it closes, or where what it came to changes after that."""
    for what in happened:
        if what.type in {"case_closed", "case_outcome_changed"}:
            work.case.phase = state.phase.value
            if what.type == "case_closed":
                work.case.closed_us = act.now_us
            about: dict[str, Value] = {"life_event": work.case.life_event, "outcome": what.code}
            act.record(what.type, work.case, attributes=about)


def check_public_notice(work: CaseWork, now_us: int) -> None:
    """Raises `Conflict` for a grant of the work's step before the public notice is over that its service asks for."""
    publicity = work.definition.services[work.step.key].publicity
    if publicity:
        check_notice(publicity.compiled(), work.limits(work.step.key, now_us), calendar(), now_us)


@dataclass
class ApplicantsCase:
    """A case as the target of what only its applicant may do."""

    work: CaseWork

    @property
    def subject(self) -> Subject:
        return self.work.applicants_subject


@dataclass(frozen=True)
class OnStep(Action[CaseWork]):
    """An action on one step of a case, which it locks."""

    case: str
    step: str

    def target(self, actor: Actor) -> CaseWork:
        return open_case(self.case, self.step)
