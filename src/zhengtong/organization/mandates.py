# SPDX-License-Identifier: Apache-2.0
"""Who may act for whom, and how long: reads over mandates, and what giving one has to look at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet

from zhengtong.acts.actor import Standing
from zhengtong.acts.serving import city
from zhengtong.errors import BadInput, NotFound
from zhengtong.organization.definition import AgencyFile
from zhengtong.organization.models import Account, Firm, Mandate
from zhengtong.organization.persons import Person, pseudonym_of

REPRESENTATIVE = "representative"


def in_force(now_us: int) -> QuerySet[Mandate]:
    return Mandate.objects.filter(Q(until_us=None) | Q(until_us__gte=now_us), ended_us=None, begun_us__lte=now_us)


def standings_of(agent: str, now_us: int) -> frozenset[Standing]:
    """The mandates under which somebody may act now."""
    rows = in_force(now_us).filter(agent=agent)
    return frozenset(Standing(m.principal, m.reference, m.kind, frozenset(m.matters)) for m in rows)


def given_by(principals: Iterable[str]) -> QuerySet[Mandate]:
    """Every mandate these gave, the newest first, ended ones too."""
    return Mandate.objects.filter(principal__in=list(principals)).order_by("-begun_us", "-id")


def held_by(agent: str) -> QuerySet[Mandate]:
    return Mandate.objects.filter(agent=agent).order_by("-begun_us", "-id")


def speaking_for(principal: str, now_us: int) -> frozenset[str]:
    """Who decides about a principal's mandates: the person, or a firm's representatives."""
    if Firm.objects.filter(pseudonym=principal).exists():
        heads = in_force(now_us).filter(principal=principal, kind=REPRESENTATIVE)
        return frozenset(heads.values_list("agent", flat=True))
    return frozenset({principal})


def firm_of_code(code: str) -> Firm:
    """Raises `NotFound`."""
    firm = Firm.objects.filter(code=code).first()
    if firm is None:
        raise NotFound("没有登记这家企业", "this firm is not registered", found=code)
    return firm


def identified(person: Person) -> str:
    """The pseudonym of somebody named by another person. Raises `BadInput` where name and number do not agree.

    The stored name is not told: who knows a number must not learn whose it is.
    """
    known = Account.objects.filter(identity_number=person.identity_number).order_by("id").first()
    if known is not None and known.name != person.name:
        raise BadInput("姓名与身份证号不相符", "name and ID number do not belong together")
    return pseudonym_of(person)


def last_instant(begun_us: int, until_us: int | None) -> int | None:
    """`until_us`, held against the city's longest term. Raises `BadInput` for one that is past or too far away."""
    if until_us is not None and until_us <= begun_us:
        raise BadInput("授权的截止日期应在今天或以后", "a mandate cannot end before it begins", where="until")
    rules = city().all(AgencyFile)
    term = rules[0].longest if rules else None
    if term is None:
        return until_us
    days = city().calendar
    first = days.date_of(begun_us)
    last = days.add_working_days(first, term.days) if term.unit == "working_days" else first + timedelta(term.days)
    if until_us is None:
        return days.end_of_day(last)
    if until_us > days.end_of_day(last):
        zh, en = "授权期限过长", "the mandate would run too long"
        raise BadInput(zh, en, where="until", expected=f"≤ {last:%Y-%m-%d}")
    return until_us
