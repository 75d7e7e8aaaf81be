# SPDX-License-Identifier: Apache-2.0
"""What goes beside the main line of a step over the year: more time, joint visits, checks of what was promised, grants
in part, results handed over, and grants taken back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zhengtong.acts.actor import SYSTEM
from zhengtong.errors import Conflict
from zhengtong.services.actions.ask_extension import AskExtension
from zhengtong.services.actions.check_commitment import CheckCommitment
from zhengtong.services.actions.deliver_result import DeliverResult
from zhengtong.services.actions.extend_step import ExtendStep, RefuseExtensionOfStep
from zhengtong.services.actions.record_inspection import RecordInspection
from zhengtong.services.actions.record_issued import RecordIssued
from zhengtong.services.actions.record_lapse import RecordMissedPromise
from zhengtong.services.actions.revoke_output import RevokeOutput
from zhengtong.services.actions.schedule_inspection import ScheduleInspection
from zhengtong.services.actions.serve_notice import ServeNotice
from zhengtong.services.actions.supply_promised import SupplyPromised
from zhengtong.services.models import Notice, Output
from zhengtong.services.rules import flow, special
from zhengtong.services.rules.flow import DEAD, FINAL, StepState
from zhengtong.services.special_files import InspectionFile
from zhengtong.site.demo.lapses import limits
from zhengtong.site.demo.transfers import holder

if TYPE_CHECKING:
    from zhengtong.site.demo.play import Play, Running

EXTENDED, DISAPPROVED = 0.05, 0.12
NOT_PASSED, BROKEN, SUPPLIED = 0.05, 0.08, 0.85
IN_PART, ENDED, SERVED = 0.1, 0.008, 0.04
"""How often these things happen in an ordinary year: assumptions of the demo."""
DAY = 86_400_000_000


# --- more time ----------------------------------------------------------------------------------------------------


def more_time(play: Play, case: Running, step: str, now: int) -> bool:
    """Whether the department finds that it needs more time; then it asks for it well before the limit."""
    extension = case.plan.by_key[step].extension
    limit = case.event.terms(case.event.services[step]).statutory("decide")
    if extension is None or not extension.approver or limit is None or limit.unit != "working_days":
        return False
    if play.draw.random() > EXTENDED:
        return False
    play.later(play.working(now, limit.amount * 0.4), partial(_ask_more, play, case, step, limit.amount))
    return True


def _in_time(play: Play, case: Running, step: str, now: int) -> bool:
    view = limits(play, case, step, now).limit("decide")
    return not (view and view.statutory and view.statutory.missed_us is not None)


def _ask_more(play: Play, case: Running, step: str, days: int, now: int) -> None:
    extension = case.plan.by_key[step].extension
    if case.state.steps[step].state is not StepState.ACCEPTED:
        return
    if extension is None or not _in_time(play, case, step, now):
        play.ready(case, step, now)
        return
    action = AskExtension(case.number, step, extension.days, "情况复杂，需要进一步核实，申请延长办理期限。")
    play.do(action, play.officer(holder(case, step)), f"demo/{case.number}/{step}/ask-more", now)
    play.follow(case, flow.AskExtension(step, now, extension.days), now)
    play.later(play.working(now, play.draw.uniform(0.1, 0.6)), partial(_answer, play, case, step, days))


def _answer(play: Play, case: Running, step: str, days: int, now: int) -> None:
    extension = case.plan.by_key[step].extension
    if case.state.steps[step].state is not StepState.ACCEPTED or extension is None:
        return
    approver = play.head(holder(case, step)) if extension.approver == "head" else play.leader()
    if _in_time(play, case, step, now) and play.draw.random() > DISAPPROVED:
        play.do(ExtendStep(case.number, step), approver, f"demo/{case.number}/{step}/extend", now)
        play.follow(case, flow.Extend(step, now, extension.approver), now)
        left = days * 0.5 + extension.days * play.draw.uniform(0.2, 0.8)
    else:
        refusal = RefuseExtensionOfStep(case.number, step, "理由不充分，请在原期限内办结。")
        play.do(refusal, approver, f"demo/{case.number}/{step}/not-extend", now)
        play.follow(case, flow.RefuseExtension(step, now), now)
        left = days * 0.3
    play.later(play.working(now, left), partial(play.ready, case, step))


# --- joint visits -------------------------------------------------------------------------------------------------


def perhaps_visit(play: Play, case: Running, now: int) -> None:
    """The lead arranges the visit as soon as every department that takes part has accepted its step."""
    for visit in case.event.event.inspections:
        if visit.key not in case.arranging and _to_visit(case, visit):
            case.arranging.add(visit.key)
            play.later(play.working(now, play.draw.uniform(0.2, 1)), partial(_arrange, play, case, visit))


def _to_visit(case: Running, visit: InspectionFile) -> list[str]:
    """The steps of a visit that can be arranged now; none where it cannot."""
    sharing = [step.key for step in case.plan.steps if step.inspection == visit.key]
    open_steps = [key for key in sharing if case.state.steps[key].state not in FINAL]
    ready = all(case.state.steps[key].state in special.ON_SITE for key in open_steps)
    arranged = any(case.state.steps[key].count("inspection_set") for key in sharing)
    return open_steps if ready and not arranged else []


def _arrange(play: Play, case: Running, visit: InspectionFile, now: int) -> None:
    steps = _to_visit(case, visit)
    case.arranging.discard(visit.key)
    if not steps:
        return
    when = play.working(now, play.draw.uniform(0.8, 3))
    place = str(case.values.get("premises_address") or "申请人的经营场所")[:200]
    action = ScheduleInspection(case.number, visit.key, when, place)
    play.do(action, play.officer(visit.lead), f"demo/{case.number}/visit/{visit.key}", now)
    days = play.calendar.working_days_between(play.day(now), play.day(when))
    play.follow(case, flow.ScheduleInspection(visit.key, now, days), now)
    for index, step in enumerate(steps):
        play.later(when + index * DAY // 288, partial(_inspect, play, case, step))


def _inspect(play: Play, case: Running, step: str, now: int) -> None:
    if case.state.steps[step].state not in special.ON_SITE:
        return
    passed = play.draw.random() > NOT_PASSED
    words = "现场与申请材料一致，符合要求。" if passed else "现场布局与图纸不符，不符合要求。"
    action = RecordInspection(case.number, step, passed, words)
    play.do(action, play.officer(holder(case, step)), f"demo/{case.number}/{step}/inspect", now)
    play.follow(case, flow.RecordInspection(step, now, passed), now)
    play.later(play.working(now, play.draw.uniform(0.2, 1.5)), partial(play.ready, case, step))


# --- what was promised instead of a document ----------------------------------------------------------------------


def expect_promised(play: Play, case: Running, now: int) -> None:
    """People bring most of what they promised for later; the others miss the day."""
    dues = {key: fact.due_us for status in case.state.steps.values() for key, fact in status.promised.items()}
    for material, due_us in dues.items():
        if play.draw.random() < SUPPLIED:
            at = now + int((due_us - now) * play.draw.uniform(0.1, 0.9))
            play.later(at, partial(_supply, play, case, material))
        else:
            play.later(due_us, partial(_miss, play, case, material))


def _supply(play: Play, case: Running, material: str, now: int) -> None:
    if any(material in status.promised for status in case.state.steps.values()):
        action = SupplyPromised(case.number, (play.papers[material],))
        play.do(action, case.applicant, f"demo/{case.number}/promised/{material}", now)
        play.follow(case, flow.SupplyPromised(now, frozenset({material})), now)


def _miss(play: Play, case: Running, material: str, now: int) -> None:
    """As the sweep records it, under the sweep's own key."""
    for step, status in list(case.state.steps.items()):
        if material in status.promised.keys() - status.promises_missed:
            action = RecordMissedPromise(case.number, step, material)
            play.do(action, SYSTEM, f"promise/{case.number}/{step}/{material}/{now}", now)
            play.follow(case, flow.MissPromise(step, now, material), now)
            if case.state.steps[step].stands:
                _take_back_soon(play, case, step, "promise-not-kept", now)


