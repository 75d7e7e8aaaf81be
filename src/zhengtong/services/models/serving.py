# SPDX-License-Identifier: Apache-2.0
"""送达: how and when a notice reached the person it is for."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow
from zhengtong.services.models.cases import Notice


class NoticeService(RecordedRow):
    """Service of one notice. `way`: portal (opened by the person), deemed (the city's term after it lay there), or by
    hand: in_person against signature, post, electronic, left, public. `receipt` is a postal or public number.
    """

    object_type = "notice_service"
    object_id_field = "reference"
    recorded_fields = ("notice_id", "reference", "way", "served_us", "receipt")

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, related_name="service")
    reference = models.CharField(max_length=32, unique=True)
    way = models.CharField(max_length=16)
    served_us = models.BigIntegerField()
    receipt = models.CharField(max_length=64, blank=True)
