# SPDX-License-Identifier: Apache-2.0
"""What a person should know before starting: how long, on what basis, what it costs, how often to come, what to bring
and where each document comes from. Read from the published version alone, so that it is what will be applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhengtong.services.consents import offered
from zhengtong.services.definition import PublicServiceFile
from zhengtong.services.offers import Offer, offers
from zhengtong.services.published import LifeEvent, MaterialAsk
from zhengtong.services.special_files import LimitFile
from zhengtong.ui.language import say

FEN = 100


@dataclass(frozen=True)
class ServiceFacts:
    """One service of the situation, as its applicant reads it. `fee` is "" where the city's file states none."""

    name: object
    department: object
    output: object
    promised: str
    statutory: str
    basis: object
    verified: bool
    visits: int
    fee: str
    fee_basis: object


@dataclass(frozen=True)
class MaterialFacts:
    name: object
    hint: object
    lines: tuple[str, ...]


def length(limit: LimitFile) -> str:
    """A term in words."""
    return {
        "working_days": ngettext("%(n)s working day", "%(n)s working days", limit.days),
        "calendar_days": ngettext("%(n)s calendar day", "%(n)s calendar days", limit.days),
        "hours": ngettext("%(n)s hour", "%(n)s hours", limit.days),
    }[limit.unit] % {"n": limit.days}


def yuan(fen: int) -> str:
    """An amount of money; none is said to be free."""
    if not fen:
        return _("free of charge")
    whole, rest = divmod(fen, FEN)
    return _("%(amount)s yuan") % {"amount": f"{whole}.{rest:02d}" if rest else str(whole)}


def _statutory(event: LifeEvent, service: PublicServiceFile) -> LimitFile | None:
    """The law's own term for this service, as `step_plan` chooses it: its own, that of handling together, or the
    regime's."""
    regime = event.regimes[service.regime]
    if service.statutory:
        return service.statutory
    return regime.joint if event.event.joint and regime.joint else regime.decide


def service_facts(event: LifeEvent, service: PublicServiceFile) -> ServiceFacts:
    statutory, fee = _statutory(event, service), service.fee
    regime = event.regimes[service.regime]
    return ServiceFacts(
        service.name,
        event.departments[service.department].name,
        service.output.name,
        length(service.promised),
        length(statutory) if statutory else "",
        (statutory.source if statutory and statutory.source else regime.source),
        statutory.verified if statutory and statutory.source else regime.verified,
        service.visits,
        _fee_words(service),
        fee.source if fee else None,
    )


def _fee_words(service: PublicServiceFile) -> str:
    if service.fee is None:
        return ""
    words = yuan(service.fee.fen)
    return f"{words} ({say(service.fee.per)})" if service.fee.per else words


def material_facts(event: LifeEvent, ask: MaterialAsk, offer: Offer | None, *, consent: bool) -> MaterialFacts:
    """Where a document comes from, and what may stand for it or come later."""
    lines = [
        _("issued to you by an authority; bring a copy or a photo")
        if ask.material.origin == "government"
        else _("your own; add it to the form")
    ]
    if offer and offer.tolerance:
        term = LimitFile(days=offer.tolerance.days, unit=offer.tolerance.unit)
        lines.append(_("may follow within %(length)s") % {"length": length(term)})
    if offer and offer.commitment:
        lines.append(_("or make a commitment instead"))
    if consent:
        lines.append(_("or ask the person concerned to agree"))
    if ask.material.necessity == "optional":
        lines.append(_("optional"))
    return MaterialFacts(ask.material.name, ask.material.hint, tuple(lines))


def guide_facts(event: LifeEvent, answers: Mapping[str, str]) -> dict[str, object]:
    """The guide's facts for one situation. The fee is the sum only where every service of it states one."""
    services = event.uses(answers)
    asked = [m for m in event.materials(answers, {}) if m.asked]
    allowed = offers(event, answers, {})
    agreed = {consent.instead_of for consent in offered(event, answers, {}).values()}
    fees = [service.fee.fen for service in services if service.fee]
    stated = len(fees) == len(services)
    return {
        "facts": [service_facts(event, service) for service in services],
        "to_bring": [
            material_facts(event, m, allowed.get(m.material.key), consent=m.material.key in agreed)
            for m in asked
            if m.material.origin != "output"
        ],
        "visits": sum(service.visits for service in services),
        "fee": yuan(sum(fees)) if stated else "",
        "promised_words": length(event.event.promised),
    }
