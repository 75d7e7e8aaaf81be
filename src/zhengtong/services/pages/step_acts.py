# SPDX-License-Identifier: Apache-2.0
"""From a posted step form to the action it means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import QueryDict

from zhengtong.acts.perform import Action
from zhengtong.errors import BadInput, FormFaults, ZhengtongError
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
from zhengtong.services.actions.transfer_step import ReturnTransfer, SignTransfer, TransferStep
from zhengtong.services.casework import CaseWork, calendar
from zhengtong.services.pages.step_forms import LONGEST

Build = Callable[[CaseWork, QueryDict], Action[Any]]


def _faulty(**faults: ZhengtongError) -> FormFaults:
    return FormFaults(faults)


def _words(post: QueryDict) -> str:
    """What the officer wrote. Raises `FormFaults` for a text no notice can hold."""
    text = post.get("text") or ""
    if len(text) > LONGEST:
        zh, en = f"说明最多 {LONGEST} 个字", f"an explanation has at most {LONGEST} characters"
        raise _faulty(text=BadInput(zh, en, found=len(text), expected=f"≤ {LONGEST}"))
    return text


def _number(post: QueryDict, name: str, empty: int | None = None) -> int:
    """Raises `FormFaults` unless a small whole number stands there."""
    text = (post.get(name) or "").strip()
    if not text and empty is not None:
        return empty
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise _faulty(**{name: BadInput("请填写天数", "enter a number of days", found=text[:20] or None)})
    return int(text)


def _yes(post: QueryDict, name: str) -> bool:
    if post.get(name) not in {"yes", "no"}:
        raise _faulty(**{name: BadInput("请选择一项", "please choose one")})
    return post[name] == "yes"


def _some(post: QueryDict, name: str) -> tuple[str, ...]:
    items = tuple(post.getlist(name))
    if not items:
        raise _faulty(**{name: BadInput("请至少勾选一项", "tick at least one")})
    return items


def _when(post: QueryDict) -> int:
    """The instant of an appointment in the city's time, in µs."""
    day, hour = (post.get("day") or "").strip(), (post.get("hour") or "").strip()
    try:
        moment = datetime.strptime(f"{day} {hour}", "%Y-%m-%d %H:%M").replace(tzinfo=calendar().zone)
    except ValueError:
        wrong = BadInput("请填写日期和时间", "enter the day and the time of day", expected="2026-03-09, 09:30")
        raise _faulty(day=wrong) from None
    return int(moment.timestamp()) * 1_000_000


def _of(post: QueryDict, name: str) -> str:
    return (post.get(name) or "")[:64]


# What a button does: the value it sends, and the action it becomes.
BUTTONS: dict[str, Build] = {
    "accept": lambda w, p: AcceptStep(w.case.number, w.step_key),
    "not_accept": lambda w, p: NotAcceptStep(w.case.number, w.step_key, _of(p, "reason"), _words(p)),
    "ask": lambda w, p: AskCorrection(w.case.number, w.step_key, _some(p, "items"), _words(p)),
    "pause": lambda w, p: PauseStep(w.case.number, w.step_key, _of(p, "reason"), _number(p, "days", 0)),
    "resume": lambda w, p: ResumeStep(w.case.number, w.step_key),
    "grant": lambda w, p: DecideStep(w.case.number, w.step_key, granted=True),
    "grant_in_part": lambda w, p: DecideStep(
        w.case.number, w.step_key, True, _of(p, "reason"), _words(p), _some(p, "parts")
    ),
    "refuse": lambda w, p: DecideStep(w.case.number, w.step_key, False, _of(p, "reason"), _words(p)),
    "ask_extension": lambda w, p: AskExtension(w.case.number, w.step_key, _number(p, "days"), _words(p)),
    "extend": lambda w, p: ExtendStep(w.case.number, w.step_key),
    "refuse_extension": lambda w, p: RefuseExtensionOfStep(w.case.number, w.step_key, _words(p)),
    "transfer": lambda w, p: TransferStep(w.case.number, w.step_key, _of(p, "to"), _words(p)),
    "sign_transfer": lambda w, p: SignTransfer(w.case.number, w.step_key),
    "return_transfer": lambda w, p: ReturnTransfer(w.case.number, w.step_key, _words(p)),
    "schedule": lambda w, p: ScheduleInspection(
        w.case.number, w.planned.inspection, _when(p), (p.get("place") or "")[:500]
    ),
    "inspect": lambda w, p: RecordInspection(w.case.number, w.step_key, _yes(p, "passed"), _words(p)),
    "check": lambda w, p: CheckCommitment(
        w.case.number, w.step_key, _of(p, "material"), _yes(p, "kept"), _words(p)
    ),
    "deliver": lambda w, p: DeliverResult(w.case.number, w.step_key, _of(p, "way")),
    "revoke": lambda w, p: RevokeOutput(w.case.number, w.step_key, _of(p, "reason"), _words(p)),
}  # fmt: skip

SAID_WHERE = {"when": "day"}
"""Fields of actions that the page asks for under another name."""
