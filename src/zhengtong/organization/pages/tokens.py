# SPDX-License-Identifier: Apache-2.0
"""API tokens: which systems may enter, for what, until when; issue and revoke."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.authority import Subject, may
from zhengtong.acts.perform import now_us, perform
from zhengtong.city.text import Text
from zhengtong.errors import BadInput, FormFaults, NotFound, ZhengtongError
from zhengtong.organization.actions.issue_token import IssueToken
from zhengtong.organization.actions.revoke_token import RevokeToken
from zhengtong.organization.models import ApiToken
from zhengtong.organization.queries import actor, machine_accounts, tokens
from zhengtong.organization.rules.scopes import SCOPES
from zhengtong.organization.tokens import new_secret, secret_hash
from zhengtong.ui.forms import Choice, Field
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import State

SHOWN = 200
USUAL_DAYS = 90


def token_state(row: ApiToken, now: int) -> State:
    """Whether a token still opens anything."""
    if row.revoked_us is not None:
        return State("wait", _("revoked"))
    return State("wait", _("expired")) if row.expires_us <= now else State("ok", _("valid"))


def _fields(given: Mapping[str, str], scopes: list[str], faults: Mapping[str, ZhengtongError]) -> list[Field]:
    longest = settings.ZHENGTONG_TOKEN_DAYS
    return [
        Field(
            "username", _("System"), kind="select", value=given.get("username", ""), error=faults.get("username", ""),
            hint=_("Machine accounts are opened by whoever runs the installation."),
            choices=[Choice(a.username, f"{a.name} · {a.username}") for a in machine_accounts()],
        ),
        Field(
            "scopes", _("What for"), kind="checkboxes", value=scopes, error=faults.get("scopes", ""),
            choices=[Choice(key, Text(zh=zh, en=en)) for key, (zh, en) in SCOPES.items()],
        ),
        Field(
            "days", _("Valid for how many days"), kind="number", error=faults.get("days", ""),
            value=given.get("days", str(min(USUAL_DAYS, longest))), attributes={"min": 1, "max": longest},
        ),
    ]  # fmt: skip


@route(permission="token.read", methods=("GET", "HEAD", "POST"))
def all_tokens(request: HttpRequest) -> HttpResponse:
    """With a form posted, issue one: its secret is on this answer alone, and nowhere kept."""
    if request.method != "POST":
        return page(request, "organization/tokens.html", _context(request, {}, [], {}))
    given, scopes = request.POST.dict(), request.POST.getlist("scopes")
    secret = new_secret()
    faults: dict[str, ZhengtongError]
    try:
        action = IssueToken(given.get("username", ""), secret_hash(secret), tuple(scopes), _days(given.get("days", "")))
        perform(action, actor(request), post_key(request))
    except BadInput as fault:
        faults = {_place(fault): fault}
    except NotFound as fault:
        faults = {"username": fault}
    else:
        return page(request, "organization/tokens.html", {**_context(request, {}, [], {}), "secret": secret})
    context = _context(request, given, scopes, faults)
    return page(request, "organization/tokens.html", context, faults=FormFaults(faults))


def _place(fault: BadInput) -> str:
    return "days" if fault.where == "days" else "scopes"


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadInput("请填写天数", "give a number of days", where="days", found=text[:20] or None, expected="90")
    return int(text)


def _context(
    request: HttpRequest, given: Mapping[str, str], scopes: list[str], faults: Mapping[str, ZhengtongError]
) -> dict[str, object]:
    fields, now = _fields(given, scopes, faults), now_us()
    may_issue = bool(may(actor(request), "token.issue", Subject("token")))
    return {
        "inputs": fields,
        "fields": fields,
        "rows": [
            (row, token_state(row, now), [Text(zh=SCOPES[s][0], en=SCOPES[s][1]) for s in row.scopes if s in SCOPES])
            for row in tokens()[:SHOWN]
        ],
        "now": now,
        "may_issue": may_issue,
        "machines": machine_accounts().exists(),
    }


@route(permission="token.read", methods=("POST",))
def revoke(request: HttpRequest, reference: str) -> HttpResponse:
    perform(RevokeToken(reference), actor(request), post_key(request))
    messages.success(request, _("The token is revoked. Whoever sends it is refused from now on."))
    return redirect("tokens")
