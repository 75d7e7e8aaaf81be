# SPDX-License-Identifier: Apache-2.0
"""What people say when their case is closed, and what departments do about a bad rating."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zhengtong.acts.actor import Actor
from zhengtong.services.actions.call_back_rating import CallBackRating
from zhengtong.services.actions.check_rating import CheckRating
from zhengtong.services.actions.rate_case import RateCase
from zhengtong.services.actions.repair_rating import RepairRating

if TYPE_CHECKING:
    from zhengtong.site.demo.play import Play, Running

SHARE = 0.35
"""How many of those whose case was closed say how it was."""
BAD = ("等了好几天没有消息。", "同样的材料交了两次。", "打电话问了几次都说再等等。", "窗口的人说不清楚进度。")


def perhaps_rate(play: Play, case: Running, now: int) -> None:
    """Who waited longer than was promised likes it less."""
    if case.firm or play.draw.random() > SHARE:  # a firm itself has no account to rate with
        return
    start, end = (play.calendar.date_of(at) for at in (case.submitted_us, now))
    waited = play.calendar.working_days_between(start, end) / max(1, case.event.event.promised.days)
    level = max(1, min(5, round(play.draw.gauss(5.1 - 1.1 * waited, 0.8))))
    play.later(play.working(now, play.draw.uniform(0, 3)), partial(_rate, play, case, level))


def _rate(play: Play, case: Running, level: int, now: int) -> None:
    text = play.draw.choice(BAD) if level <= 2 else ""
    done = play.do(RateCase(case.number, level, (), text), case.applicant, f"demo/{case.number}/rate", now)
    if done["state"] == "to_check":
        officer = play.officer(case.event.event.lead)
        play.later(play.working(now, 0.6), partial(_check, play, str(done["rating"]), officer))


def _check(play: Play, rating: str, officer: Actor, now: int) -> None:
    upheld = play.draw.random() < 0.7
    play.do(CheckRating(rating, upheld, "已向承办部门核实。"), officer, f"demo/{rating}/check", now)
    if upheld:
        play.later(play.working(now, play.draw.uniform(1, 12)), partial(_repair, play, rating, officer))


def _repair(play: Play, rating: str, officer: Actor, now: int) -> None:
    done = "已督促承办部门改进，并向申请人说明。"
    play.do(RepairRating(rating, done), officer, f"demo/{rating}/repair", now)
    play.later(play.working(now, 1), partial(_call_back, play, rating, officer))


def _call_back(play: Play, rating: str, officer: Actor, now: int) -> None:
    satisfied = play.draw.random() < 0.85
    play.do(CallBackRating(rating, satisfied), officer, f"demo/{rating}/call-back", now)