def expect_checks(play: Play, case: Running, step: str, now: int) -> None:
    """Commitments are checked after acceptance, many only after the grant."""
    for material, how in case.state.steps[step].commitments.items():
        if how == "open":
            play.later(play.working(now, play.draw.uniform(1, 18)), partial(_check, play, case, step, material))


def _check(play: Play, case: Running, step: str, material: str, now: int) -> None:
    status = case.state.steps[step]
    if status.state in DEAD or status.commitments.get(material) != "open":
        return
    kept = play.draw.random() > BROKEN
    words = "经比对登记信息，承诺属实。" if kept else "经核查，实际情况与承诺不符。"
    action = CheckCommitment(case.number, step, material, kept, words)
    play.do(action, play.officer(holder(case, step)), f"demo/{case.number}/{step}/check/{material}", now)
    play.follow(case, flow.CheckCommitment(step, now, material, kept), now)
    if not kept and status.stands:
        _take_back_soon(play, case, step, "commitment-broken", now)


# --- the decision and after ---------------------------------------------------------------------------------------


def waits_for_document(case: Running, step: str) -> bool:
    """Whether a document promised for later has to come before a grant, and still may."""
    status = case.state.steps[step]
    return bool((status.promised.keys() - status.promises_missed) & case.plan.by_key[step].strict)


