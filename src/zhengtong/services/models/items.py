# SPDX-License-Identifier: Apache-2.0
"""Imported item lists. The rows lie on the shelf (`engine/itemstore.py`); the record holds their hashes."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow


class ItemSnapshot(RecordedRow):
    """A snapshot of a list from above, named by the hash of its content. `mapping` is the hash of the mapping file."""

    object_type = "item_snapshot"
    object_id_field = "hash"
    recorded_fields = (
        "hash",
        "source",
        "file_sha256",
        "mapping_sha256",
        "rows_sha256",
        "faults_sha256",
        "rows",
        "rejected",
        "faults",
        "imported_us",
    )

    hash = models.CharField(max_length=64, unique=True)
    source = models.CharField(max_length=64, db_index=True)
    file_sha256 = models.CharField(max_length=64)
    mapping_sha256 = models.CharField(max_length=64)
    rows_sha256 = models.CharField(max_length=64)
    faults_sha256 = models.CharField(max_length=64)
    rows = models.BigIntegerField()
    rejected = models.BigIntegerField()
    faults = models.BigIntegerField()
    imported_us = models.BigIntegerField()
