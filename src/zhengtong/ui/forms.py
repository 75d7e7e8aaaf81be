# SPDX-License-Identifier: Apache-2.0
"""One question on a form, as data: what the `{% field %}` component draws and the error summary links to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.boundfield import BoundField
from django.utils.functional import Promise

from zhengtong.errors import FormFaults
from zhengtong.ui.language import reader_language, say

Kind = Literal[
    "text",
    "tel",
    "email",
    "number",
    "date",
    "password",
    "search",
    "textarea",
    "select",
    "radio",
    "checkbox",
    "checkboxes",
    "file",
]
GROUPED = ("radio", "checkboxes")
SECRET = ("password", "file")
Words = str | Promise | object
"""What a person reads: a string, a lazy translation, or anything with `.say(language)`."""


@dataclass(frozen=True)
class Choice:
    value: str
    label: Words
    hint: Words = ""


@dataclass(frozen=True)
class Origin:
    """Where a value came from, in words (“from the birth certificate, health commission”), and its receipt."""

    words: Words
    receipt_url: str = ""


@dataclass(frozen=True)
class Field:
    """`error` is shown at the field and in the summary. A password or file is never filled in again."""

    name: str
    label: Words
    kind: Kind = "text"
    value: object = ""
    hint: Words = ""
    required: bool = True
    error: Words = ""
    origin: Origin | None = None
    choices: Sequence[Choice] = ()
    autocomplete: str = ""
    readonly: bool = False
    attributes: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return field_id(self.name)

    @property
    def grouped(self) -> bool:
        return self.kind in GROUPED

    @property
    def shown(self) -> str:
        return "" if self.kind in SECRET or self.value is None else str(self.value)

    @property
    def chosen(self) -> frozenset[str]:
        """The values ticked, of one or several."""
        if isinstance(self.value, str) or not isinstance(self.value, Sequence):
            return frozenset({str(self.value)} if self.value not in (None, "") else ())
        return frozenset(str(value) for value in self.value)

    @property
    def described_by(self) -> str:
        """Ids of hint, error and origin, in the order a reader should hear them."""
        parts = (("hint", self.hint), ("error", self.error), ("origin", self.origin))
        return " ".join(f"{self.id}-{part}" for part, there in parts if there)


def field_id(name: str) -> str:
    """The id of the input: names of data elements may hold dots, which a selector would misread."""
    return "f-" + re.sub(r"[^A-Za-z0-9_-]", "-", name)


@dataclass(frozen=True)
class SummaryLine:
    """One line of the error summary; `href` "" when the error belongs to no single field."""

    href: str
    message: str


def summary(source: object, fields: Sequence[Field] = ()) -> list[SummaryLine]:
    """The lines of the error summary, in the order of `fields` where given, else of the errors.

    `source` is a `FormFaults`, a Django form, a mapping of field name to error, or None.
    """
    errors = _errors(source)
    labels = {item.name: say(item.label) for item in fields}
    order = {name: place for place, name in enumerate(labels)}
    chinese = reader_language() == "zh"
    lines = []
    for name, message in sorted(errors, key=lambda error: order.get(error[0], len(order))):
        href = f"#{field_id(name)}" if name else ""
        label = labels.get(name, "")
        if label.endswith(("?", "？")):
            label += "" if chinese else " "
        elif label:
            label += "：" if chinese else ": "
        lines.append(SummaryLine(href, label + message))
    return lines


def with_faults(fields: Sequence[Field], faults: FormFaults | None) -> list[Field]:
    """The same questions with their errors: for the form that comes back."""
    errors = faults.fields if faults else {}
    return [replace(item, error=errors.get(item.name, item.error)) for item in fields]


def _errors(source: object) -> list[tuple[str, str]]:
    if isinstance(source, FormFaults):
        return [(name, say(error)) for name, error in source.fields.items()]
    if isinstance(source, forms.BaseForm):
        return [
            ("" if name == NON_FIELD_ERRORS else source.add_prefix(name), str(message))
            for name, messages in source.errors.items()
            for message in messages
        ]
    if isinstance(source, Mapping):
        return [(str(name), say(error)) for name, error in source.items()]
    return []


def from_bound(bound: BoundField) -> Field:
    """A Django form's field as ours, so that both are drawn by one component."""
    widget = bound.field.widget
    return Field(
        name=bound.html_name,
        label=bound.label,
        kind=_kind(widget),
        value=bound.value(),
        hint=bound.help_text or "",
        required=bound.field.required,
        error=str(bound.errors[0]) if bound.errors else "",
        choices=_choices(widget),
        autocomplete=str(widget.attrs.get("autocomplete", "")),
        readonly=bound.field.disabled,
        attributes={
            name: value
            for name, value in widget.attrs.items()
            if name in ("maxlength", "minlength", "min", "max", "accept")
        },
    )


def _kind(widget: forms.Widget) -> Kind:
    table: tuple[tuple[type[forms.Widget], Kind], ...] = (
        (forms.CheckboxSelectMultiple, "checkboxes"),
        (forms.RadioSelect, "radio"),
        (forms.Select, "select"),
        (forms.CheckboxInput, "checkbox"),
        (forms.Textarea, "textarea"),
        (forms.FileInput, "file"),
        (forms.PasswordInput, "password"),
        (forms.EmailInput, "email"),
        (forms.NumberInput, "number"),
        (forms.DateInput, "date"),
    )
    return next((kind for widget_type, kind in table if isinstance(widget, widget_type)), "text")


def _choices(widget: forms.Widget) -> list[Choice]:
    if not isinstance(widget, forms.widgets.ChoiceWidget):
        return []
    # The blank first choice of Django's selects is drawn by the component itself.
    return [Choice(str(value), label) for value, label in widget.choices if value not in ("", None)]
