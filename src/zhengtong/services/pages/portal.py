# SPDX-License-Identifier: Apache-2.0
"""The portal: find a life event, be guided by two questions, fill one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from zhengtong.acts.perform import now_us, perform
from zhengtong.errors import BadInput, FormFaults, ZhengtongError
from zhengtong.organization.models import Account
from zhengtong.organization.persons import Person
from zhengtong.organization.queries import actor
from zhengtong.services.actions.submit_case import SubmitCase, UploadedMaterial
from zhengtong.services.casework import calendar
from zhengtong.services.models import Draft
from zhengtong.services.pages.forms import form_fields, material_field, situation_fields, take_uploads
from zhengtong.services.published import LifeEvent, Values
from zhengtong.services.queries import find_life_events, life_event, life_events
from zhengtong.ui.pages import page, post_key, public, route


@public(reason="everyone may look for what they need")
def home(request: HttpRequest) -> HttpResponse:
    question = request.GET.get("q", "").strip()[:200]
    found = find_life_events(question) if question else []
    events = life_events()
    context = {
        "question": question,
        "found": found,
        "people": [e for e in events if e.event.audience == "person"],
        "businesses": [e for e in events if e.event.audience == "business"],
    }
    return page(request, "services/home.html", context)


@public(reason="what an application needs is known before signing in")
def guide(request: HttpRequest, key: str) -> HttpResponse:
    event = life_event(key)
    given = {s.key: request.GET.get(s.key, "") for s in event.event.situations}
    faults: Mapping[str, ZhengtongError] = {}
    answers: dict[str, str] | None = None
    if any(given.values()) or not given:
        try:
            answers = event.check_answers(given)
        except FormFaults as found:
            faults = found.fields
    context: dict[str, object] = {
        "event": event,
        "questions": situation_fields(event, given, faults),
        "faults": FormFaults(faults) if faults else None,
        "fields": situation_fields(event, given, faults),
    }
    if answers is not None:
        context |= needs_of(event, answers)
        context["apply_url"] = f"{reverse('apply', args=[key])}?{urlencode(answers)}"
        context["bpmn_url"] = f"{reverse('life_event_bpmn', args=[key])}?{urlencode(answers)}"
    return page(request, "services/guide.html", context)


def needs_of(event: LifeEvent, answers: Mapping[str, str]) -> dict[str, object]:
    """What a person should know before starting: steps, who decides, what to bring, what need not be brought."""
    services = event.uses(answers)
    materials = event.materials(answers, {})
    return {
        "answered": True,
        "services": [(s, event.departments[s.department].name) for s in services],
        "uploads": [m.material for m in materials if m.asked and m.material.origin != "output"],
        "reused": [m.material for m in materials if m.asked and m.material.origin == "output"],
        "field_count": sum(f.asked for f in event.fields(answers, {})),
        "promised": event.event.promised.days,
    }


@dataclass
class Filling:
    """One form being filled in, by the applicant or at the counter for somebody."""

    event: LifeEvent
    answers: dict[str, str]
    raw: dict[str, str]
    origins: dict[str, str]
    materials: dict[str, UploadedMaterial]
    faults: dict[str, ZhengtongError] = field(default_factory=dict)

    def take(self, request: HttpRequest) -> None:
        """Read the posted form and its files; what was wrong with a file stands in `faults`."""
        for form_field in self.event.fields(self.answers, {}):
            name = form_field.element.key
            text = request.POST.get(name, "")
            if text != self.raw.get(name):
                self.origins.pop(name, None)
            self.raw[name] = text
        wanted = [ask.material.key for ask in self.event.uploads(self.answers, {})]
        self.materials, faults = take_uploads(request, wanted, self.materials)
        self.faults.update(faults)

    def check(self) -> None:
        """Raise `FormFaults` with all that is wrong at once: the form, its files, the documents that are missing."""
        faults = dict(self.faults)
        values: Values = {}
        try:
            values = self.event.read_form(self.answers, self.raw, today=calendar().date_of(now_us()))
        except FormFaults as found:
            faults = {**found.fields, **faults}
        for ask in self.event.uploads(self.answers, values):
            missing = ask.material.necessity == "required" and ask.material.key not in self.materials
            if missing and ask.material.key not in faults:
                faults[ask.material.key] = BadInput("请上传这份材料", "please add this document")
        if faults:
            raise FormFaults(faults)

    def submission(self, person: Person | None = None) -> SubmitCase:
        return SubmitCase(
            definition=self.event.hash,
            answers=self.answers,
            raw=self.raw,
            materials=tuple(self.materials.values()),
            origins=self.origins,
            on_behalf_of=person,
        )

    def context(self) -> dict[str, object]:
        """The form as it is drawn, errors at their fields."""
        fields = form_fields(self.event, self.answers, self.raw, self.faults, self.origins)
        uploads = [
            material_field(ask, self.materials.get(ask.material.key), self.faults.get(ask.material.key))
            for ask in self.event.uploads(self.answers, {})
        ]
        drawn = {"event": self.event, "answers": self.answers, "inputs": fields, "uploads": uploads}
        return {**needs_of(self.event, self.answers), **drawn, "fields": [*fields, *uploads]}


def begin(request: HttpRequest, key: str) -> Filling | None:
    """The form for the answers in the address; None when they do not hold, so that the guide asks again."""
    event = life_event(key)
    given = {s.key: request.GET.get(s.key, "") for s in event.event.situations}
    try:
        answers = event.check_answers(given)
    except FormFaults:
        return None
    return Filling(event, answers, {}, {}, {})


def _from_draft(filling: Filling, account: Account) -> None:
    draft = Draft.objects.filter(account=account.pseudonym, life_event=filling.event.key).first()
    if draft and draft.answers == filling.answers:
        filling.raw.update(draft.values)
        filling.materials.update({name: UploadedMaterial(**kept) for name, kept in draft.materials.items()})
    for key, element in filling.event.elements.items():
        if element.type == "mobile" and account.mobile and not filling.raw.get(key):
            filling.raw[key], filling.origins[key] = account.mobile, "account"


def _keep_draft(filling: Filling, account: Account) -> None:
    Draft.objects.update_or_create(
        account=account.pseudonym,
        life_event=filling.event.key,
        defaults={
            "answers": filling.answers,
            "values": filling.raw,
            "materials": {name: asdict(kept) for name, kept in filling.materials.items()},
            "updated_us": now_us(),
        },
    )


@route(permission="case.submit", methods=("GET", "HEAD", "POST"))
def apply(request: HttpRequest, key: str) -> HttpResponse:
    assert isinstance(request.user, Account)  # noqa: S101  # the route asks for a signed-in person
    filling = begin(request, key)
    if filling is None:
        return redirect("life_event", key)
    _from_draft(filling, request.user)
    if request.method != "POST":
        return page(request, "services/apply.html", filling.context())
    filling.take(request)
    if "save" in request.POST:
        _keep_draft(filling, request.user)
        messages.success(request, _("Your draft is kept. You can go on whenever you like."))
        return redirect(request.get_full_path())
    try:
        filling.check()
        done = perform(filling.submission(), actor(request), post_key(request))
    except FormFaults as faults:
        _keep_draft(filling, request.user)
        filling.faults = dict(faults.fields)
        return page(request, "services/apply.html", filling.context(), faults=faults)
    Draft.objects.filter(account=request.user.pseudonym, life_event=key).delete()
    messages.success(request, _("Your application was received. There is nothing more for you to do now."))
    return redirect("my_case", done.result["case"])
