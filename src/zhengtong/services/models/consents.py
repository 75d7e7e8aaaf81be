# SPDX-License-Identifier: Apache-2.0
"""Another person's consent (同意) to what a case needs of him."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow
from zhengtong.services.models.cases import Case


class Consent(RecordedRow):
    """One person asked for one consent of a case; the words are those of the case's own version of the life event.

    `holder` is the pseudonym of who is asked. `state`: asked, granted, refused, withdrawn, expired, or replaced by the
    document. `start` is what stands for documents when the case begins, kept until every consent is settled.
    """

    object_type = "consent"
    object_id_field = "reference"
    recorded_fields = (
        "case_id",
        "reference",
        "key",
        "holder",
        "state",
        "start",
        "asked_us",
        "expires_us",
        "answered_us",
    )

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="consents")
    reference = models.CharField(max_length=32, unique=True)
    key = models.CharField(max_length=64)
    holder = models.CharField(max_length=64, db_index=True)
    state = models.CharField(max_length=16)
    start = models.JSONField(default=dict)
    asked_us = models.BigIntegerField()
    expires_us = models.BigIntegerField()
    answered_us = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["expires_us"], condition=models.Q(state="asked"), name="consents_open")]