def may_grant(case: Running, step: str) -> bool:
    """Whether nothing stands against a grant: what was found on the spot, a broken promise, a result taken back."""
    try:
        special.check_ripe(case.plan.by_key[step], case.state, granted=True)
    except Conflict:
        return False
    return True


def some_parts(play: Play, case: Running, step: str) -> tuple[str, ...]:
    """The parts granted where not all of them are; empty for all."""
    parts = case.plan.by_key[step].parts
    return parts[: len(parts) - 1] if parts and play.draw.random() < IN_PART else ()


def decided(play: Play, case: Running, step: str, now: int) -> None:
    """What follows a decision: the notice is served, the result handed over, and seldom taken back much later."""
    if play.draw.random() < SERVED:
        play.later(play.working(now, play.draw.uniform(0.5, 3)), partial(_serve, play, case, step))
    if not case.state.steps[step].stands:
        return
    service = case.event.services[step]
    if case.event.regimes[service.regime].deliver:
        play.later(play.working(now, play.draw.uniform(0.3, 6)), partial(_deliver, play, case, step))
    if service.output.issuer:
        play.later(
            now + int(play.draw.uniform(0.2, 1.5) * DAY), partial(_issued, play, case, step, service.output.issuer)
        )
    if service.output.kind == "licence" and play.draw.random() < ENDED:
        reason = play.draw.choice(("obtained-by-deceit", "no-longer-carried-on"))
        later = play.working(now, play.draw.uniform(10, 60))
        play.later(later, partial(_take_back, play, case, step, reason))


def _deliver(play: Play, case: Running, step: str, now: int) -> None:
    if case.state.steps[step].stands:
        action = DeliverResult(case.number, step, play.draw.choice(("electronic", "electronic", "post", "in_person")))
        play.do(action, play.officer(holder(case, step)), f"demo/{case.number}/{step}/deliver", now)
        play.follow(case, flow.Deliver(step, now), now)


def _issued(play: Play, case: Running, step: str, issuer: str, now: int) -> None:
    """The issuer's own number comes; what was taken back meanwhile it need not make."""
    number = Output.objects.filter(step__reference=f"{case.number}.{step}").values_list("number", flat=True).first()
    if number and case.state.steps[step].stands:
        action = RecordIssued(number, issuer, f"C-{number.rpartition('-')[2]}", now)
        play.do(action, SYSTEM, f"issued/{number}", now)


def _serve(play: Play, case: Running, step: str, now: int) -> None:
    notices = Notice.objects.filter(step__reference=f"{case.number}.{step}", service=None).exclude(kind="intake")
    reference = notices.order_by("-id").values_list("reference", flat=True).first()
    if reference:
        way = play.draw.choice(("in_person", "post"))
        receipt = f"YZ{case.number[-6:]}{len(step):02d}" if way == "post" else ""
        officer = play.officer(holder(case, step))
        play.do(ServeNotice(reference, way, receipt), officer, f"demo/{case.number}/{step}/serve", now)


def _take_back_soon(play: Play, case: Running, step: str, reason: str, now: int) -> None:
    play.later(play.working(now, play.draw.uniform(1, 4)), partial(_take_back, play, case, step, reason))


def _take_back(play: Play, case: Running, step: str, reason: str, now: int) -> None:
    """撤销 or 注销 by the head of the department."""
    listed = case.event.reasons.get(reason)
    if listed is None or not case.state.steps[step].stands:
        return
    words = "经查，准予时的情况与事实不符。" if listed.use == "revoke" else "申请人已不再从事这项活动。"
    action = RevokeOutput(case.number, step, reason, words)
    play.do(action, play.head(holder(case, step)), f"demo/{case.number}/{step}/take-back", now)
    play.follow(case, flow.Revoke(step, now, reason, listed.use == "cancel"), now)
