# SPDX-License-Identifier: Apache-2.0
"""Cases that came from another system's tables."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow
from zhengtong.services.models.cases import Case


class ImportedCase(RecordedRow):
    """Where an imported case came from, what of its source is in it, and whether the two clocks agree.

    `content` is the SHA-256 of what the source said; `moments` how much of it is in the record, in order. `late` is by
    our clock, `source_on_time` what the source itself says; None where there is nothing to say yet.
    """

    object_type = "imported_case"
    object_id_field = "reference"
    recorded_fields = (
        "case_id",
        "reference",
        "source",
        "source_number",
        "content",
        "moments",
        "service",
        "late",
        "source_on_time",
        "result",
        "imported_us",
    )

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="imported")
    reference = models.CharField(max_length=32, unique=True)
    source = models.CharField(max_length=64)
    source_number = models.CharField(max_length=64)
    content = models.CharField(max_length=64)
    moments = models.JSONField()
    service = models.CharField(max_length=64)
    late = models.BooleanField(null=True)
    source_on_time = models.BooleanField(null=True)
    result = models.CharField(max_length=200, blank=True)
    imported_us = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_number"], name="one_import_each")]
        indexes = [models.Index(fields=["source", "service"], name="imported_by_service")]
