# SPDX-License-Identifier: Apache-2.0
"""Evidence: the events behind a case, each with its proof checked here and to be checked anywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse

from zhengtong.acts.authority import Subject, may
from zhengtong.acts.perform import now_us
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.city.text import Text
from zhengtong.errors import NotFound, ZhengtongError
from zhengtong.ledger import log as compose
from zhengtong.ledger import publishing
from zhengtong.ledger.composed import Log
from zhengtong.ledger.models import Event, EventObject
from zhengtong.ledger.verifier import Verdict, verify_bundle
from zhengtong.organization.queries import actor
from zhengtong.services.casework import CaseWork, open_case
from zhengtong.services.pages.history import MORE, WORDS
from zhengtong.services.pages.ticket_words import WORDS as TICKET_WORDS
from zhengtong.services.ticketing import open_ticket
from zhengtong.ui.pages import page, public, route


@dataclass(frozen=True)
class Checked:
    """An event with the verdict on its bundle against the published key and checkpoint."""

    event: Event
    words: object
    verdict: Verdict

    @property
    def standing(self) -> str:
        return self.verdict.state

    @property
    def doubts(self) -> list[Text]:
        """Why it is not proven, in both languages."""
        return [] if self.standing == "proven" else [Text(zh=zh, en=en) for zh, en in self.verdict.reasons]


def _trusted(log: Log) -> tuple[str, str | None]:
    """The published key and newest checkpoint: files outside the database."""
    latest = publishing.folder(log) / "latest.txt"
    return log.key_file(), latest.read_text("utf-8") if latest.exists() else None


def check(log: Log, event: Event) -> Checked:
    """Prove one event and verify the proof as an outsider would."""
    key, note = _trusted(log)
    words = WORDS.get(event.type) or TICKET_WORDS.get(event.type) or MORE.get(event.type, event.type)
    try:
        verdict = verify_bundle(log.prove(event.id), key, note, now_us=now_us())
    except ZhengtongError as error:
        verdict = Verdict("contradicted", [(error.zh, error.en)])
    return Checked(event, words, verdict)


def _may_see(request: HttpRequest, event: str) -> bool:
    """Whoever may read all evidence, or one of the cases or tickets the event is about."""
    me = actor(request)
    if may(me, "evidence.read", Subject("event", event)):
        return True
    cases = EventObject.objects.filter(event_id=event, object_type="case").values_list("object_id", flat=True)
    for number in cases:
        try:
            subject = open_case(number, lock=False).subject
        except NotFound:
            continue
        if may(me, "evidence.read", subject):
            return True
    tickets = EventObject.objects.filter(event_id=event, object_type="ticket").values_list("object_id", flat=True)
    return any(may(me, "ticket.read", open_ticket(number, lock=False).reading) for number in tickets)


@route(permission="evidence.read")
def case_evidence(request: HttpRequest, number: str) -> HttpResponse:
    work = open_case(number, lock=False)
    me = actor(request)
    if not may(me, "evidence.read", work.subject):
        raise NotFound("没有这个办件", "there is no such case", found=number)
    events = Event.objects.filter(objects_touched__object_type="case", objects_touched__object_id=number)
    log = compose()
    checked = [check(log, event) for event in events.distinct().order_by("time_us", "id")[:500]]
    states = [item.standing for item in checked]
    context = {
        "case": work.case,
        "event": work.definition.event,
        "may_open": bool(may(me, "case.read", work.subject)),
        "rows": [(item, _service(work, item.event), department_name(item.event.department)) for item in checked],
        "proven": states.count("proven"),
        "promised": states.count("promised"),
        "contradicted": states.count("contradicted"),
    }
    return page(request, "evaluation/case_evidence.html", context)


def _service(work: CaseWork, event: Event) -> object:
    """The name of the service an event is about, "" where it is about the whole case."""
    key = event.attributes.get("service", "")
    return work.definition.services[key].name if key in work.definition.services else key


def department_name(key: str) -> object:
    """A department as people call it; one that the city knows no more by its key, none as a dash."""
    if not city().has(Department, key):
        return key or "–"
    department = city().get(Department, key)
    return department.short or department.name


@route(permission="evidence.read")
def event_evidence(request: HttpRequest, event: str) -> HttpResponse:
    row = _event(request, event)
    log = compose()
    objects = list(row.objects_touched.order_by("object_type", "object_id"))
    attributes = sorted((name, json.dumps(value, ensure_ascii=False)) for name, value in row.attributes.items())
    context = {
        "item": check(log, row),
        "department": department_name(row.department),
        "objects": objects,
        "cases": sorted({item.object_id for item in objects if item.object_type == "case"}),
        "attributes": attributes,
        "origin": log.origin,
    }
    return page(request, "evaluation/event_evidence.html", context)


def _event(request: HttpRequest, event: str) -> Event:
    row = Event.objects.filter(id=event).first()
    if row is None or not _may_see(request, event):
        raise NotFound("没有这个事件", "there is no such event", found=event[:40])
    return row


@route(permission="evidence.read")
def bundle(request: HttpRequest, event: str) -> HttpResponse:
    """The bundle as a file: `zhengtong verify` judges it with a key and checkpoint of the reader's own."""
    _event(request, event)
    text = json.dumps(compose().prove(event), ensure_ascii=False, indent=1)
    response = HttpResponse(text + "\n", content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="event-{event}.json"'
    return response


@public(reason="a checkpoint is published for everyone")
def checkpoint(request: HttpRequest) -> HttpResponse:
    note = _trusted(compose())[1]
    if note is None:
        raise Http404
    return HttpResponse(note, content_type="text/plain; charset=utf-8")


@public(reason="the public key is published for everyone")
def public_key(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_trusted(compose())[0], content_type="text/plain; charset=utf-8")
