# SPDX-License-Identifier: Apache-2.0
"""Changes of definitions that repeated bad ratings and complaints propose."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow


class ChangeProposal(RecordedRow):
    """A concern that ratings and tickets share (`aspect` "" is the whole), what stands behind it, and what the data
    bureau said.

    `definition` is the version that was in force; `state` is open, accepted or declined. The reason stays here: the
    ledger holds its digest only.
    """

    object_type = "proposal"
    object_id_field = "reference"
    recorded_fields = (
        "reference",
        "life_event",
        "department",
        "aspect",
        "definition",
        "ratings",
        "tickets",
        "state",
        "reason",
        "proposed_us",
        "decided_us",
    )

    reference = models.CharField(max_length=32, unique=True)
    life_event = models.CharField(max_length=64, db_index=True)
    department = models.CharField(max_length=64)
    aspect = models.CharField(max_length=64, blank=True)
    definition = models.CharField(max_length=64)
    ratings = models.JSONField()
    tickets = models.JSONField(default=list)
    state = models.CharField(max_length=16, default="open")
    reason = models.TextField(blank=True)
    proposed_us = models.BigIntegerField()
    decided_us = models.BigIntegerField(null=True)
