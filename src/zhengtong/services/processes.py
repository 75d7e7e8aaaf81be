# SPDX-License-Identifier: Apache-2.0
"""What follows an act outside its transaction: external steps, and the signed files of notices.

Each handler may run twice (`acts.outbox`), so it looks where things stand and performs with a key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.outbox import SECOND, Again, handles
from zhengtong.acts.perform import now_us, perform
from zhengtong.errors import Conflict, NotFound
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.seal_notice import SealNotice
from zhengtong.services.actions.set_contact import token_for
from zhengtong.services.casework import CaseWork, open_case
from zhengtong.services.documents import make_file
from zhengtong.services.engine.external import Declined, Granted
from zhengtong.services.models import Contact, Notice
from zhengtong.services.rules.flow import FINAL, StepState
from zhengtong.services.sending import hand_over
from zhengtong.services.systems import client

POLL_US = 3 * SECOND


@handles("services.push")
def push_step(payload: Mapping[str, Any]) -> Again | None:
    """Hand an external step to the system that decides it, then ask until it has decided."""
    work = open_case(payload["case"], payload["step"], lock=False)
    step, reference = work.step, work.step.reference
    if step.state in FINAL:
        return None
    remote = client(step.external)
    if step.state == StepState.PENDING:
        remote.push(reference, step.key, _application(work))
        _perform_unless_over(RecordExternalAcceptance(work.case.number, step.key), f"accepted/{reference}")
        return Again(POLL_US)
    try:
        outcome = remote.poll(reference)
    except NotFound:  # the other system lost it: hand it over again
        remote.push(reference, step.key, _application(work))
        return Again(POLL_US)
    if isinstance(outcome, Granted):
        issued_us = int(outcome.issued_at.timestamp() * 1_000_000)
        answer = RecordExternalDecision(work.case.number, step.key, True, outcome.output, decided_there_us=issued_us)
    elif isinstance(outcome, Declined):
        answer = RecordExternalDecision(work.case.number, step.key, False, reason=outcome.reason)
    else:
        return Again(POLL_US)
    _perform_unless_over(answer, f"decided/{reference}")
    return None


def _perform_unless_over(action: RecordExternalAcceptance | RecordExternalDecision, key: str) -> None:
    """The applicant may have withdrawn meanwhile; then the answer changes nothing."""
    try:
        perform(action, SYSTEM, key)
    except Conflict:
        if open_case(action.case, action.step, lock=False).step.state not in FINAL:
            raise


def _application(work: CaseWork) -> dict[str, object]:
    """Only the elements this service needs leave the house."""
    elements = work.definition.services[work.step.key].elements
    return {key: work.form.values[key] for key in elements if key in work.form.values}


@handles("services.verify_email")
def send_verification(payload: Mapping[str, Any]) -> None:
    """The link by which a person confirms an address. Sent again it would do no harm, and say the same."""
    row = Contact.objects.filter(account=payload["account"], verified_us=None).exclude(email="").first()
    if row is None:
        return
    link = f"{settings.ZHENGTONG_PUBLIC_URL}{reverse('verify_email')}?token={token_for(row)}"
    with translation.override(row.language):
        subject, words = _("Confirm the address"), _("Open this link and press the button:")
    hand_over(EmailMessage(subject, f"{words}\n{link}\n", settings.DEFAULT_FROM_EMAIL, [row.email]))


@handles("services.sign_notice")
def sign_notice(payload: Mapping[str, Any]) -> None:
    """Typeset and sign a notice, then record the hash of its file."""
    notice = Notice.objects.select_related("case", "step").filter(reference=payload["notice"]).first()
    if notice is None:
        raise NotFound("没有这份文书", "there is no such notice", found=payload["notice"])
    sealed_notice(notice)


def sealed_notice(notice: Notice) -> Notice:
    """The notice with its signed file, made now if it is not made yet."""
    if not notice.sha256:
        perform(SealNotice(notice.reference, make_file(notice)), SYSTEM, f"sign/{notice.reference}/{now_us()}")
        notice.refresh_from_db()
    return notice
