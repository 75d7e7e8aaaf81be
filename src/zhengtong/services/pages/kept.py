# SPDX-License-Identifier: Apache-2.0
"""What a person has told: drafts to go on with, and the form of a case with where each value came from."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from zhengtong.acts.actor import Actor, Standing
from zhengtong.errors import NotFound
from zhengtong.organization.queries import names_of
from zhengtong.services import drafts
from zhengtong.services.casework import CaseWork
from zhengtong.services.models import Draft
from zhengtong.services.pages.forms import origin_words
from zhengtong.services.queries import life_event
from zhengtong.ui.parts import Column, Table


@dataclass(frozen=True)
class DraftShown:
    row: Draft
    principal: str
    name: object
    situation: tuple[object, ...]
    url: str
    expires_us: int | None


def drafts_shown(me: Actor) -> list[DraftShown]:
    """The drafts whose life event is still published, the newest first. One begun for another needs his mandate."""
    shown = []
    rows = list(drafts.drafts_of(me.id)[:50])
    names = names_of(row.principal for row in rows)
    for row in rows:
        standing = standing_for(me, row.life_event, row.principal)
        if row.principal and standing is None:
            continue
        try:
            event = life_event(row.life_event)
        except NotFound:
            continue
        chosen = tuple(
            option.name
            for situation in event.event.situations
            for option in situation.options
            if row.answers.get(situation.key) == option.key
        )
        whose = {"for": standing.mandate} if standing else {}
        url = f"{reverse('apply', args=[row.life_event])}?{urlencode(row.answers | whose)}"
        shown.append(
            DraftShown(row, names.get(row.principal, ""), event.event.name, chosen, url, drafts.expires_us(row))
        )
    return shown


def standing_for(me: Actor, life_event: str, principal: str) -> Standing | None:
    """The mandate of `principal` under which a life event may be applied for; None where there is none."""
    found = [s for s in me.standings if principal and s.principal == principal and s.covers(life_event)]
    return min(found, key=lambda standing: standing.mandate, default=None)


def told_us(work: CaseWork) -> Table:
    """The whole form, for the one whose case it is."""
    definition, form = work.definition, work.form
    rows = []
    for key, value in form.values.items():
        element = definition.elements[key]
        names = definition.codes[element.code_list].names() if element.code_list else {}
        origin = origin_words(form.origins.get(key, "typed"))
        rows.append((element.name, names.get(str(value), value), origin))
    columns = (Column(_("Element")), Column(_("Value")), Column(_("Came from")))
    return Table(_("The form"), columns, rows, key="told", caption_hidden=True)
