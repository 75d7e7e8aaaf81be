# SPDX-License-Identifier: Apache-2.0
"""Books held against those of other authorities' systems."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow


class Reconciliation(RecordedRow):
    """对账: one list of another system compared with ours. `listing` is the SHA-256 of the list as it was read."""

    object_type = "reconciliation"
    object_id_field = "reference"
    recorded_fields = ("reference", "system", "since_us", "listed_us", "listing", "agreed", "moving", "found")

    reference = models.CharField(max_length=32, unique=True)
    system = models.CharField(max_length=64)
    since_us = models.BigIntegerField()
    listed_us = models.BigIntegerField()
    listing = models.CharField(max_length=64)
    agreed = models.PositiveIntegerField()
    moving = models.PositiveIntegerField()
    found = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["system", "-listed_us"], name="last_reconciliation")]


class Difference(RecordedRow):
    """差异: what stands differently in two books, open until it vanishes or an officer settles it.

    `application` is the reference both houses use; `ours` and `theirs` what each says of it; `decided_us`, `output` and
    `reason` what their list adds. `way` says how it was settled, `text` why, in the officer's words.
    """

    object_type = "difference"
    object_id_field = "reference"
    recorded_fields = (
        "reference",
        "system",
        "department",
        "application",
        "kind",
        "ours",
        "theirs",
        "decided_us",
        "output",
        "reason",
        "found_us",
        "seen_us",
        "state",
        "way",
        "text",
        "settled_by",
        "settled_us",
    )

    reference = models.CharField(max_length=32, unique=True)
    system = models.CharField(max_length=64)
    department = models.CharField(max_length=64)
    application = models.CharField(max_length=100)
    kind = models.CharField(max_length=16)
    ours = models.CharField(max_length=100, blank=True)
    theirs = models.CharField(max_length=100, blank=True)
    decided_us = models.BigIntegerField(null=True)
    output = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    found_us = models.BigIntegerField()
    seen_us = models.BigIntegerField()
    state = models.CharField(max_length=16, default="open")
    way = models.CharField(max_length=16, blank=True)
    text = models.TextField(blank=True)
    settled_by = models.CharField(max_length=64, blank=True)
    settled_us = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "application"], condition=models.Q(state="open"), name="one_open_difference"
            )
        ]
        indexes = [models.Index(fields=["system", "state"], name="open_differences")]
