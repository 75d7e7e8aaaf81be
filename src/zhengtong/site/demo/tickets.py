# SPDX-License-Identifier: Apache-2.0
"""What people tell the hotline over the year, and how departments answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from zhengtong.acts.actor import Actor, Role
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.organization.models import Account
from zhengtong.organization.queries import actor_of
from zhengtong.services.actions.answer_ticket_extension import AnswerTicketExtension
from zhengtong.services.actions.ask_ticket_extension import AskTicketExtension
from zhengtong.services.actions.call_back_ticket import CallBackTicket
from zhengtong.services.actions.dispatch_ticket import DispatchTicket
from zhengtong.services.actions.file_ticket import FileTicket
from zhengtong.services.actions.not_accept_ticket import NotAcceptTicket
from zhengtong.services.actions.reply_ticket import ReplyTicket
from zhengtong.services.actions.return_ticket import ReturnTicket
from zhengtong.services.actions.sign_ticket import SignTicket
from zhengtong.services.definition_tickets import TicketsFile
from zhengtong.services.models import Ticket

if TYPE_CHECKING:
    from zhengtong.site.demo.play import Play

SHARE = 8
"""One ticket for so many applications."""
EVERY = 30
"""One ticket in so many is of somebody who can sign in to the demo."""


@dataclass(frozen=True)
class Matter:
    """What somebody says, and the department whose duty it is (the first of these that the city has)."""

    category: str
    title: str
    text: str
    departments: tuple[str, ...]
    life_event: str = ""


MATTERS = (
    Matter("complaint", "路灯不亮", "门前的路灯坏了两周，晚上很黑，老人出门不方便。", ("urban", "housing")),
    Matter(
        "complaint",
        "办件一直没有消息",
        "申请交上去好多天了，没有人联系，电话也打不通。",
        ("police", "market"),
        "newborn",
    ),
    Matter("complaint", "夜间施工噪声", "小区旁的工地半夜还在施工，孩子睡不着。", ("urban", "housing")),
    Matter("question", "社保卡什么时候能拿到", "新生儿的社保卡多久可以制好，可以邮寄吗？", ("hr",)),
    Matter("question", "入学需要准备什么", "外地户口的孩子上小学，需要哪些材料？", ("education", "police")),
    Matter("question", "营业执照变更怎么办", "店铺换了地址，执照怎么变更，要去几次？", ("market",)),
    Matter("help", "窗口排队太久", "医保窗口排了一上午还没轮到，能不能预约？", ("insurance", "service-hall")),
    Matter("help", "材料交错了怎么换", "上传的材料不对，系统里找不到修改的地方。", ("data", "service-hall")),
    Matter(
        "suggestion", "希望周六也能办事", "平时上班没有时间，希望大厅周六上午开放。", ("service-hall", "government")
    ),
)


def expect(play: Play, cases: int) -> None:
    """People call over the whole year, on any day, as they do."""
    if not city().all(TicketsFile):
        return
    days = (play.today - play.first).days
    for number in range(cases // SHARE):
        day = play.calendar.start_of_day(play.first) + int(play.draw.uniform(0, days) * 86_400_000_000)
        hour = play.draw.uniform(8, 20) - 12
        play.later(day + int(hour * 3_600_000_000), partial(_file, play, number))


def _agent() -> Actor:
    account = Account.objects.filter(username="hotline").first()
    return actor_of(account) if account else Actor("5" * 32, frozenset({Role("hotline")}))


def _file(play: Play, number: int, now: int) -> None:
    matter = play.draw.choice(MATTERS)
    key = f"demo/{play.begun}/ticket/{number}"
    said = (matter.category, matter.title, matter.text)
    about = matter.life_event if matter.life_event in {event.key for event in play.events} else ""
    if play.draw.random() < 0.6:
        urgent = matter.category == "help" and play.draw.random() < 0.1
        call = FileTicket(*said, urgent=urgent, by_phone=True, caller="来电人", demo=True, life_event=about)
        filed = play.do(call, _agent(), f"{key}/file", now)
    else:
        filed = play.do(FileTicket(*said, demo=True, life_event=about), _citizen(play, number), f"{key}/file", now)
    play.later(
        now + int(play.draw.uniform(0.2, 20) * 3_600_000_000), partial(_dispatch, play, str(filed["ticket"]), matter)
    )


def _citizen(play: Play, number: int) -> Actor:
    if play.known and number % EVERY == 0:
        return actor_of(play.known[number // EVERY % len(play.known)])
    pseudonym = hashlib.sha256(f"{play.begun}/citizen/{number}".encode()).hexdigest()[:32]
    return Actor(pseudonym, frozenset({Role("resident")}))


def _dispatch(play: Play, ticket: str, matter: Matter, now: int) -> None:
    if play.draw.random() < 0.03:
        words = "该事项已依法办结，没有新的事实，已向您说明。"
        play.do(NotAcceptTicket(ticket, "concluded", words), _agent(), f"demo/{ticket}/not-accept", now)
        return
    lead = next((key for key in matter.departments if city().has(Department, key)), None)
    if lead is None:
        return
    play.do(DispatchTicket(ticket, lead), _agent(), f"demo/{ticket}/dispatch", now)
    if play.draw.random() < 0.05:
        play.later(play.working(now, 0.5), partial(_return, play, ticket, matter, lead))
    else:
        play.later(play.working(now, play.draw.expovariate(2.2)), partial(_sign, play, ticket, lead))


def _return(play: Play, ticket: str, matter: Matter, lead: str, now: int) -> None:
    words = "经核实不属于本部门职责，请另行派发。"
    play.do(ReturnTicket(ticket, "not-ours", words), play.officer(lead), f"demo/{ticket}/return", now)
    again = next((key for key in reversed(matter.departments) if city().has(Department, key)), lead)
    play.later(play.working(now, 0.3), partial(_designate, play, ticket, again))


def _designate(play: Play, ticket: str, lead: str, now: int) -> None:
    play.do(DispatchTicket(ticket, lead, designated=True), _agent(), f"demo/{ticket}/designate", now)
    play.later(play.working(now, play.draw.expovariate(2.2)), partial(_sign, play, ticket, lead))


def _sign(play: Play, ticket: str, lead: str, now: int) -> None:
    play.do(SignTicket(ticket), play.officer(lead), f"demo/{ticket}/sign", now)
    if play.draw.random() < 0.08:
        asked = play.working(now, 1.5)
        play.later(asked, partial(_ask, play, ticket, lead))
        play.later(play.working(asked, play.draw.uniform(2, 6)), partial(_reply, play, ticket, lead, 0))
    else:
        play.later(play.working(now, play.draw.gammavariate(2, 1.0)), partial(_reply, play, ticket, lead, 0))


def _ask(play: Play, ticket: str, lead: str, now: int) -> None:
    if not Ticket.objects.filter(number=ticket, due_us__gte=now).exists():
        return  # nobody asks for more time once the reply is overdue
    words = "需要其他单位配合，申请延期。"
    play.do(AskTicketExtension(ticket, words), play.officer(lead), f"demo/{ticket}/ask", now)
    granted = AnswerTicketExtension(ticket, play.draw.random() < 0.8)
    play.do(granted, _agent(), f"demo/{ticket}/answer", now + 3_600_000_000)


def _reply(play: Play, ticket: str, lead: str, again: int, now: int) -> None:
    words = "已核实并处理，处理情况已告知当事人。"
    play.do(ReplyTicket(ticket, words), play.officer(lead), f"demo/{ticket}/reply/{again}", now)
    play.later(play.working(now, play.draw.uniform(0.2, 1.4)), partial(_call_back, play, ticket, lead, again))


def _call_back(play: Play, ticket: str, lead: str, again: int, now: int) -> None:
    reached = play.draw.random() < 0.93
    solved = play.draw.random() < (0.82 if again == 0 else 0.6)
    satisfied = play.draw.random() < (0.92 if solved else 0.2)
    answer = CallBackTicket(ticket, reached, play.draw.random() < 0.95, solved, satisfied)
    done = play.do(answer, _agent(), f"demo/{ticket}/call-back/{again}", now)
    if done["state"] == "signed":
        play.later(play.working(now, play.draw.uniform(0.5, 2.5)), partial(_reply, play, ticket, lead, again + 1))
