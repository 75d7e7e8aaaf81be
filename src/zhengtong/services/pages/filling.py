# SPDX-License-Identifier: Apache-2.0
"""One form being filled in: what was typed, where each value came from, which files are there, what is wrong."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from django.core import signing
from django.http import HttpRequest

from zhengtong.acts.perform import now_us
from zhengtong.errors import FormFaults, ZhengtongError
from zhengtong.organization.persons import Person
from zhengtong.services.actions.submit_case import SubmitCase, UploadedMaterial
from zhengtong.services.casework import calendar
from zhengtong.services.consents import chosen
from zhengtong.services.drafts import Content
from zhengtong.services.models import Draft
from zhengtong.services.offers import missing_documents, offers
from zhengtong.services.own_outputs import OwnOutput, as_material
from zhengtong.services.pages.forms import OWN, consent_field, form_fields, material_field, own_fields, take_uploads
from zhengtong.services.pages.owed import COMMIT, LATER, chosen_instead, of_kind, offer_fields
from zhengtong.services.published import LifeEvent, Values
from zhengtong.services.queries import life_event
from zhengtong.ui.forms import Field

KEPT = "kept:"
"""Prefix of hidden inputs that carry a file stored in an earlier request, signed for the person who sent it."""
_MARK = re.compile(r"[0-9a-f]{32}")


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


@dataclass(frozen=True)
class Window:
    """One browser window on a draft: the version it began from (0: none), its own random mark, and which draft."""

    seen: int = 0
    writer: str = ""
    draft: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Window:
        """As the form's hidden inputs say."""
        seen, writer, draft = (request.POST.get(f"draft_{name}", "") for name in ("version", "writer", "reference"))
        return cls(
            int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else 0,
            writer if _MARK.fullmatch(writer) else "",
            draft if _MARK.fullmatch(draft) else "",
        )

    @classmethod
    def on(cls, draft: Draft | None) -> Window:
        """A window just opened."""
        seen, reference = (draft.version, draft.reference) if draft else (0, "")
        return cls(seen, uuid.uuid4().hex, reference)


@dataclass
class Filling:
    """One form being filled in, by the applicant or at the counter for somebody."""

    event: LifeEvent
    answers: dict[str, str]
    raw: dict[str, str]
    origins: dict[str, str]
    materials: dict[str, UploadedMaterial]
    faults: dict[str, ZhengtongError] = field(default_factory=dict)
    window: Window = field(default_factory=Window)
    draft: Draft | None = None
    instead: frozenset[str] = frozenset()
    """Boxes ticked for documents that come later or that a commitment stands for."""
    consents: frozenset[str] = frozenset()
    own: Mapping[str, OwnOutput] = field(default_factory=dict)
    """Valid results the applicant holds that may stand for documents of this form."""

    def resume(self, draft: Draft | None) -> None:
        """Go on with what was kept."""
        self.draft = draft
        if draft is not None:
            self.raw.update(draft.values)
            self.origins.update(draft.origins)
            self.materials.update({name: UploadedMaterial(**kept) for name, kept in draft.materials.items()})

    def prefill(self, values: Mapping[str, str], origin: str) -> None:
        """Fill what is still empty; what somebody typed stays."""
        for key, text in values.items():
            if text and not self.raw.get(key):
                self.raw[key], self.origins[key] = text, origin

    def take(self, request: HttpRequest, holder: str = "") -> None:
        """Read the posted form and its files; what was wrong with a file stands in `faults`."""
        for form_field in self.event.fields(self.answers, {}):
            name = form_field.element.key
            text = request.POST.get(name, "")
            if text != self.raw.get(name):
                self.origins.pop(name, None)
            self.raw[name] = text
        self.consents = frozenset(request.POST.getlist("consents"))
        wanted = [ask.material.key for ask in self.event.uploads(self.answers, {})]
        self.materials |= {k: kept for k in wanted if (kept := _carried(request.POST.get(KEPT + k, ""), k, holder))}
        self.instead = chosen_instead(request.POST, offers(self.event, self.answers, {}))
        chosen_own = [one for key, one in self.own.items() if key in wanted and request.POST.get(OWN + key)]
        self.materials |= {one.output.key: as_material(one) for one in chosen_own}
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
        later, commit = of_kind(self.instead, LATER), of_kind(self.instead, COMMIT)
        asked = {consent.instead_of for consent in chosen(self.event, self.answers, values, self.consents)}
        given = self.materials.keys() | asked
        missing = missing_documents(self.event, self.answers, values, given=given, promised=later, committed=commit)
        faults = {**missing, **faults}
        if faults:
            raise FormFaults(faults)

    @property
    def content(self) -> Content:
        """What a draft keeps."""
        materials = {name: asdict(kept) for name, kept in self.materials.items()}
        return Content(dict(self.raw), {k: v for k, v in self.origins.items() if self.raw.get(k)}, materials)

    def carried(self, holder: str) -> dict[str, str]:
        """Hidden inputs by which the form that comes back keeps its files where no draft does; only for `holder`."""
        return {KEPT + key: carry(material, holder) for key, material in self.materials.items()}

    def submission(self, person: Person | None = None) -> SubmitCase:
        return SubmitCase(
            definition=self.event.hash,
            answers=self.answers,
            raw=self.raw,
            materials=tuple(self.materials.values()),
            origins=self.origins,
            consents=tuple(sorted(self.consents)),
            on_behalf_of=person,
            draft=self.window.draft or (self.draft.reference if self.draft else ""),
            draft_seen=self.window.seen,
            draft_writer=self.window.writer,
            promised=of_kind(self.instead, LATER),
            committed=of_kind(self.instead, COMMIT),
        )

    def context(self) -> dict[str, object]:
        """The form as it is drawn, errors at their fields."""
        fields = form_fields(self.event, self.answers, self.raw, self.faults, self.origins)
        allowed = offers(self.event, self.answers, {})
        uploads: list[Field] = []
        for ask in self.event.uploads(self.answers, {}):
            key = ask.material.key
            uploads.append(material_field(ask, self.materials.get(key), self.faults.get(key)))
            uploads += own_fields(self.own.get(key), self.materials.get(key))
            uploads += offer_fields(ask, allowed.get(key), self.instead)
        drawn = {"event": self.event, "answers": self.answers, "inputs": fields, "uploads": uploads}
        return {
            **needs_of(self.event, self.answers),
            **drawn,
            "fields": [*fields, *uploads],
            "consent": consent_field(self.event, self.answers, self.consents),
            "window": self.window,
            "draft": self.draft,
        }


def carry(material: UploadedMaterial, holder: str) -> str:
    """A stored file as a hidden input: good for `holder` alone and for a day."""
    return signing.dumps(asdict(material), salt=f"material/{holder}")


def _carried(token: str, key: str, holder: str) -> UploadedMaterial | None:
    """The file a hidden input carries; None for none, a forged one, or one of another place on the form."""
    if not token or not holder:
        return None
    try:
        kept = UploadedMaterial(**signing.loads(token, salt=f"material/{holder}", max_age=86400))
    except signing.BadSignature:
        return None
    return kept if kept.key == key else None


def begin(request: HttpRequest, key: str) -> Filling | None:
    """The form for the answers in the address; None when they do not hold, so that the guide asks again."""
    event = life_event(key)
    given = {s.key: request.GET.get(s.key, "") for s in event.event.situations}
    try:
        answers = event.check_answers(given)
    except FormFaults:
        return None
    return Filling(event, answers, {}, {}, {})
