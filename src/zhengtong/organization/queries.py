# SPDX-License-Identifier: Apache-2.0
"""Who somebody is: the actor behind a request, and the reads pages ask for."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from zhengtong.acts.actor import NOBODY, Actor, Role
from zhengtong.acts.perform import now_us
from zhengtong.organization.absences import OFFICER, substituted_roles
from zhengtong.organization.mandates import standings_of
from zhengtong.organization.models import Account, ApiToken, Firm, SupervisedTask


def actor_of(account: Account | AnonymousUser) -> Actor:
    """The actor an account is: everyone signed in is a resident, what they are appointed to besides, and what
    they may for now as substitutes."""
    if not isinstance(account, Account) or not account.is_active:
        return NOBODY
    roles = {Role(a.role, a.department) for a in account.appointments.filter(ended_us=None)}
    now = now_us()
    if any(role.key == OFFICER for role in roles):
        roles |= substituted_roles(account.pseudonym, roles, now)
    return Actor(account.pseudonym, frozenset(roles | {Role("resident")}), standings_of(account.pseudonym, now))


def actor(request: HttpRequest) -> Actor:
    """The actor of a request, read once per request."""
    found = getattr(request, "_zhengtong_actor", None)
    if found is None:
        found = actor_of(request.user)
        request._zhengtong_actor = found  # type: ignore[attr-defined]  # a request is the natural place for its cache
    return found


def names_of(pseudonyms: Iterable[str]) -> dict[str, str]:
    """The names behind pseudonyms of people and firms, for those who are still there."""
    wanted = {p for p in pseudonyms if p}
    found = dict(Account.objects.filter(pseudonym__in=wanted).values_list("pseudonym", "name"))
    if len(found) < len(wanted):
        found |= dict(Firm.objects.filter(pseudonym__in=wanted - found.keys()).values_list("pseudonym", "name"))
    return found


def tasks_for(actor: Actor) -> QuerySet[SupervisedTask]:
    """The supervised tasks an actor may see: all for city-wide roles, else those of his departments."""
    tasks = SupervisedTask.objects.order_by("-id")
    if any(actor.holds(role) for role in ("government_office", "leader", "auditor", "data_bureau")):
        return tasks
    mine = {role.department for role in actor.roles if role.department}
    return tasks.filter(lead__in=mine)


def tokens() -> QuerySet[ApiToken]:
    """Every API token ever issued, newest first, with the account it is for."""
    return ApiToken.objects.select_related("account").order_by("-id")


def machine_accounts() -> QuerySet[Account]:
    """The accounts of other systems."""
    return Account.objects.filter(machine=True, is_active=True).order_by("username")
