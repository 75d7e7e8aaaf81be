# SPDX-License-Identifier: Apache-2.0
"""Every act of a case through `perform`, in any order, by anybody, keys replayed, held against a model.

The model is the pure flow and a plain table of who may do what. Whatever is done, rows and model say the same; whatever
is refused leaves no trace; limits can always be computed; and at the end every row agrees with its events.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from people import OTHER, PARENT, key, uploaded
from services.kiosk import (
    FIRE_OFFICER,
    FIRE_STEP,
    HEAD,
    LEADER,
    LICENCE_STEP,
    MARKET,
    OTHER_HEAD,
    STAND_STEP,
    URBAN,
    filing,
    make_folder,
    served,
)
from services.record import DAY_US, HOUR_US, MONDAY_US, written
from zhengtong.acts.actor import Actor
from zhengtong.acts.perform import Action, Done, perform
from zhengtong.errors import BadInput, Conflict, KeyReused, NotFound, Refused
from zhengtong.ledger import audit_rows
from zhengtong.ledger.models import Event, RecordedRow
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.ask_extension import AskExtension
from zhengtong.services.actions.check_commitment import CheckCommitment
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.deliver_result import DeliverResult
from zhengtong.services.actions.extend_step import ExtendStep, RefuseExtensionOfStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_inspection import RecordInspection
from zhengtong.services.actions.resume_step import ResumeStep
from zhengtong.services.actions.revoke_output import RevokeOutput
from zhengtong.services.actions.schedule_inspection import ScheduleInspection
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.supply_promised import SupplyPromised
from zhengtong.services.actions.transfer_step import ReturnTransfer, SignTransfer, TransferStep
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.models import Output
from zhengtong.services.replaying import replay
from zhengtong.services.rules import flow
from zhengtong.services.rules.special import department_of
from zhengtong.services.sweep import sweep

EVERYBODY = (PARENT, OTHER, MARKET, URBAN, FIRE_OFFICER, HEAD, OTHER_HEAD, LEADER)
STEPS = (LICENCE_STEP, FIRE_STEP, STAND_STEP)
PLACE = "一号亭"
SERIAL = itertools.count(1)  # every correction changes something
Build = Callable[[str, str, int], tuple[Action[Any], flow.FlowAct]]


def inspection(number: str, step: str, at: int) -> tuple[Action[Any], flow.FlowAct]:
    when = at + 3 * DAY_US
    return ScheduleInspection(number, "visit", when, PLACE), flow.ScheduleInspection("visit", at, -1)


def supplied(name: str) -> Build:
    return lambda n, s, t: (
        SupplyPromised(n, (uploaded(name),)), flow.SupplyPromised(t, frozenset({name}))
    )  # fmt: skip


# What can be done, as an action and as the move it stands for in the model; and who may: "o" an officer of the step's
# department, "h" its head, "a" the applicant, "r" an officer of the department that was asked, "l" the visit's lead.
ACTS: dict[str, tuple[str, Build]] = {
    "accept": ("o", lambda n, s, t: (AcceptStep(n, s), flow.Accept(s, t))),
    "not accept": ("o", lambda n, s, t: (NotAcceptStep(n, s, "not-needed"), flow.NotAccept(s, t, "not-needed"))),
    "ask": ("o", lambda n, s, t: (
        AskCorrection(n, s, ("contact_mobile",), "请核对"), flow.AskCorrection(s, t, ("contact_mobile",))
    )),
    "correct": ("a", lambda n, s, t: (
        SupplyCorrection(n, {"contact_mobile": f"139{next(SERIAL):08d}"}), flow.SupplyCorrection(t)
    )),
    "pause": ("o", lambda n, s, t: (PauseStep(n, s, "hearing", 3), flow.Pause(s, t, "hearing", 3))),
    "resume": ("o", lambda n, s, t: (ResumeStep(n, s), flow.Resume(s, t))),
    "grant": ("o", lambda n, s, t: (DecideStep(n, s, True), flow.Decide(s, t, True))),
    "grant in part": ("o", lambda n, s, t: (
        DecideStep(n, s, True, "conditions-not-met", "", ("hot",)),
        flow.Decide(s, t, True, "conditions-not-met", parts=("hot",)),
    )),
    "refuse": ("o", lambda n, s, t: (
        DecideStep(n, s, False, "conditions-not-met"), flow.Decide(s, t, False, "conditions-not-met")
    )),
    "ask extension": ("o", lambda n, s, t: (AskExtension(n, s, 4, "理由"), flow.AskExtension(s, t, 4))),
    "extend": ("h", lambda n, s, t: (ExtendStep(n, s), flow.Extend(s, t, "head"))),
    "refuse extension": ("h", lambda n, s, t: (RefuseExtensionOfStep(n, s, "理由"), flow.RefuseExtension(s, t))),
    "transfer": ("o", lambda n, s, t: (TransferStep(n, s, "urban", "理由"), flow.Transfer(s, t, "urban"))),
    "transfer back": ("o", lambda n, s, t: (TransferStep(n, s, "market", "理由"), flow.Transfer(s, t, "market"))),
    "sign": ("r", lambda n, s, t: (SignTransfer(n, s), flow.SignTransfer(s, t))),
    "return": ("r", lambda n, s, t: (ReturnTransfer(n, s, "理由"), flow.ReturnTransfer(s, t))),
    "arrange": ("l", inspection),
    "pass": ("o", lambda n, s, t: (RecordInspection(n, s, True, "合格"), flow.RecordInspection(s, t, True))),
    "fail": ("o", lambda n, s, t: (RecordInspection(n, s, False, "不合格"), flow.RecordInspection(s, t, False))),
    "supply plan": ("a", supplied("plan")),
    "supply photo": ("a", supplied("photo")),
    "kept": ("o", lambda n, s, t: (
        CheckCommitment(n, s, "proof", True, "属实"), flow.CheckCommitment(s, t, "proof", True)
    )),
    "broken": ("o", lambda n, s, t: (
        CheckCommitment(n, s, "proof", False, "不实"), flow.CheckCommitment(s, t, "proof", False)
    )),
    "deliver": ("o", lambda n, s, t: (DeliverResult(n, s, "post"), flow.Deliver(s, t))),
    "revoke": ("h", lambda n, s, t: (
        RevokeOutput(n, s, "obtained-by-deceit", "理由"), flow.Revoke(s, t, "obtained-by-deceit")
    )),
    "cancel": ("h", lambda n, s, t: (
        RevokeOutput(n, s, "no-longer-carried-on", "理由"), flow.Revoke(s, t, "no-longer-carried-on", True)
    )),
    "withdraw": ("a", lambda n, s, t: (WithdrawCase(n), flow.Withdraw(t))),
}  # fmt: skip
ENDS = {"withdraw", "not accept", "refuse"}


class AnyOrder(RuleBasedStateMachine):
    version: ClassVar[str]
    done: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.clock = MONDAY_US
        self.performed: list[tuple[Action[Any], Actor, str, Done]] = []

    @initialize(brought=st.sets(st.sampled_from(["plan", "photo", "proof"])))
    def apply_for_it(self, brought: set[str]) -> None:
        missing = {"plan", "photo", "proof"} - brought
        promised = tuple(sorted(missing & {"plan", "photo"}))
        filed = filing(self.version, tuple(sorted(brought)), promised=promised, committed=tuple(missing & {"proof"}))
        self.number = self._perform(filed, PARENT).result["case"]
        work = open_case(self.number, lock=False)
        self.plan = work.plan
        dues = {k: fact.due_us for k, fact in work.state.steps[LICENCE_STEP].promised.items()}
        assert set(dues) == set(promised) and all(due > self.clock for due in dues.values())
        submit = flow.Submit(self.clock, dues, frozenset(missing & {"proof"}))
        self.model, _ = flow.apply(self.plan, flow.start(self.plan), submit)

    def _perform(self, action: Action[Any], actor: Actor) -> Done:
        name = key()
        done = perform(action, actor, name, at_us=self.clock)
        self.performed.append((action, actor, name, done))
        return done

    def _may(self, who: str, actor: Actor, step: str) -> bool:
        """Who may, said once more and otherwise than the house does."""
        status = self.model.steps[step]
        held = department_of(self.plan.by_key[step], status)
        asked = status.transfer_asked
        return {
            "a": actor == PARENT,
            "o": held in actor.departments("officer"),
            "h": held in actor.departments("head"),
            "r": bool(asked and asked.about in actor.departments("officer")),
            "l": actor == MARKET,
        }[who]

    def _now(self) -> int:
        """No act of a case comes before what it follows."""
        return max([self.clock, *(fact.at_us for step in self.model.steps.values() for fact in step.facts)])

    def _model_after(self, move: flow.FlowAct) -> flow.CaseState | None:
        if isinstance(move, flow.ScheduleInspection):
            move = replace(move, days=self._days())
        try:
            return flow.apply(self.plan, self.model, replace(move, at_us=self._now()))[0]
        except (Conflict, BadInput):
            return None

    def _days(self) -> int:
        """Working days from the arrangement to the visit."""
        days = calendar()
        return days.working_days_between(days.date_of(self.clock), days.date_of(self.clock + 3 * DAY_US))

    def attempt(self, name: str, step: str, actor: Actor) -> None:
        who, build = ACTS[name]
        action, move = build(self.number, step, self.clock)
        allowed, after = self._may(who, actor, step), self._model_after(move)
        before = written()
        try:
            self._perform(action, actor)
        except (Refused, Conflict, BadInput, NotFound) as error:
            assert written() == before, "what is refused leaves nothing behind"
            late = name in {"ask extension", "extend"} and "passed" in str(error)
            assert not allowed or after is None or late, f"{name} on {step} should have been done: {error}"
            return
        assert allowed, f"{name} on {step} was done by who may not"
        assert after is not None, f"{name} on {step} was done although the flow does not allow it"
        self.model = after
        self.done.add(name)

    @rule(data=st.data())
    def the_case_goes_on(self, data: st.DataObject) -> None:
        """Something that the flow allows now, by somebody who may; what ends a case only now and then."""
        possible = [
            (name, step)
            for name, (_who, build) in ACTS.items()
            for step in STEPS
            if name not in ENDS and self._model_after(build(self.number, step, self.clock)[1]) is not None
        ]
        if possible:
            name, step = data.draw(st.sampled_from(possible))
            who = ACTS[name][0]
            self.attempt(name, step, next((one for one in EVERYBODY if self._may(who, one, step)), PARENT))

    @precondition(lambda self: len(self.performed) > 4)
    @rule(name=st.sampled_from(sorted(ACTS)), step=st.sampled_from(STEPS), actor=st.sampled_from(EVERYBODY))
    def anybody_does_anything(self, name: str, step: str, actor: Actor) -> None:
        self.attempt(name, step, actor)

    @rule(hours=st.sampled_from([0, 1, 24, 60, 200]))
    def time_passes_and_is_swept(self, hours: int) -> None:
        self.clock += hours * HOUR_US
        sweep(self.clock)
        for step, status in self.model.steps.items():
            for material, fact in status.promised.items():
                if fact.due_us < self.clock and material not in status.promises_missed:
                    missed = flow.MissPromise(step, fact.due_us, material)
                    self.model, _ = flow.apply(self.plan, self.model, missed)
        assert sweep(self.clock) == 0, "what time caused is recorded once"

    @precondition(lambda self: bool(self.performed))
    @rule(data=st.data())
    def a_key_comes_back(self, data: st.DataObject) -> None:
        action, actor, name, done = data.draw(st.sampled_from(self.performed))
        before = written()
        again = perform(action, actor, name, at_us=self.clock)
        assert (again.act, again.result, again.replayed) == (done.act, done.result, True)
        if isinstance(action, AcceptStep):
            with pytest.raises(KeyReused):
                perform(replace(action, step="other"), actor, name, at_us=self.clock)
        assert written() == before

    @invariant()
    def rows_say_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        work = open_case(self.number, lock=False)
        assert work.state == self.model
        for key_, step in work.steps.items():
            assert step.department == department_of(self.plan.by_key[key_], self.model.steps[key_])
            work.limits(key_, self.clock)
        ended = all(step.state in flow.FINAL for step in self.model.steps.values())
        assert (work.case.phase != "open") == ended == (work.case.closed_us is not None)

    @invariant()
    def an_output_is_as_valid_as_its_step(self) -> None:
        if not hasattr(self, "model"):
            return
        outputs = dict(Output.objects.filter(step__case__number=self.number).values_list("step__key", "status"))
        given = {k for k, s in self.model.steps.items() if s.state in flow.GIVEN or s.count("revoked")}
        assert set(outputs) == given
        assert {k for k, status in outputs.items() if status == "valid"} == {
            k for k, s in self.model.steps.items() if s.stands
        }

    def teardown(self) -> None:
        if hasattr(self, "number"):
            closed = Event.objects.filter(type="case_closed", objects_touched__object_id=self.number).distinct().count()
            assert closed == (self.model.phase is not flow.Phase.OPEN)


@pytest.mark.django_db
def test_any_order_of_acts_keeps_rows_record_and_rules_in_agreement(tmp_path: Path) -> None:
    with served(make_folder(tmp_path / "city")) as version:
        AnyOrder.version = version
        AnyOrder.done = set()
        run_state_machine_as_test(
            AnyOrder,
            settings=settings(
                deadline=None, max_examples=100, stateful_step_count=40, suppress_health_check=list(HealthCheck)
            ),
        )
        assert not list(audit_rows.walk(RecordedRow.audited(), lambda done: None))
        assert not replay(compare=True).differs, "the events alone tell where every step stands"
        assert len(AnyOrder.done) >= 2 * len(ACTS) // 3, f"hardly anything was done: {sorted(AnyOrder.done)}"
