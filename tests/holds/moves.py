# SPDX-License-Identifier: Apache-2.0
"""Everything that can be done to a case, as the real action and as the act of the pure flow it must amount to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from people import DEPARTMENT, FORM, PARENT, officer
from zhengtong.acts.actor import SYSTEM, Actor
from zhengtong.acts.perform import Action
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.resume_step import ResumeStep
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.rules import flow

EXTERNAL = "social-security-card"
SYSTEM_KEY = "card-system"


@dataclass(frozen=True)
class Move:
    """`action` is done by `actor`; it must amount to `act(at_us)` in the flow, after `implies(at_us)` where that step
    had not come so far: a system that decides has accepted, whether or not it told."""

    action: Action[Any]
    actor: Actor
    act: Callable[[int], flow.FlowAct]
    implies: Callable[[int], flow.FlowAct] | None = None


Builder = Callable[[str, str], tuple[Action[Any], Callable[[int], flow.FlowAct]]]

OF_A_DEPARTMENT: dict[str, Builder] = {
    "accept": lambda c, s: (AcceptStep(c, s), lambda at: flow.Accept(s, at)),
    "grant": lambda c, s: (DecideStep(c, s, granted=True), lambda at: flow.Decide(s, at, True)),
    "refuse": lambda c, s: (
        DecideStep(c, s, False, "conditions-not-met", "不符合条件"),
        lambda at: flow.Decide(s, at, False, "conditions-not-met"),
    ),
    "not_accept": lambda c, s: (NotAcceptStep(c, s, "not-needed"), lambda at: flow.NotAccept(s, at, "not-needed")),
    "ask": lambda c, s: (
        AskCorrection(c, s, ("child_name",), "姓名与出生医学证明不一致"),
        lambda at: flow.AskCorrection(s, at, ("child_name",)),
    ),
    "pause": lambda c, s: (PauseStep(c, s, "hearing"), lambda at: flow.Pause(s, at, "hearing")),
    "resume": lambda c, s: (ResumeStep(c, s), lambda at: flow.Resume(s, at)),
}
OF_THE_SYSTEM: dict[str, Builder] = {
    "external_accept": lambda c, s: (
        RecordExternalAcceptance(c, s),
        lambda at: flow.Accept(s, at, system=SYSTEM_KEY),
    ),
    "external_grant": lambda c, s: (
        RecordExternalDecision(c, s, True, "CARD-1"),
        lambda at: flow.Decide(s, at, True, system=SYSTEM_KEY),
    ),
    "external_refuse": lambda c, s: (
        RecordExternalDecision(c, s, False, reason="photo_not_usable"),
        lambda at: flow.Decide(s, at, False, "photo_not_usable", system=SYSTEM_KEY),
    ),
}
STEPS = tuple(DEPARTMENT)


def of_department(name: str, case: str, step: str) -> Move:
    action, act = OF_A_DEPARTMENT[name](case, step)
    return Move(action, officer(DEPARTMENT[step]), act)


def of_system(name: str, case: str) -> Move:
    action, act = OF_THE_SYSTEM[name](case, EXTERNAL)
    accepts = OF_THE_SYSTEM["external_accept"](case, EXTERNAL)[1]
    return Move(action, SYSTEM, act, None if name == "external_accept" else accepts)


def supply(case: str, turn: int) -> Move:
    """A corrected name, another one each turn: a correction that changes nothing is none."""
    raw = {**FORM, "child_name": "林知" + chr(0x4E00 + turn)}
    return Move(SupplyCorrection(case, raw), PARENT, flow.SupplyCorrection)


def withdraw(case: str) -> Move:
    return Move(WithdrawCase(case), PARENT, flow.Withdraw)
