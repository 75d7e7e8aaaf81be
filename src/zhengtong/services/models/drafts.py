# SPDX-License-Identifier: Apache-2.0
"""Forms being filled in."""

from __future__ import annotations

import uuid

from django.db import models


def new_reference() -> str:
    return uuid.uuid4().hex


class Draft(models.Model):
    """A form being filled in, one a situation. Not an act: nothing is recorded until it is submitted.

    `situation` is a hash of the answers that decide what the form asks. `version` counts the savings and `writer` is
    the random mark of the window that saved last: a window may go on over its own savings, never over another's.
    `principal` is who it is filled in for where that is not the account itself.
    `values` is what was typed, right or wrong; `origins` where each value came from.
    """

    reference = models.CharField(max_length=32, unique=True, default=new_reference)
    account = models.CharField(max_length=64)
    principal = models.CharField(max_length=64, default="", blank=True)
    life_event = models.CharField(max_length=64)
    situation = models.CharField(max_length=64, default="")
    answers = models.JSONField(default=dict)
    values = models.JSONField(default=dict)
    origins = models.JSONField(default=dict)
    materials = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    writer = models.CharField(max_length=32, default="")
    updated_us = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "principal", "life_event", "situation"], name="one_draft_a_situation"
            )
        ]
        indexes = [models.Index(fields=["updated_us"], name="drafts_by_age")]
