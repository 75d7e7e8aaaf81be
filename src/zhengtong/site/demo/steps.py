# SPDX-License-Identifier: Apache-2.0
"""What departments, outside systems and applicants do with the steps of a case."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from zhengtong.acts.actor import SYSTEM
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.record_lapse import RecordDeemedAcceptance
from zhengtong.services.actions.resume_step import ResumeStep
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import OnStep
from zhengtong.services.rules import flow
from zhengtong.services.rules.flow import FINAL, Accept, Decide, FlowAct, NotAccept, Pause, Phase, Resume, StepState
from zhengtong.services.rules.flow import AskCorrection as Asked
from zhengtong.services.rules.flow import SupplyCorrection as Supplied
from zhengtong.services.rules.flow import Withdraw as Withdrawn
from zhengtong.services.rules.publicity import notice_until
from zhengtong.site.demo import beside, lapses, transfers
from zhengtong.site.demo.ratings import perhaps_rate

if TYPE_CHECKING:
    from zhengtong.site.demo.play import Play, Running

WITHDRAWN, NOT_ACCEPTED, REFUSED, PAUSED, CORRECTED = 0.02, 0.008, 0.02, 0.08, 0.07
"""How often things happen in an ordinary year: assumptions of the demo."""
STRUCK = {"wrong_corrections": 0.7, "no_scanner": 0.65, "changed_form": 0.45}
"""How often they happen where a cause strikes."""
SLOWER = {"slow_system": 6.0, "holiday_backlog": 4.0, "short_of_staff": 2.0}
DAY = 86_400_000_000
OUTSIDE_DAYS = 1.1
"""How long an outside system usually takes."""
PUBLICITY = "publicity"
"""The reason for which the days of a public notice are excluded."""


def begin(play: Play, case: Running, at_us: int) -> None:
    if play.draw.random() < WITHDRAWN:
        play.later(play.working(at_us, play.draw.uniform(0.2, 3)), partial(_withdraw, play, case))
    for key, step in case.state.steps.items():
        if step.state is StepState.PENDING:
            _receive(play, case, key, at_us)
    lapses.watch(play, case, flow.start(case.plan), at_us)
    beside.expect_promised(play, case, at_us)


def follow(play: Play, case: Running, act: FlowAct, at_us: int) -> None:
    """The case after an act: steps that begin with it are received; a closed case may be rated."""
    before = case.state
    case.state, _ = flow.apply(case.plan, before, act)
    for key, step in case.state.steps.items():
        if step.state is StepState.PENDING and before.steps[key].state is StepState.WAITING:
            _receive(play, case, key, at_us)
    lapses.watch(play, case, before, at_us)
    beside.perhaps_visit(play, case, at_us)
    if before.phase is Phase.OPEN and case.state.phase not in {Phase.OPEN, Phase.WITHDRAWN}:
        perhaps_rate(play, case, at_us)


def _is(case: Running, step: str, *states: StepState) -> bool:
    return case.state.steps[step].state in states


def _department(case: Running, step: str) -> str:
    return transfers.holder(case, step)


def _done_at(play: Play, case: Running, step: str, at_us: int) -> int:
    """When the department has looked at it: its queue, and what a story does to it."""
    day, department = play.day(at_us), _department(case, step)
    effort = play.draw.lognormvariate(-0.12, 0.5)
    if play.story.strike("holiday_backlog", day, department=department):
        effort *= SLOWER["short_of_staff"]
    office = play.office(department)
    away = play.story.strike("officer_away", day, service=step)
    if away:
        back = play.calendar.end_of_day(away.last) + 1
        return play.working(office.done_at(at_us, effort, not_before_us=back), play.draw.uniform(0, 2.5))
    return max(office.done_at(at_us, effort), at_us + 1)


def _receive(play: Play, case: Running, step: str, at_us: int) -> None:
    if case.plan.by_key[step].external:
        play.later(at_us + DAY // 1440, partial(_outside_accepts, play, case, step))
    else:
        play.later(_done_at(play, case, step, at_us), partial(_look, play, case, step, at_us))


def _look(play: Play, case: Running, step: str, received_us: int, now: int, *, again: bool = False) -> None:
    """The first look: ask for corrections, do not accept, or accept."""
    if not _is(case, step, StepState.PENDING):
        return
    deemed = _deemed_us(play, case, step, received_us)
    if deemed is not None and deemed < now:
        play.do(RecordDeemedAcceptance(case.number, step), SYSTEM, f"lapse/{case.number}/{step}", deemed)
        follow(play, case, Accept(step, deemed, deemed=True), deemed)
        _work(play, case, step, now)
    elif not again and (item := _to_correct(play, case, step, now)):
        text = "材料看不清或与填写内容不一致，请更正。"
        _officer_does(play, case, AskCorrection(case.number, step, (item,), text), now)
        follow(play, case, Asked(step, now, (item,)), now)
        case.asked[step] = item
        play.later(play.working(now, play.draw.uniform(0.3, 4)), partial(_supply, play, case))
    elif not again and play.draw.random() < NOT_ACCEPTED and (code := _reason(case, "not_accept")):
        _officer_does(play, case, NotAcceptStep(case.number, step, code), now)
        follow(play, case, NotAccept(step, now, code), now)
    else:
        _officer_does(play, case, AcceptStep(case.number, step), now)
        follow(play, case, Accept(step, now), now)
        _work(play, case, step, now)


def _officer_does(play: Play, case: Running, action: OnStep, now: int) -> None:
    name = f"demo/{case.number}/{action.step}/{action.verb}"
    play.do(action, play.officer(_department(case, action.step)), name, now)


def _deemed_us(play: Play, case: Running, step: str, received_us: int) -> int | None:
    """When silence counts as acceptance, in a regime that says so."""
    regime = case.event.regimes[case.plan.by_key[step].regime]
    if not regime.deemed or regime.accept is None:
        return None
    last = play.calendar.add_working_days(play.day(received_us), regime.accept.days)
    return play.calendar.end_of_day(last)


def _reason(case: Running, use: str) -> str:
    """The first reason a city lists for this use, but for notice periods, which only some steps have."""
    return next((r.key for r in case.event.reasons.values() if r.use == use and r.key != PUBLICITY), "")


def _to_correct(play: Play, case: Running, step: str, now: int) -> str:
    """What the department finds wrong, "" for nothing."""
    service = case.event.services[step]
    if case.plan.by_key[step].corrections < 1:
        return ""
    documents = [m.key for m in service.materials if m.key in case.uploads]
    names = [key for key in service.elements if key.endswith("_name") and key in case.values and key != "business_name"]
    own = [*documents, *names]
    wrongly = play.story.strike("wrong_corrections", play.day(now), service=step)
    if wrongly and wrongly.item in own and play.draw.random() < STRUCK["wrong_corrections"]:
        return wrongly.item
    scanned = play.story.strike("no_scanner", play.day(case.submitted_us)) if case.counter else None
    if scanned and documents and play.draw.random() < STRUCK["no_scanner"]:
        return play.draw.choice(documents)
    return play.draw.choice(own) if own and play.draw.random() < CORRECTED else ""


def _supply(play: Play, case: Running, now: int) -> None:
    """The applicant answers every open request at once."""
    open_steps = [key for key, step in case.state.steps.items() if step.state is StepState.CORRECTING]
    if not open_steps:
        return
    raw: dict[str, str] = {}
    materials = []
    for step in open_steps:
        item = case.asked[step]
        if item in case.values:
            raw[item] = play.filler.another_name(str(case.values[item]))
        else:
            materials.append(play.papers[item])
    unique = tuple({m.key: m for m in materials}.values())
    key = f"demo/{case.number}/correct/{len(case.asked)}/{open_steps[0]}"
    play.do(SupplyCorrection(case.number, raw, unique), case.applicant, key, now)
    case.values = {**case.values, **raw}
    follow(play, case, Supplied(now), now)
    for step in open_steps:
        play.later(_done_at(play, case, step, now), partial(_look, play, case, step, now, again=True))


def _work(play: Play, case: Running, step: str, now: int) -> None:
    """From acceptance to decision: as long as was promised at most, as a rule, and then the queue."""
    service = case.event.services[step]
    if service.publicity:
        until = notice_until(service.publicity.compiled(), lapses.limits(play, case, step, now), play.calendar) or now
        pause = PauseStep(case.number, step, PUBLICITY)
        play.later(now + DAY // 1440, partial(_pause, play, case, pause, until - now))
        return
    beside.expect_checks(play, case, step, now)
    if case.plan.by_key[step].inspection:
        return  # the visit comes first; `beside` arranges it when all have accepted
    if beside.more_time(play, case, step, now):
        return
    if case.event.regimes[service.regime].deemed and play.draw.random() < PAUSED and (code := _reason(case, "pause")):
        length = play.draw.uniform(3, 8) * DAY
        play.later(play.working(now, 0.3), partial(_pause, play, case, PauseStep(case.number, step, code), int(length)))
        return
    promised = service.promised
    days = {"hours": promised.days / 8, "calendar_days": promised.days * 5 / 7}.get(promised.unit, promised.days)
    usual = days * play.draw.lognormvariate(-1.15, 0.5)
    if play.story.strike("holiday_backlog", play.day(now), department=service.department):
        usual *= SLOWER["holiday_backlog"]
    play.later(play.working(now, usual), partial(worked, play, case, step))


def worked(play: Play, case: Running, step: str, now: int) -> None:
    """Ready to be decided, if the step stays where it is."""
    hops = transfers.hops(play, case, step, now)
    then, following = partial(_queue, play, case, step), partial(follow, play, case)
    transfers.hand_over(play, transfers.Handing(case, step, hops, following, then), now)


def _queue(play: Play, case: Running, step: str, now: int) -> None:
    play.later(_done_at(play, case, step, now), partial(_decide, play, case, step))


def _pause(play: Play, case: Running, pause: PauseStep, length_us: int, now: int) -> None:
    step, code = pause.step, pause.reason
    if _is(case, step, StepState.ACCEPTED):
        _officer_does(play, case, pause, now)
        follow(play, case, Pause(step, now, code), now)
        play.later(play.working(now + length_us, 0.1), partial(_resume, play, case, step))


def _resume(play: Play, case: Running, step: str, now: int) -> None:
    if _is(case, step, StepState.PAUSED):
        _officer_does(play, case, ResumeStep(case.number, step), now)
        follow(play, case, Resume(step, now), now)
        _queue(play, case, step, play.working(now, 0.2))


def _decide(play: Play, case: Running, step: str, now: int) -> None:
    if not _is(case, step, StepState.ACCEPTED):
        return
    if beside.waits_for_document(case, step):
        play.later(play.working(now, 1), partial(_decide, play, case, step))
        return
    changed = play.story.strike("changed_form", play.day(case.submitted_us), service=step) if case.fresh else None
    code = _reason(case, "refuse") if play.draw.random() < (STRUCK["changed_form"] if changed else REFUSED) else ""
    code = code or ("" if beside.may_grant(case, step) else _reason(case, "refuse"))
    granted, parts = not code, () if code else beside.some_parts(play, case, step)
    code = code or (_reason(case, "refuse") if parts else "")
    text = "填写的内容与证明材料不符。" if not granted else "其余分项不符合条件。" if parts else ""
    _officer_does(play, case, DecideStep(case.number, step, granted, code, text, parts), now)
    follow(play, case, Decide(step, now, granted, code, parts=parts), now)
    beside.decided(play, case, step, now)


def _withdraw(play: Play, case: Running, now: int) -> None:
    if case.state.phase is Phase.OPEN and any(s.state not in FINAL for s in case.state.steps.values()):
        play.do(WithdrawCase(case.number), case.applicant, f"demo/{case.number}/withdraw", now)
        follow(play, case, Withdrawn(now), now)


def _outside_accepts(play: Play, case: Running, step: str, now: int) -> None:
    if not _is(case, step, StepState.PENDING):
        return
    system = case.plan.by_key[step].external
    play.do(RecordExternalAcceptance(case.number, step), SYSTEM, f"accepted/{case.number}.{step}", now)
    follow(play, case, Accept(step, now, system=system), now)
    slow = SLOWER["slow_system"] if play.story.strike("slow_system", play.day(now), system=system) else 1.0
    taken = play.draw.lognormvariate(0, 0.5) * OUTSIDE_DAYS * slow
    play.later(now + int(taken * DAY), partial(_outside_decides, play, case, step))


def _outside_decides(play: Play, case: Running, step: str, now: int) -> None:
    if not _is(case, step, StepState.ACCEPTED):
        return
    serial = hashlib.sha256(f"{case.number}/{step}".encode()).hexdigest()[:10].upper()
    action = RecordExternalDecision(case.number, step, True, f"C-{serial}")
    play.do(action, SYSTEM, f"decided/{case.number}.{step}", now)
    follow(play, case, Decide(step, now, True, system=case.plan.by_key[step].external), now)
