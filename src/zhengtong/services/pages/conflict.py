# SPDX-License-Identifier: Apache-2.0
"""Two windows on one draft: both versions side by side, so that the person chooses and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from zhengtong.city.text import Text
from zhengtong.errors import Overtaken
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.models import Draft
from zhengtong.services.pages.filling import KEPT, Filling, Window, carry
from zhengtong.ui.forms import Choice, Field
from zhengtong.ui.pages import page


@dataclass(frozen=True)
class Hidden:
    """A value both versions agree on, or that only one of them has: it is carried along."""

    name: str
    value: str


def conflict_page(
    request: HttpRequest, filling: Filling, saved: Draft | None, overtaken: Overtaken, holder: str
) -> HttpResponse:
    """409 with a choice for each field that differs. Without a saved version only this window's is left to keep."""
    mine = filling.raw
    theirs = cast("dict[str, str]", saved.values) if saved else {}
    hidden: list[Hidden] = []
    choices: list[Field] = []
    drawn = filling.context()["inputs"]
    for field in cast("list[Field]", drawn):
        ours, other = mine.get(field.name, ""), theirs.get(field.name, "") if saved else mine.get(field.name, "")
        if ours == other:
            hidden.append(Hidden(field.name, ours))
        else:
            choices.append(_choice(field, ours, other))
    files, kept = _files(filling, saved, holder)
    context = {
        **filling.context(),
        "choices": [*choices, *files],
        "fields": [*choices, *files],
        "hidden": [*hidden, *kept],
        "saved": saved,
        "overtaken": overtaken,
        "window": Window.on(saved),
        "address": request.get_full_path(),
    }
    return page(request, "services/draft_conflict.html", context, status=overtaken.http)


def _choice(field: Field, mine: str, theirs: str) -> Field:
    names = {choice.value: choice.label for choice in field.choices}

    def label(text: str) -> object:
        return names.get(text, text) or _("(empty)")

    options = [
        Choice(mine, label(mine), _("in this window")),
        Choice(theirs, label(theirs), _("saved in the other window")),
    ]
    return Field(field.name, field.label, kind="radio", value=mine, choices=options)


def _files(filling: Filling, saved: Draft | None, holder: str) -> tuple[list[Field], list[Hidden]]:
    """The same for documents: a file only one window has is kept without asking."""
    names = {ask.material.key: ask.material.name for ask in filling.event.uploads(filling.answers, {})}
    theirs = {key: UploadedMaterial(**kept) for key, kept in (saved.materials if saved else {}).items()}
    choices, hidden = [], []
    for key, name in names.items():
        mine, other = filling.materials.get(key), theirs.get(key)
        found = [file for file in (mine, other) if file]
        if len(found) == 2 and found[0].sha256 != found[1].sha256:
            words = (_("in this window"), _("saved in the other window"))
            options = [Choice(carry(f, holder), f.filename, w) for f, w in zip(found, words, strict=True)]
            label: Text = name
            choices.append(Field(KEPT + key, label, kind="radio", value=options[0].value, choices=options))
        elif found:
            hidden.append(Hidden(KEPT + key, carry(found[0], holder)))
    return choices, hidden
