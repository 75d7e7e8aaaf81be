# SPDX-License-Identifier: Apache-2.0
"""The inbox, and how a person wants to be told."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from zhengtong.acts.perform import now_us, perform
from zhengtong.errors import FormFaults, NotFound
from zhengtong.organization.queries import actor
from zhengtong.services.actions.set_contact import SetContact, VerifyEmail
from zhengtong.services.models import Contact, Message
from zhengtong.services.telling import inboxes
from zhengtong.services.wording import address, matter, title
from zhengtong.ui.forms import Field
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.registry import Inbox

SHOWN = 50


@dataclass(frozen=True)
class Line:
    row: Message
    title: object
    matter: object


def unread(request: HttpRequest) -> Inbox:
    """For the header of every page."""
    waiting = Message.objects.filter(recipient__in=inboxes(actor(request)), read_us=None)
    return Inbox(reverse("inbox"), waiting.count())


@route(permission="message.read")
def inbox(request: HttpRequest) -> HttpResponse:
    rows = Message.objects.filter(recipient__in=inboxes(actor(request))).order_by("-id")[:SHOWN]
    lines = [Line(row, title(row), matter(row)) for row in rows]
    context = {"lines": lines, "unread": sum(1 for line in lines if line.row.read_us is None)}
    return page(request, "services/inbox.html", context)


@route(permission="message.read", methods=("POST",))
def open_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark it read and go to where it is dealt with. Reading is no act: it changes nothing but this list."""
    me = actor(request)
    row = Message.objects.filter(pk=pk, recipient__in=inboxes(me)).first()
    if row is None:
        raise NotFound("没有这条消息", "there is no such message", found=pk)
    Message.objects.filter(pk=pk, read_us=None).update(read_us=now_us(), read_by=me.id)
    return redirect(address(row))


@route(permission="message.read", methods=("POST",))
def read_all(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    waiting = Message.objects.filter(recipient__in=inboxes(me), read_us=None)
    waiting.update(read_us=now_us(), read_by=me.id)
    return redirect("inbox")


@route(permission="contact.set", methods=("GET", "HEAD", "POST"))
def contact(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    row = Contact.objects.filter(account=me.id).first() or Contact(account=me.id)
    faults: FormFaults | None = None
    if request.method == "POST":
        given = request.POST
        wish = SetContact(given.get("email", ""), "wanted" in given, "electronic" in given, get_language() or "zh-hans")
        try:
            done = perform(wish, me, post_key(request))
        except FormFaults as found:
            faults = found
            row.email, row.wanted = wish.email, wish.wanted
        else:
            sent = wish.email and not done.result["verified"]
            messages.success(request, _("Kept. Open the link we sent to the address.") if sent else _("Kept."))
            return redirect("contact")
    fields = _fields(row, faults)
    context = {"inputs": fields, "fields": fields, "row": row}
    return page(request, "services/contact.html", context, faults=faults)


def _fields(row: Contact, faults: FormFaults | None) -> list[Field]:
    error = faults.fields.get("email", "") if faults else ""
    serve = _("Serve notices on me here. A notice counts as served when I open it, or after the city's term.")
    return [
        Field(
            "email",
            _("E-mail address"),
            kind="email",
            value=row.email,
            error=error,
            required=False,
            autocomplete="email",
        ),
        Field("wanted", _("Tell me by e-mail too"), kind="checkbox", value=row.wanted, required=False),
        Field("electronic", serve, kind="checkbox", value=row.electronic_us is not None, required=False),
    ]


@route(permission="contact.set", methods=("GET", "HEAD", "POST"))
def verify(request: HttpRequest) -> HttpResponse:
    """The link of the e-mail. Opening it shows a button: programs that look at links in mail press none."""
    token = request.GET.get("token", "")[:2000]
    if request.method == "POST":
        perform(VerifyEmail(token), actor(request), post_key(request))
        messages.success(request, _("The address is confirmed."))
        return redirect("contact")
    return page(request, "services/verify_email.html", {})
