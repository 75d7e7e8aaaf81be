# SPDX-License-Identifier: Apache-2.0
"""What keeps acts exactly-once: the record of idempotency keys, and the outbox."""

from __future__ import annotations

from django.db import models


class PerformedAct(models.Model):
    """One act that was done under a key. `body_hash` is salted: it must not tell what the form held."""

    actor = models.CharField(max_length=64)
    verb = models.CharField(max_length=64)
    key = models.CharField(max_length=100)
    act = models.CharField(max_length=32)
    salt = models.CharField(max_length=32)
    body_hash = models.CharField(max_length=64)
    result = models.JSONField(null=True)
    performed_us = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "verb", "key"], name="one_act_per_key")]


class OutboxMessage(models.Model):
    """Work that an act ordered and that leaves the transaction: delivered at least once, its effect recorded once.

    `payload` holds references only. A worker holds a message until `lease_us`; a worker that dies loses the lease.
    """

    topic = models.CharField(max_length=64)
    payload = models.JSONField()
    act = models.CharField(max_length=32)
    created_us = models.BigIntegerField()
    due_us = models.BigIntegerField()
    lease_us = models.BigIntegerField(default=0)
    attempts = models.IntegerField(default=0)
    done_us = models.BigIntegerField(null=True)
    last_error = models.CharField(max_length=200, default="")

    class Meta:
        indexes = [models.Index(fields=["due_us"], condition=models.Q(done_us=None), name="outbox_due")]


class Serial(models.Model):
    """The last number given out in a scope, such as a department's notices of a year."""

    scope = models.CharField(max_length=100, primary_key=True)
    last = models.BigIntegerField(default=0)
