# SPDX-License-Identifier: Apache-2.0
"""Messages leave the house: e-mail to a verified address, a signed webhook to a department's own system.

A delivery is noted as being sent before it is, and as sent after. Found half-way by another worker, a webhook is sent
again under the same id, by which its receiver knows it; an e-mail, which nobody can recognise, is not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import smtplib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core import mail
from django.utils import translation

from zhengtong.acts.outbox import handles
from zhengtong.acts.perform import now_us
from zhengtong.errors import Unavailable
from zhengtong.services.engine.deadline import deadline
from zhengtong.services.models import Contact, Delivery, Message
from zhengtong.services.wording import letter

PATIENCE_S = 10.0


@handles("services.deliver_message")
def deliver_message(payload: Mapping[str, Any]) -> None:
    """Send one delivery. Raises `Unavailable`, to be tried again, where it surely did not arrive."""
    row = Delivery.objects.select_related("message").filter(pk=payload["delivery"]).first()
    if row is None or row.state in {"sent", "unsure"}:
        return
    mine = Delivery.objects.filter(pk=row.pk, state="waiting").update(state="sending")
    if not mine and row.channel == "email":
        Delivery.objects.filter(pk=row.pk, state="sending").update(state="unsure")
        return
    try:
        sure = SENDERS[row.channel](row)
    except Unavailable:
        Delivery.objects.filter(pk=row.pk).update(state="waiting")
        raise
    Delivery.objects.filter(pk=row.pk).update(state="sent" if sure else "unsure", sent_us=now_us() if sure else None)


def send_email(row: Delivery) -> bool:
    contact = Contact.objects.filter(account=row.target, wanted=True).exclude(verified_us=None).first()
    if contact is None:  # he changed his mind meanwhile
        return True
    with translation.override(contact.language):
        subject, body = letter(row.message)
    return hand_over(mail.EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [contact.email]))


def hand_over(letter_: mail.EmailMessage) -> bool:
    """Give an e-mail to the mail server; False where the connection broke so that nobody knows whether it took it.

    Raises `Unavailable` where it surely did not.
    """
    connection = mail.get_connection(fail_silently=False)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        zh, en = "邮件服务器没有应答", "the mail server does not answer"
        raise Unavailable(zh, en, found=type(error).__name__) from error
    try:
        connection.send_messages([letter_])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        zh, en = "邮件服务器没有接收", "the mail server did not take it"
        raise Unavailable(zh, en, found=type(error).__name__) from error
    except (OSError, smtplib.SMTPException):
        return False
    finally:
        connection.close()
    return True


def _setting(key: str, what: str) -> str:
    return f"ZHENGTONG_WEBHOOK_{key.upper().replace('-', '_')}_{what}"


def signature(secret: bytes, id_: str, timestamp: int, body: bytes) -> str:
    """`webhook-signature` of the Standard Webhooks convention: HMAC-SHA256 over id, timestamp (s) and body."""
    signed = f"{id_}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def notice_of(message: Message) -> dict[str, object]:
    """What another system is told: codes and references, nothing about a person."""
    return {
        "type": message.kind,
        "case": message.case,
        "step": message.step,
        "recipient": message.recipient,
        "created_us": message.created_us,
    }


def send_webhook(row: Delivery) -> bool:
    url, secret = (os.environ.get(_setting(row.target, what), "") for what in ("URL", "SECRET_FILE"))
    if not url or not secret or not Path(secret).is_file():
        raise Unavailable(
            "还没有配置通知接口的地址和密钥", "the webhook's address and secret are not set",
            where=row.target, expected=f"{_setting(row.target, 'URL')}, {_setting(row.target, 'SECRET_FILE')}",
        )  # fmt: skip
    body = json.dumps(notice_of(row.message), sort_keys=True).encode()
    id_, at = f"message-{row.pk}", now_us() // 1_000_000
    headers = {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(Path(secret).read_bytes().strip(), id_, at, body),
    }
    try:
        with deadline(PATIENCE_S) as extensions, httpx.Client(timeout=PATIENCE_S, trust_env=False) as client:
            answer = client.post(url, content=body, headers=headers, extensions=extensions)
    except httpx.HTTPError as error:
        found = type(error).__name__
        raise Unavailable("通知接口没有应答", "the webhook does not answer", where=row.target, found=found) from error
    if not answer.is_success:
        found = str(answer.status_code)
        raise Unavailable("通知接口没有接收", "the webhook did not take it", where=row.target, found=found)
    return True


SENDERS = {"email": send_email, "webhook": send_webhook}
