# SPDX-License-Identifier: Apache-2.0
"""Cases filed for somebody else: by a relative who holds a mandate (代办), or for a firm by its handler (经办人)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhengtong.acts.actor import Actor, Role, Standing
from zhengtong.organization.actions.give_mandate import GiveMandate
from zhengtong.organization.actions.register_firm import RegisterFirm
from zhengtong.organization.mandates import in_force
from zhengtong.organization.models import Firm
from zhengtong.organization.persons import Person, pseudonym_of
from zhengtong.site.registers import Company, Resident

if TYPE_CHECKING:
    from zhengtong.site.demo.forms import Cast
    from zhengtong.site.demo.play import Play

BY_AGENT, BY_HANDLER = 0.03, 0.12
"""How many people's and firms' applications are filed by somebody who acts for them."""
RESIDENT = frozenset({Role("resident")})


@dataclass(frozen=True)
class Filing:
    """Who files the case, and for whom (a pseudonym)."""

    actor: Actor
    principal: str


def somebody_else(play: Play, cast: Cast, matter: str, now: int) -> Filing | None:
    """Whoever files instead of the applicant, with the mandate given where there is none yet; None usually."""
    if cast.company is not None:
        return _handler(play, cast.company, cast.applicant, now) if play.draw.random() < BY_HANDLER else None
    return _agent(play, cast.applicant, matter, now) if play.draw.random() < BY_AGENT else None


def _person(one: Resident) -> Person:
    return Person(one.name, one.id_number, one.mobile)


def _relative(play: Play, one: Resident, now: int) -> Resident | None:
    home = play.registers.members(one.household)
    adults = [p for p in home if p.id_number != one.id_number and p.age(play.day(now)) >= 18]
    return play.draw.choice(adults) if adults else None


def _agent(play: Play, one: Resident, matter: str, now: int) -> Filing | None:
    relative = _relative(play, one, now)
    if relative is None:
        return None
    principal, agent = pseudonym_of(_person(one)), pseudonym_of(_person(relative))
    known = in_force(now).filter(principal=principal, agent=agent, kind="agent").first()
    if known is not None and matter not in known.matters:
        return None
    reference = (
        known.reference
        if known
        else _give(play, GiveMandate(_person(relative), principal, matters=(matter,)), one, now)
    )
    standing = Standing(principal, reference, "agent", frozenset({matter}))
    return Filing(Actor(agent, RESIDENT, frozenset({standing})), principal)


def _give(play: Play, mandate: GiveMandate, giver: Resident, now: int) -> str:
    """Returns the reference of the mandate."""
    who = Actor(pseudonym_of(_person(giver)), RESIDENT)
    name = hashlib.sha256(f"{mandate.principal}/{mandate.agent.identity_number}/{now}".encode()).hexdigest()[:24]
    return str(play.do(mandate, who, f"demo/mandate/{name}", now).get("mandate", ""))


def _handler(play: Play, company: Company, owner: Resident, now: int) -> Filing | None:
    """The firm is entered at the counter the first time; its representative then names a handler."""
    known = play.handlers.get(company.credit_code)
    if known is None and not Firm.objects.filter(code=company.credit_code).exists():
        handler = play.draw.choice(play.filler.by_age[(18, 75)])
        if handler.id_number == owner.id_number:
            return None
        paper = hashlib.sha256(company.credit_code.encode()).hexdigest()
        action = RegisterFirm(company.name, company.credit_code, _person(owner), paper)
        firm = str(play.do(action, play.clerk(), f"demo/firm/{company.credit_code}", now).get("firm", ""))
        reference = _give(play, GiveMandate(_person(handler), firm), owner, now)
        standing = Standing(firm, reference, "handler")
        known = Filing(Actor(pseudonym_of(_person(handler)), RESIDENT, frozenset({standing})), firm)
        play.handlers[company.credit_code] = known
    return known
