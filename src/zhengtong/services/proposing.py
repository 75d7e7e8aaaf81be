# SPDX-License-Identifier: Apache-2.0
"""Between the rule of repeated ratings and the tables: proposals that are due, and what came of those taken up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.acts.serving import city
from zhengtong.services.actions.propose_change import ProposeChange
from zhengtong.services.definition import RatingFile
from zhengtong.services.models import ChangeProposal, PublishedVersion, Rating
from zhengtong.services.rules.improving import DAY_US, Bad, Concern, Share, repeated, share


def propose_changes(now_us: int) -> int:
    """Propose what the city's rule says is due by `now_us`; returns how many proposals were made.

    A rating stands behind one proposal about its concern and no second: the same complaint, once answered, is not
    brought up again until new ones come.
    """
    rules = next(iter(city().all(RatingFile)), None)
    if rules is None or rules.repeated is None:
        return 0
    threshold = rules.repeated.compiled()
    since = now_us - threshold.days * DAY_US
    rows = Rating.objects.filter(level__lte=rules.bad_up_to, rated_us__gt=since, rated_us__lte=now_us)
    found = list(rows.select_related("case"))
    if len(found) < threshold.at_least:
        return 0
    used = _used({one.case.life_event for one in found})
    made = 0
    for due in repeated(map(_bad, found), threshold, now_us):
        concern, behind = due.concern, due.ratings
        known = used.get(concern, {})
        fresh = [one for one in behind if one not in known]
        if "open" in known.values() or len(fresh) < threshold.at_least:
            continue
        action = ProposeChange(concern.life_event, concern.department, concern.aspect, tuple(fresh))
        about = "\n".join((concern.life_event, concern.department, concern.aspect, *fresh))
        made += not perform(
            action, SYSTEM, f"change/{hashlib.sha256(about.encode()).hexdigest()}", at_us=now_us
        ).replayed
    return made


def _bad(row: Rating) -> Bad:
    return Bad(row.reference, row.rated_us, row.case.life_event, row.department, tuple(row.aspects))


def _used(life_events: Iterable[str]) -> dict[Concern, dict[str, str]]:
    """By concern: the ratings that stand behind a proposal, and its state."""
    found: dict[Concern, dict[str, str]] = {}
    for row in ChangeProposal.objects.filter(life_event__in=list(life_events)):
        concern = Concern(row.life_event, row.department, row.aspect)
        found.setdefault(concern, {}).update(dict.fromkeys(row.ratings, row.state))
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
