# SPDX-License-Identifier: Apache-2.0
"""Applying: one form, kept as a draft while it is filled in, never lost to another window."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from zhengtong.acts.perform import now_us, perform, performed
from zhengtong.errors import FormFaults, Overtaken
from zhengtong.organization.models import Account
from zhengtong.organization.queries import actor
from zhengtong.services import drafts
from zhengtong.services.drafts import DraftKey
from zhengtong.services.earlier import answers_of, offers
from zhengtong.services.models import Draft
from zhengtong.services.pages.conflict import conflict_page
from zhengtong.services.pages.filling import Filling, Window, begin
from zhengtong.ui.pages import page, post_key, route


class Applying:
    """One request to the form of one applicant."""

    def __init__(self, request: HttpRequest, account: Account, filling: Filling) -> None:
        self.request, self.account, self.filling = request, account, filling
        self.applicant = account.pseudonym
        self.key = DraftKey(account.pseudonym, filling.event.key, filling.answers)

    def open(self) -> None:
        """Begin from the draft, and from what the sign-in knows."""
        self.filling.resume(self.key.find())
        mobiles = [key for key, element in self.filling.event.elements.items() if element.type == "mobile"]
        self.filling.prefill(dict.fromkeys(mobiles, self.account.mobile), "account")
        self.filling.window = Window.on(self.filling.draft)

    def show(self, faults: FormFaults | None = None) -> HttpResponse:
        context = self.filling.context()
        asked = {field.name for field in self.filling.context()["inputs"]}  # type: ignore[attr-defined]  # a list of fields
        earlier = offers(self.applicant, self.filling.event, self.filling.raw, asked)
        return page(self.request, "services/apply.html", {**context, "earlier": earlier}, faults=faults)

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
            done = perform(self.filling.submission(), actor(self.request), post_key(self.request))
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
            done = performed(actor(self.request), "case.submit", post_key(self.request))
            if done:  # the same press of the same button, sent twice
                return redirect("my_case", done["case"])
            return conflict_page(self.request, self.filling, self.key.find(), overtaken, self.account.pseudonym)


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
