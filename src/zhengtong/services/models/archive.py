# SPDX-License-Identifier: Apache-2.0
"""Archive packages of closed cases."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow
from zhengtong.services.models.cases import Case


class ArchivePackage(RecordedRow):
    """归档包. `number` is its 档号; `sha256` is of the file, `manifest` of its list of files.

    `keep_years` None: kept for ever. `state`: built, transferred, kept_on (appraised, kept on until `appraise_on`),
    to_destroy, destroyed.
    """

    object_type = "archive"
    object_id_field = "number"
    recorded_fields = (
        "case_id",
        "number",
        "department",
        "sha256",
        "manifest",
        "size",
        "keep_years",
        "built_us",
        "transfer_on",
        "appraise_on",
        "state",
        "receiver",
        "receipt",
        "text",
        "appraised_by",
    )

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="archive")
    number = models.CharField(max_length=64, unique=True)
    department = models.CharField(max_length=64, db_index=True)
    sha256 = models.CharField(max_length=64)
    manifest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    keep_years = models.PositiveSmallIntegerField(null=True)
    built_us = models.BigIntegerField()
    transfer_on = models.DateField(null=True)
    appraise_on = models.DateField(null=True)
    state = models.CharField(max_length=16, default="built")
    receiver = models.CharField(max_length=200, blank=True)
    receipt = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    appraised_by = models.CharField(max_length=64, blank=True)
