# SPDX-License-Identifier: Apache-2.0
"""Cases moved to another version of their life event."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow
from zhengtong.services.models.cases import Case


class CaseMigration(RecordedRow):
    """One case's move. `before` holds its steps as they stood, `after` the versions of its rows when the move was done:
    while they stand, nothing new has happened and the move may be taken back."""

    object_type = "migration"
    object_id_field = "reference"
    recorded_fields = (
        "case_id",
        "reference",
        "from_hash",
        "to_hash",
        "before",
        "after",
        "moved_us",
        "reverted_us",
    )

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="migrations")
    reference = models.CharField(max_length=32, unique=True)
    from_hash = models.CharField(max_length=64, db_index=True)
    to_hash = models.CharField(max_length=64, db_index=True)
    before = models.JSONField()
    after = models.JSONField()
    moved_us = models.BigIntegerField()
    reverted_us = models.BigIntegerField(null=True)
