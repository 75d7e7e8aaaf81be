# SPDX-License-Identifier: Apache-2.0
"""What decision tables said of a case."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow
from zhengtong.services.models.cases import Case


class DecisionOutcome(RecordedRow):
    """One decision table's answer for a case: the rows that applied (from 1) and what they said. The newest counts."""

    object_type = "decision"
    object_id_field = "reference"
    recorded_fields = ("case_id", "reference", "definition", "decision", "rows", "outputs", "decided_us")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    reference = models.CharField(max_length=32, unique=True)
    definition = models.CharField(max_length=64)
    decision = models.CharField(max_length=64)
    rows = models.JSONField()
    outputs = models.JSONField()
    decided_us = models.BigIntegerField()
