# SPDX-License-Identifier: Apache-2.0
"""The words of messages, made when they are read, in the language of who reads them."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhengtong.services.models import Case, Message
from zhengtong.services.published import published
from zhengtong.ui.language import say

WORDS: dict[str, object] = {
    "case_submitted": _("Your application was received"),
    "correction_asked": _("Something has to be corrected"),
    "step_paused": _("The clock was paused by law"),
    "step_granted": _("Granted"),
    "step_refused": _("Refused: the notice gives reasons and remedies"),
    "step_not_accepted": _("Not accepted: the notice gives the reason"),
    "case_closed": _("The case is closed; you can rate it"),
    "rating_repaired": _("What you rated was put right"),
    "step_received": _("A new step to accept"),
    "correction_supplied": _("The applicant has corrected"),
    "case_rated": _("A case was rated"),
    "step_near": _("A step is due soon"),
    "consent_asked": _("Your consent is asked"),
    "consent_near": _("Your consent is still asked; the time to answer ends soon"),
    "consent_granted": _("The consent was given"),
    "consent_refused": _("The consent was not given: bring the document, or withdraw the case"),
    "consent_withdrawn": _("The consent was taken back"),
    "consent_expired": _("The consent was not answered in time: bring the document, or withdraw the case"),
    "mandate_given": _("An authorisation was given"),
    "mandate_ended": _("An authorisation has ended"),
}


def title(message: Message) -> object:
    return WORDS.get(message.kind, message.kind)


def matter(message: Message) -> object:
    """The name of the service, else of the life event, it is about; "" for what is about no case."""
    case = Case.objects.filter(number=message.case).first() if message.case else None
    if case is None:
        return ""
    definition = published(case.definition)
    service = definition.services.get(message.step)
    return service.name if service else definition.event.name


def address(message: Message) -> str:
    """Where it is dealt with."""
    if message.kind.startswith("mandate_"):
        return reverse("agency")
    if message.kind in {"consent_asked", "consent_near"}:
        return reverse("consents")
    if message.recipient.startswith("department:") and message.kind != "case_rated":
        return reverse("step", args=[message.case, message.step])
    return reverse("ratings") if message.kind == "case_rated" else reverse("my_case", args=[message.case])


def letter(message: Message) -> tuple[str, str]:
    """Subject and body of an e-mail: what it is about and where to read it, no word about the person."""
    about = say(matter(message))
    subject = f"{title(message)} · {message.case}" if message.case else str(title(message))
    lines = [
        str(title(message)),
        f"{about} {message.case}".strip(),
        "",
        f"{settings.ZHENGTONG_PUBLIC_URL}{address(message)}",
        "",
        gettext("You get this because you asked for it by e-mail; “Notifications” in the portal changes that."),
    ]
    return subject, "\n".join(lines)
