# SPDX-License-Identifier: Apache-2.0
"""The one form as fields to draw, and the files that come with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from zhengtong.errors import BadInput, ZhengtongError
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.casework import calendar
from zhengtong.services.consents import offered
from zhengtong.services.engine.uploads import UploadLimits, store_upload
from zhengtong.services.own_outputs import OwnOutput
from zhengtong.services.published import Field as FormField
from zhengtong.services.published import LifeEvent, MaterialAsk
from zhengtong.ui.forms import Choice, Field, Kind, Origin

UPLOADS = UploadLimits()
MANY = 6  # from so many choices on, a list takes less room than buttons
KINDS: dict[str, Kind] = {"date": "date", "mobile": "tel", "integer": "number"}

OWN = "own-"
"""Before a document's key: the box by which an own result stands for it."""

Faults = Mapping[str, ZhengtongError]


def situation_fields(event: LifeEvent, given: Mapping[str, str], faults: Faults) -> list[Field]:
    """The situation questions."""
    return [
        Field(
            situation.key,
            situation.question,
            kind="radio",
            value=given.get(situation.key, ""),
            hint=situation.hint or "",
            error=faults.get(situation.key, ""),
            choices=[Choice(option.key, option.name) for option in situation.options],
        )
        for situation in event.event.situations
    ]


def origin_words(origin: str) -> str:
    """Where a value came from, in the reader's words. `case:` and `register:` name the case or the register."""
    kind, _colon, source = origin.partition(":")
    if source:
        return {
            "case": _("from your case %(source)s"),
            "register": _("from the register %(source)s"),
        }.get(kind, "%(source)s") % {"source": source}
    return {
        "typed": _("by the applicant"),
        "account": _("from your sign-in"),
        "firm": _("from the firm's registration"),
        "corrected": _("corrected by the applicant"),
        "counter": _("entered at the counter"),
    }.get(origin, origin)


def element_field(
    form_field: FormField, value: object, fault: ZhengtongError | None, origin: str = "", *, depends: bool = False
) -> Field:
    """One question of the form. One that only some answers ask for is never required by the browser."""
    element = form_field.element
    if element.type == "code":
        kind: Kind = "radio" if len(form_field.codes) < MANY else "select"
    else:
        kind = KINDS.get(element.type, "text")
    attributes: dict[str, str | int] = (
        {"maxlength": element.max_length} if element.max_length and kind == "text" else {}
    )
    return Field(
        element.key,
        element.name,
        kind=kind,
        value=value,
        hint=element.hint or "",
        required=not depends,
        error=fault or "",
        origin=Origin(origin_words(origin)) if origin and origin != "typed" else None,
        choices=[Choice(code, name) for code, name in form_field.codes.items()],
        autocomplete=element.autocomplete or "",
        attributes=attributes,
    )


def form_fields(
    event: LifeEvent,
    answers: Mapping[str, str],
    raw: Mapping[str, str],
    faults: Faults,
    origins: Mapping[str, str],
) -> list[Field]:
    """Every question this situation may ask, once. What hangs on another field's value is offered as optional.

    Of what was typed only text is looked at: a date or number may be wrong as yet, and one wrong value would hide all.
    """
    values = {key: text for key, text in raw.items() if text and event.variables.get(key) == "string"}
    drawn = []
    for form_field in event.fields(answers, values):
        key = form_field.element.key
        depends = any(ask.element == key and _hangs_on_fields(event, ask.when) for ask in event.event.asks)
        if form_field.asked or depends:
            drawn.append(
                element_field(form_field, raw.get(key, ""), faults.get(key), origins.get(key, ""), depends=depends)
            )
    return drawn


def _hangs_on_fields(event: LifeEvent, condition: str) -> bool:
    return any(key in condition for key in event.elements)


def material_field(ask: MaterialAsk, kept: UploadedMaterial | None, fault: ZhengtongError | None) -> Field:
    """One file to add; a file that came with an earlier try is kept and named."""
    return Field(
        ask.material.key,
        ask.material.name,
        kind="file",
        hint=ask.material.hint or _("PDF, JPEG or PNG"),
        required=ask.material.necessity == "required" and kept is None,
        error=fault or "",
        origin=Origin(_("already added: %(name)s") % {"name": kept.filename}) if kept else None,
        attributes={"accept": "application/pdf,image/jpeg,image/png"},
    )


def own_fields(own: OwnOutput | None, kept: UploadedMaterial | None) -> list[Field]:
    """A box by which a result the applicant already holds is used as this document; none once it is."""
    if own is None or (kept is not None and kept.sha256 == own.notice.sha256):
        return []
    day = f"{calendar().date_of(own.output.issued_us):%Y-%m-%d}"
    label = _("Use the result I already hold: No. %(number)s, issued %(day)s") % {
        "number": own.output.issuer_number or own.output.number, "day": day
    }  # fmt: skip
    hint = _("Its signed notice is added for you; whether it is still valid is checked when you submit.")
    return [Field(OWN + own.output.key, label, kind="checkbox", value=False, required=False, hint=hint)]


def take_uploads(
    request: HttpRequest, wanted: list[str], kept: Mapping[str, UploadedMaterial]
) -> tuple[dict[str, UploadedMaterial], dict[str, ZhengtongError]]:
    """Store the files of this request by content; returns what is there now and what was wrong with the rest."""
    found, faults = dict(kept), cast("dict[str, ZhengtongError]", {})
    folder = settings.ZHENGTONG_STATE / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        file = request.FILES.get(name)
        if not isinstance(file, UploadedFile) or file.file is None:
            continue
        try:
            stored = store_upload(cast(BinaryIO, file.file), folder, UPLOADS)
        except BadInput as fault:
            faults[name] = fault
        else:
            found[name] = UploadedMaterial(
                name, stored.sha256, stored.media_type, stored.size, (file.name or name)[:200]
            )
    return found, faults


def consent_field(event: LifeEvent, answers: Mapping[str, str], given: Collection[str]) -> Field | None:
    """Consents of others that may stand for documents of this situation; None where there are none."""
    found = offered(event, answers, {})
    choices = [Choice(one.key, one.name, one.text) for one in found.values()]
    label = _("Instead of the document, ask the person concerned. The case waits for the answer.")
    field = Field("consents", label, kind="checkboxes", value=sorted(given), choices=choices, required=False)
    return field if choices else None
