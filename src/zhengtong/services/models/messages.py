# SPDX-License-Identifier: Apache-2.0
"""What people and departments are told, and where it was sent. References only: the words are made when it is read."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow


class Message(models.Model):
    """One thing told to a person (`recipient` is a pseudonym) or to a department (`department:` and its key).

    `key` makes it told once, however often its cause is looked at.
    """

    recipient = models.CharField(max_length=96)
    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=32)
    case = models.CharField(max_length=24, blank=True)
    step = models.CharField(max_length=64, blank=True)
    created_us = models.BigIntegerField()
    read_us = models.BigIntegerField(null=True)
    read_by = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["recipient", "-id"], name="inbox"),
            models.Index(fields=["recipient"], condition=models.Q(read_us=None), name="inbox_unread"),
        ]


class Delivery(models.Model):
    """A message on its way out of the house, once a channel and target.

    `state`: waiting, sending, sent, or unsure: a worker died between handing an e-mail over and noting it, so that it
    is not sent again. `target` is the recipient's pseudonym for e-mail, the subscription's key for a webhook.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=16)
    target = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default="waiting")
    sent_us = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "channel", "target"], name="sent_once")]


class Contact(RecordedRow):
    """How a person wants to be told. `electronic_us`: since when he agrees that notices are served in the portal."""

    object_type = "contact"
    object_id_field = "account"
    recorded_fields = ("account", "email", "verified_us", "wanted", "language", "electronic_us")

    account = models.CharField(max_length=64, unique=True)
    email = models.CharField(max_length=254, blank=True)
    verified_us = models.BigIntegerField(null=True)
    wanted = models.BooleanField(default=False)
    language = models.CharField(max_length=8, default="zh-hans")
    electronic_us = models.BigIntegerField(null=True)
