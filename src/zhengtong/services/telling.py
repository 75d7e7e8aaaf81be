# SPDX-License-Identifier: Apache-2.0
"""Who is told what of an event: a table, the people it names, and the messages that follow, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from zhengtong.acts.actor import Actor
from zhengtong.acts.following import follow
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.outbox import handles
from zhengtong.acts.perform import now_us
from zhengtong.acts.serving import city
from zhengtong.ledger.models import Event
from zhengtong.organization.mandates import in_force
from zhengtong.organization.models import Account
from zhengtong.services.definition_applicants import SubscriptionFile
from zhengtong.services.models import Case, Contact, Delivery, Message, Step

APPLICANT, DEPARTMENT, BOTH_SIDES = "applicant", "department", "both sides of a mandate"
HOLDER = "who is asked for a consent"

TOLD: Mapping[str, str] = {
    "case_submitted": APPLICANT,
    "correction_asked": APPLICANT,
    "step_paused": APPLICANT,
    "step_granted": APPLICANT,
    "step_refused": APPLICANT,
    "step_not_accepted": APPLICANT,
    "case_closed": APPLICANT,
    "rating_repaired": APPLICANT,
    "step_received": DEPARTMENT,
    "correction_supplied": DEPARTMENT,
    "case_rated": DEPARTMENT,
    "consent_asked": HOLDER,
    "consent_granted": APPLICANT,
    "consent_refused": APPLICANT,
    "consent_withdrawn": APPLICANT,
    "consent_expired": APPLICANT,
    "mandate_given": BOTH_SIDES,
    "mandate_ended": BOTH_SIDES,
}
"""Of which events somebody is told, and who."""

follow("services.tell", TOLD)


@dataclass(frozen=True)
class Telling:
    """A message to be made: `key` is unique to its cause and its recipient."""

    recipient: str
    key: str
    kind: str
    case: str = ""
    step: str = ""


def inboxes(me: Actor) -> list[str]:
    """Whose messages an actor reads: his own, and those of the departments he decides for."""
    return [me.id, *(f"department:{key}" for key in sorted(me.departments("officer")))]


def people_of(case: Case, now: int) -> set[str]:
    """The applicant where it is a person, and who may act for him or for the firm in this matter."""
    mandates = in_force(now).filter(principal=case.applicant)
    acting = {m.agent for m in mandates if not m.matters or case.life_event in m.matters}
    return acting | set(Account.objects.filter(pseudonym=case.applicant).values_list("pseudonym", flat=True))


def _about(event: Event, now: int) -> Iterable[Telling]:
    objects = {(o.object_type, o.qualifier): o.object_id for o in event.objects_touched.all()}
    if TOLD[event.type] == BOTH_SIDES:
        people = {objects.get(("person", "principal"), ""), objects.get(("person", "agent"), "")} - {""}
        return [Telling(who, f"{event.id}/{who}", event.type) for who in people - {event.actor}]
    number = next((id_ for (type_, _qualifier), id_ in objects.items() if type_ == "case"), "")
    case = Case.objects.filter(number=number).first()
    if case is None or case.demo:
        return []
    step = str(event.attributes.get("service", ""))
    if TOLD[event.type] == HOLDER:
        who = objects.get(("person", "holder"), "")
        return [Telling(who, f"{event.id}/{who}", event.type, number)] if who else []
    if TOLD[event.type] == APPLICANT:
        people = people_of(case, now) - {event.actor}
        return [Telling(who, f"{event.id}/{who}", event.type, number, step) for who in people]
    row = Step.objects.filter(case=case, key=step).first()
    department = row.department if row else str(event.attributes.get("concerns", ""))
    if not department or (row and row.external):
        return []
    return [Telling(f"department:{department}", f"{event.id}/{department}", event.type, number, step)]


def tell(tellings: Iterable[Telling]) -> int:
    """Make the messages that are not made yet, and order their delivery; returns how many are new."""
    made = 0
    for telling in tellings:
        with transaction.atomic():
            fields = {"recipient": telling.recipient, "kind": telling.kind, "case": telling.case, "step": telling.step}
            now = now_us()
            row, new = Message.objects.get_or_create(key=telling.key, defaults={**fields, "created_us": now})
            if new:
                made += 1
                _order(row, now)
    return made


def _order(message: Message, now: int) -> None:
    """Send it on to where its recipient wants it: to a verified address, or to a department's own system."""
    rows = [Delivery(message=message, channel=channel, target=target) for channel, target in _targets(message)]
    for row in rows:
        row.save()
        payload = {"delivery": row.pk}
        OutboxMessage.objects.create(
            topic="services.deliver_message", payload=payload, act="", created_us=now, due_us=now
        )


def _targets(message: Message) -> Iterable[tuple[str, str]]:
    kind, _colon, department = message.recipient.partition(":")
    if department:
        for subscription in city().all(SubscriptionFile):
            if subscription.department == department and (not subscription.of or message.kind in subscription.of):
                yield "webhook", subscription.key
    elif Contact.objects.filter(account=kind, wanted=True).exclude(verified_us=None).exclude(email="").exists():
        yield "email", kind


@handles("services.tell")
def tell_of_events(payload: Mapping[str, Any]) -> None:
    """May run twice: a message that is there is not made again."""
    events = Event.objects.filter(id__in=payload["events"]).prefetch_related("objects_touched").order_by("id")
    now = now_us()
    for event in events:
        tell(_about(event, now))
