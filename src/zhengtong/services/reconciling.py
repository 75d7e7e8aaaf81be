# SPDX-License-Identifier: Apache-2.0
"""The daily reconciliation, and what stands open with each external system."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import Done, now_us, perform
from zhengtong.acts.serving import city
from zhengtong.errors import ZhengtongError
from zhengtong.ledger.ids import new_id
from zhengtong.services.actions.reconcile_system import ReconcileSystem
from zhengtong.services.casework import calendar
from zhengtong.services.definition import SystemFile
from zhengtong.services.engine.listing import read_listing
from zhengtong.services.external_work import passages, reconciled, system_file, waiting
from zhengtong.services.models import Difference, Reconciliation, Step
from zhengtong.services.rules.reconciliation import Spread, lags
from zhengtong.services.systems import client

log = logging.getLogger(__name__)
DAY_US = 86_400_000_000
USUAL_DAYS = 90
"""Days the figures of lag look back where the city's rules do not say how many."""


def reconcile(system: str, key: str = "") -> Done:
    """Fetch the system's list now and hold it against ours. Raises what `read_listing` and the act raise."""
    _, rules = reconciled(system)
    asked_us = now_us()
    since_us = asked_us - rules.since_days * DAY_US
    listing = read_listing(client(system), since_us)
    action = ReconcileSystem(system, since_us, asked_us, listing.sha256, listing.applications)
    return perform(action, SYSTEM, key or f"reconcile/{new_id()}")


def reconcile_daily(at_us: int) -> int:
    """Reconcile each system that was not yet today; returns how many. One that does not answer is tried again by the
    next round, and meanwhile the page says when the last list came."""
    today = calendar().date_of(at_us)
    start_us, done = calendar().start_of_day(today), 0
    for system in city().all(SystemFile):
        if system.reconcile is None:
            continue
        if Reconciliation.objects.filter(system=system.key, listed_us__gte=start_us).exists():
            continue
        try:
            reconcile(system.key, f"reconcile/{system.key}/{today.isoformat()}")
            done += 1
        except ZhengtongError as error:
            log.warning("reconcile %s: %s", system.key, error)
    return done


@dataclass(frozen=True)
class Standing:
    """One external system as it stands: `lags` by leg (`rules.reconciliation.LEGS`), what waits, what differs."""

    system: SystemFile
    lags: Mapping[str, Spread | None]
    waiting: list[Step]
    last: Reconciliation | None
    open: list[Difference]


def standing(key: str, at_us: int) -> Standing:
    """Raises `NotFound`."""
    file = system_file(key)
    days = file.reconcile.since_days if file.reconcile else USUAL_DAYS
    differences = Difference.objects.filter(system=key, state="open").order_by("found_us", "id")
    return Standing(
        file,
        lags(list(passages(key, at_us - days * DAY_US).values())),
        list(waiting(key)),
        Reconciliation.objects.filter(system=key).order_by("-listed_us").first(),
        list(differences),
    )


def standings(at_us: int) -> list[Standing]:
    return [standing(system.key, at_us) for system in city().all(SystemFile)]
