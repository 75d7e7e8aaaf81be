# SPDX-License-Identifier: Apache-2.0
"""Between the rule of repeated ratings and complaints and the tables: proposals that are due, and what
came of those taken up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.acts.serving import city
from zhengtong.services.actions.propose_change import ProposeChange
from zhengtong.services.definition import RatingFile
from zhengtong.services.models import ChangeProposal, PublishedVersion, Rating, Ticket
from zhengtong.services.rules.improving import DAY_US, Bad, Concern, Share, repeated, share
from zhengtong.services.rules.tickets import TicketState


def propose_changes(now_us: int) -> int:
    """Propose what the city's rule says is due by `now_us`; returns how many proposals were made.

    A rating or ticket stands behind one proposal about its concern and no second: the same complaint, once answered,
    is not brought up again until new ones come.
    """
    rules = next(iter(city().all(RatingFile)), None)
    if rules is None or rules.repeated is None:
        return 0
    threshold = rules.repeated.compiled()
    since = now_us - threshold.days * DAY_US
    found = _ratings(rules, since, now_us) if rules.repeated.ratings else []
    complaints = _complaints(rules.repeated.tickets, since, now_us)
    if len(found) + len(complaints) < threshold.at_least:
        return 0
    tickets = {one.reference for one in complaints}
    used = _used({one.life_event for one in (*found, *complaints)})
    made = 0
    for due in repeated([*found, *complaints], threshold, now_us):
        concern, behind = due.concern, due.behind
        known = used.get(concern, {})
        fresh = [one for one in behind if one not in known]
        if "open" in known.values() or len(fresh) < threshold.at_least:
            continue
        rated, told = (tuple(one for one in fresh if (one in tickets) is is_told) for is_told in (False, True))
        action = ProposeChange(concern.life_event, concern.department, concern.aspect, rated, told)
        about = "\n".join((concern.life_event, concern.department, concern.aspect, *fresh))
        made += not perform(
            action, SYSTEM, f"change/{hashlib.sha256(about.encode()).hexdigest()}", at_us=now_us
        ).replayed
    return made


def _ratings(rules: RatingFile, since: int, now_us: int) -> list[Bad]:
    rows = Rating.objects.filter(level__lte=rules.bad_up_to, rated_us__gt=since, rated_us__lte=now_us)
    return [
        Bad(row.reference, row.rated_us, row.case.life_event, row.department, tuple(row.aspects))
        for row in rows.select_related("case")
    ]


def _complaints(categories: list[str], since: int, now_us: int) -> list[Bad]:
    """Tickets of these categories that name a life event and have reached a department; one that was not accepted is
    no complaint. Which aspect they are about they do not say."""
    rows = Ticket.objects.filter(category__in=categories, received_us__gt=since, received_us__lte=now_us)
    rows = rows.exclude(life_event="").exclude(lead="").exclude(state=TicketState.NOT_ACCEPTED.value)
    return [Bad(row.number, row.received_us, row.life_event, row.lead) for row in rows]


def _used(life_events: Iterable[str]) -> dict[Concern, dict[str, str]]:
    """By concern: the ratings and tickets that stand behind a proposal, and its state."""
    found: dict[Concern, dict[str, str]] = {}
    for row in ChangeProposal.objects.filter(life_event__in=list(life_events)):
        concern = Concern(row.life_event, row.department, row.aspect)
        found.setdefault(concern, {}).update(dict.fromkeys([*row.ratings, *row.tickets], row.state))
    return found


def answering_version(proposal: ChangeProposal) -> PublishedVersion | None:
    """The version that answers a proposal: the first published after it was taken up."""
    if proposal.state != "accepted":
        return None
    later = PublishedVersion.objects.filter(
        kind="life-event", key=proposal.life_event, published_us__gt=proposal.decided_us
    )
    return later.exclude(hash=proposal.definition).order_by("published_us").first()


def effect(proposal: ChangeProposal) -> tuple[Share, Share] | None:
    """Bad ratings about the concern among all ratings of the life event: on the version that was complained about, and
    on the one that answers. None while there is no such version."""
    version, rules = answering_version(proposal), next(iter(city().all(RatingFile)), None)
    if version is None or rules is None:
        return None
    return tuple(_share(proposal, hash_, rules.bad_up_to) for hash_ in (proposal.definition, version.hash))  # type: ignore[return-value]  # two of them


def _share(proposal: ChangeProposal, definition: str, bad_up_to: int) -> Share:
    rows = Rating.objects.filter(case__definition=definition).values_list("level", "department", "aspects")
    bad = [
        True
        for level, department, aspects in rows
        if level <= bad_up_to
        and department == proposal.department
        and (proposal.aspect in aspects if proposal.aspect else not aspects)
    ]
    return share(len(bad), len(rows))
