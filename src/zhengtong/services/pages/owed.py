# SPDX-License-Identifier: Apache-2.0
"""Documents an applicant may bring later or commit to: offered on the form, and supplied on the case's page."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.perform import perform
from zhengtong.errors import BadInput, FormFaults, ZhengtongError
from zhengtong.organization.queries import actor
from zhengtong.services.actions.supply_promised import SupplyPromised, promised_materials
from zhengtong.services.casework import CaseWork, calendar
from zhengtong.services.offers import Offer
from zhengtong.services.pages.forms import Faults, material_field, take_uploads
from zhengtong.services.published import MaterialAsk
from zhengtong.ui.forms import Field
from zhengtong.ui.pages import post_key, route

LATER, COMMIT = "later-", "commit-"


def offer_fields(ask: MaterialAsk, offer: Offer | None, chosen: frozenset[str]) -> list[Field]:
    """What may stand for this document: a box to tick for each way its services allow. `chosen` are boxes ticked."""
    fields, key = [], ask.material.key
    if offer and offer.tolerance:
        length = offer.tolerance
        label = (
            _("I do not have it yet and will supply it within %(days)s working days")
            if length.unit == "working_days"
            else _("I do not have it yet and will supply it within %(days)s days")
        )
        fields.append(
            Field(
                LATER + key, label % {"days": length.days}, kind="checkbox", value=LATER + key in chosen, required=False
            )
        )
    if offer and offer.commitment:
        fields.append(
            Field(
                COMMIT + key,
                offer.commitment.text,
                kind="checkbox",
                value=COMMIT + key in chosen,
                required=False,
                hint=_("A commitment instead of this document. It is checked afterwards; what is not kept is revoked."),
            )
        )
    return fields


def chosen_instead(posted: Mapping[str, object], offered: Mapping[str, Offer]) -> frozenset[str]:
    """The boxes that were ticked, of those offered."""
    names = {LATER + key for key, offer in offered.items() if offer.tolerance}
    names |= {COMMIT + key for key, offer in offered.items() if offer.commitment}
    return frozenset(names & posted.keys())


def of_kind(chosen: frozenset[str], kind: str) -> tuple[str, ...]:
    return tuple(sorted(name.removeprefix(kind) for name in chosen if name.startswith(kind)))


def owed_fields(work: CaseWork, faults: Faults) -> list[Field]:
    """Documents that are promised and not here yet, each with the day it was promised for."""
    owed, days = promised_materials(work), calendar()
    asks = {ask.material.key: ask for ask in work.definition.uploads(work.case.answers, work.form.values)}
    drawn = []
    for key, due_us in owed.items():
        plain = material_field(asks[key], None, faults.get(key))
        hint = _("promised, to come by") + f" {days.date_of(due_us):%Y-%m-%d}"
        drawn.append(Field(**{**plain.__dict__, "hint": hint, "required": False}))
    return drawn


@route(permission="case.supply_promised", methods=("POST",))
def supply(request: HttpRequest, number: str) -> HttpResponse:
    """Take in promised documents, all or some."""
    from zhengtong.services.pages.mine import case_page, readable

    work = readable(request, number)
    wanted = list(promised_materials(work))
    materials, faults = take_uploads(request, wanted, {})
    if not faults and not materials and wanted:
        faults = {wanted[0]: BadInput("请至少上传一份材料", "add at least one document")}
    if faults:
        found: dict[str, ZhengtongError] = dict(faults)
        return case_page(request, work, FormFaults(found))
    perform(SupplyPromised(number, tuple(materials.values())), actor(request), post_key(request))
    messages.success(request, _("Received. The department goes on with it."))
    return redirect("my_case", number)
