# SPDX-License-Identifier: Apache-2.0
"""What is said beside the main line of a step, and the appointments of joint inspections."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow
from zhengtong.services.models.cases import Case, Step


class Memo(RecordedRow):
    """What somebody said with an act on a step: why more time, why another department, what was found. These words
    never enter the record; what was done stands in the step's facts.

    `about` is the department or document concerned, `by` the pseudonym of who said it; `waiting` while nobody has
    answered yet.
    """

    object_type = "memo"
    object_id_field = "reference"
    recorded_fields = ("step_id", "reference", "kind", "about", "text", "by", "said_us", "waiting")

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="memos")
    reference = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=32)
    about = models.CharField(max_length=64, blank=True)
    text = models.TextField()
    by = models.CharField(max_length=64)
    said_us = models.BigIntegerField()
    waiting = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["kind", "about"], condition=models.Q(waiting=True), name="memos_waiting")]


class Inspection(RecordedRow):
    """一同勘验: the one appointment of a visit. `when_us` and `place` are told to the applicant by notice."""

    object_type = "inspection"
    object_id_field = "reference"
    recorded_fields = ("case_id", "reference", "key", "when_us", "place")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="inspections")
    reference = models.CharField(max_length=32, unique=True)
    key = models.CharField(max_length=64)
    when_us = models.BigIntegerField()
    place = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="one_visit_a_case")]
