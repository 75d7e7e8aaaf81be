# SPDX-License-Identifier: Apache-2.0
"""Applying: one form, kept as a draft while it is filled in, never lost to another window."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from zhengtong.acts.actor import Actor, Standing
from zhengtong.acts.perform import now_us, perform, performed
from zhengtong.errors import FormFaults, Overtaken, Refused
from zhengtong.organization.models import Account, Firm
from zhengtong.organization.queries import actor, names_of
from zhengtong.services import drafts
from zhengtong.services.drafts import DraftKey
from zhengtong.services.earlier import answers_of, offers
from zhengtong.services.models import Draft
from zhengtong.services.own_outputs import usable
from zhengtong.services.pages.conflict import conflict_page
from zhengtong.services.pages.filling import Filling, Window, begin
from zhengtong.ui.forms import Choice
from zhengtong.ui.pages import page, post_key, route


class Applying:
    """One request to the form of one applicant."""

    def __init__(self, request: HttpRequest, account: Account, filling: Filling) -> None:
        self.request, self.account, self.filling = request, account, filling
        self.actor = actor(request)
        self.standing = _chosen(self.actor, filling.event.key, request.GET.get("for", ""))
        self.principal = self.standing.principal if self.standing else ""
        self.applicant = self.principal or account.pseudonym
        self.key = DraftKey(account.pseudonym, filling.event.key, filling.answers, self.principal)

    def open(self) -> None:
        """Begin from the draft, and from what the sign-in knows."""
        self.filling.resume(self.key.find())
        asked = [ask.material.key for ask in self.filling.event.uploads(self.filling.answers, {})]
        self.filling.own = usable(self.applicant, asked)
        if self.principal:
            self.filling.prefill(_known_of(self.principal, self.filling), "firm")
        mobiles = [key for key, element in self.filling.event.elements.items() if element.type == "mobile"]
        self.filling.prefill(dict.fromkeys(mobiles, self.account.mobile), "account")
        self.filling.window = Window.on(self.filling.draft)

    def show(self, faults: FormFaults | None = None) -> HttpResponse:
        context = self.filling.context()
        asked = {field.name for field in self.filling.context()["inputs"]}  # type: ignore[attr-defined]  # a list of fields
        earlier = offers(self.applicant, self.filling.event, self.filling.raw, asked)
        names = in_whose_name(self.request, self.actor, self.filling, self.standing)
        return page(self.request, "services/apply.html", {**context, "earlier": earlier, **names}, faults=faults)

    def keep(self) -> Draft:
        window = self.filling.window
        kept = drafts.keep(self.key, self.filling.content, seen=window.seen, writer=window.writer, now_us=now_us())
        self.filling.draft = kept
        self.filling.window = Window(kept.version, window.writer, kept.reference)
        return kept

    def autosave(self) -> HttpResponse:
        """For the script that saves while the person types. Half-typed values are kept as they are."""
        kept = self.keep()
        return JsonResponse({"version": kept.version, "reference": kept.reference})

    def save(self) -> HttpResponse:
        self.keep()
        messages.success(self.request, _("Your draft is kept. You can go on whenever you like."))
        return redirect(self.request.get_full_path())

    def reuse(self) -> HttpResponse:
        """Fill what is empty from an earlier case the person chose, and keep it with where it came from."""
        number = self.request.POST["reuse"]
        answers = answers_of(self.applicant, number, self.filling.event, self.filling.raw)
        self.filling.prefill(answers, f"case:{number}")
        self.keep()
        messages.success(self.request, _("Filled in from your earlier case. Look it over before you submit."))
        return redirect(self.request.get_full_path())

    def submit(self) -> HttpResponse:
        try:
            self.filling.check()
            done = perform(
                replace(self.filling.submission(), principal=self.principal), self.actor, post_key(self.request)
            )
        except FormFaults as faults:
            self.keep()
            self.filling.faults = dict(faults.fields)
            return self.show(faults)
        messages.success(self.request, _("Your application was received. There is nothing more for you to do now."))
        return redirect("my_case", done.result["case"])

    def answer(self) -> HttpResponse:
        """What the pressed button asks for; where another window was faster, both versions side by side."""
        posted = self.request.POST
        try:
            if "autosave" in posted:
                return self.autosave()
            if "save" in posted:
                return self.save()
            return self.reuse() if "reuse" in posted else self.submit()
        except Overtaken as overtaken:
            if "autosave" in posted:
                return JsonResponse({"overtaken": overtaken.say("en")}, status=overtaken.http)
            done = performed(self.actor, "case.submit", post_key(self.request))
            if done:  # the same press of the same button, sent twice
                return redirect("my_case", done["case"])
            return conflict_page(self.request, self.filling, self.key.find(), overtaken, self.account.pseudonym)


def _chosen(me: Actor, life_event: str, mandate: str) -> Standing | None:
    """The mandate named in the address. Raises `Refused` for one the person does not hold, or not for this."""
    if not mandate:
        return None
    found = next((s for s in me.standings if s.mandate == mandate and s.covers(life_event)), None)
    if found is None:
        raise Refused("没有代为办理这件事的授权", "you hold no mandate to apply for this", where="for")
    return found


def _known_of(principal: str, filling: Filling) -> dict[str, str]:
    """What a firm's registration already says, so that it is not typed: its unified code."""
    firm = Firm.objects.filter(pseudonym=principal).first()
    codes = [key for key, element in filling.event.elements.items() if element.type == "uscc"] if firm else []
    return dict.fromkeys(codes, firm.code if firm else "")


def in_whose_name(
    request: HttpRequest, me: Actor, filling: Filling, standing: Standing | None
) -> dict[str, list[Choice] | str]:
    """In whose names the person may apply for this: links, the present one named by `for_whom`."""
    able = sorted((s for s in me.standings if s.covers(filling.event.key)), key=lambda s: s.mandate)
    names = names_of(s.principal for s in able)
    here = f"{request.path}?{urlencode(filling.answers)}"
    others = [Choice(f"{here}&for={s.mandate}", names.get(s.principal, "")) for s in able if s != standing]
    if standing is not None:
        others.append(Choice(here, _("yourself")))
    return {"for_whom": names.get(standing.principal, "") if standing else "", "other_names": others}


@route(permission="case.submit", methods=("GET", "HEAD", "POST"))
def apply(request: HttpRequest, key: str) -> HttpResponse:
    assert isinstance(request.user, Account)  # noqa: S101  # the route asks for a signed-in person
    filling = begin(request, key)
    if filling is None:
        return redirect("life_event", key)
    applying = Applying(request, request.user, filling)
    applying.open()
    if request.method != "POST":
        return applying.show()
    filling.window = Window.of(request)
    filling.take(request, request.user.pseudonym)
    return applying.answer()


@route(permission="case.submit", methods=("POST",))
def delete_draft(request: HttpRequest, reference: str) -> HttpResponse:
    drafts.delete(reference, actor(request).id)
    messages.success(request, _("The draft was deleted."))
    return redirect("my_cases")
