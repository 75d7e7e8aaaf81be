# SPDX-License-Identifier: Apache-2.0
"""Who is away, and who acts in his place meanwhile: reads over absences."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet

from zhengtong.acts.actor import Actor, Role
from zhengtong.organization.models import Absence, Appointment

OFFICER = "officer"


def standing() -> QuerySet[Absence]:
    """Absences not ended, whenever they are, of those who both still hold what they were named by."""
    return Absence.objects.filter(
        ended_us=None,
        appointment__ended_us=None,
        substitute__ended_us=None,
        appointment__account__is_active=True,
        substitute__account__is_active=True,
    )


def in_force(now_us: int) -> QuerySet[Absence]:
    return standing().filter(begun_us__lte=now_us, until_us__gte=now_us)


def substituted_roles(pseudonym: str, held: Collection[Role], now_us: int) -> set[Role]:
    """What somebody holds now as a substitute; nothing for departments whose officer he is himself."""
    rows = in_force(now_us).filter(substitute__account__pseudonym=pseudonym).select_related("appointment")
    found = {Role(row.appointment.role, row.appointment.department, row.reference) for row in rows.order_by("id")}
    return {role for role in found if Role(role.key, role.department) not in held}


def substitutions_of(pseudonym: str, now_us: int) -> list[Absence]:
    """For whom somebody stands in now, the soonest over first."""
    rows = in_force(now_us).filter(substitute__account__pseudonym=pseudonym)
    return list(rows.select_related("appointment__account").order_by("until_us", "id"))


def overlapping(appointments: Iterable[int], begun_us: int, until_us: int) -> QuerySet[Absence]:
    """The absences of any of these appointments (ids) that share an instant with this time."""
    rows = Absence.objects.filter(ended_us=None, appointment__in=list(appointments))
    return rows.filter(begun_us__lte=until_us, until_us__gte=begun_us)


def appointed_officers() -> QuerySet[Appointment]:
    """Everyone who may be away or stand in: officers of departments who can sign in, by department and name."""
    rows = Appointment.objects.filter(role=OFFICER, ended_us=None, account__is_active=True, account__machine=False)
    return rows.exclude(department="").select_related("account").order_by("department", "account__name", "id")


def absentable(me: Actor) -> QuerySet[Appointment]:
    """Whose absence somebody may record: his own, and that of his department's officers where he is its head."""
    mine = Q(account__pseudonym=me.id) | Q(department__in=me.departments("head"))
    return appointed_officers().filter(mine)


def readable(me: Actor) -> QuerySet[Absence]:
    """The absences of somebody's own departments and those he stands in for, the latest first."""
    himself = me.himself
    places = himself.departments(OFFICER) | himself.departments("head")
    mine = Q(appointment__department__in=places) | Q(substitute__account__pseudonym=me.id)
    rows = Absence.objects.filter(mine).select_related("appointment__account", "substitute__account")
    return rows.order_by("-begun_us", "-id")
