# SPDX-License-Identifier: Apache-2.0
"""Cases and what belongs to them. Definitions live in the city's files; a case keeps the version it began with."""

from __future__ import annotations

import secrets

from django.db import models

from zhengtong.ledger.models import RecordedRow


def new_code() -> str:
    """A public verification code: 80 bits, in letters and digits that are not mistaken for each other."""
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    bits = secrets.randbits(80)  # read once: sixteen letters of five bits
    return "".join(alphabet[bits >> 5 * place & 31] for place in range(16))


class PublishedVersion(RecordedRow):
    """One immutable version of a life event with everything it refers to, named by the hash of its content."""

    object_type = "version"
    object_id_field = "hash"
    recorded_fields = ("hash", "kind", "key", "body", "published_us")

    hash = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=64)
    body = models.JSONField()
    published_us = models.BigIntegerField()


class Case(RecordedRow):
    """办件. `applicant` and `taken_by` are pseudonyms; `channel` is portal or counter."""

    object_type = "case"
    object_id_field = "number"
    recorded_fields = (
        "number",
        "life_event",
        "definition",
        "answers",
        "applicant",
        "taken_by",
        "channel",
        "phase",
        "submitted_us",
        "closed_us",
        "demo",
    )

    number = models.CharField(max_length=24, unique=True)
    life_event = models.CharField(max_length=64)
    definition = models.CharField(max_length=64)
    answers = models.JSONField(default=dict)
    applicant = models.CharField(max_length=64, db_index=True)
    taken_by = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=16)
    phase = models.CharField(max_length=16)
    submitted_us = models.BigIntegerField()
    closed_us = models.BigIntegerField(null=True)
    demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["life_event"], name="cases_of_life_event"),
            models.Index(fields=["submitted_us"], name="cases_by_time"),
            models.Index(fields=["taken_by"], name="cases_of_clerk"),
        ]


class Step(RecordedRow):
    """环节: one department's part of a case. `facts` are dated facts its limits are computed from.

    `due_us` is the promised end of what the department has to do next, kept so that lists sort by it; `lapse_us` the
    next instant at which time alone will cause something, kept so that the sweep finds it. Both are derived from the
    facts whenever they change.
    """

    object_type = "step"
    object_id_field = "reference"
    recorded_fields = (
        "case_id",
        "reference",
        "key",
        "department",
        "external",
        "state",
        "facts",
        "due_us",
        "lapse_us",
        "decided_by",
        "reason_code",
    )

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps")
    reference = models.CharField(max_length=96, unique=True)
    key = models.CharField(max_length=64)
    department = models.CharField(max_length=64)
    external = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=16)
    facts = models.JSONField(default=list)
    due_us = models.BigIntegerField(null=True)
    lapse_us = models.BigIntegerField(null=True)
    decided_by = models.CharField(max_length=64, blank=True)
    reason_code = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["department", "state", "due_us"], name="my_steps"),
            models.Index(fields=["department", "case"], name="cases_of_department"),
            models.Index(fields=["department", "state", "case"], name="cases_by_step_state"),
            models.Index(fields=["lapse_us"], condition=models.Q(lapse_us__isnull=False), name="steps_to_lapse"),
        ]


class CaseForm(RecordedRow):
    """The one form: what was filled in, and where each value came from. The personal row of a case."""

    object_type = "form"
    object_id_field = "reference"
    recorded_fields = ("case_id", "reference", "values", "origins")

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="form")
    reference = models.CharField(max_length=32, unique=True)
    values = models.JSONField(default=dict)
    origins = models.JSONField(default=dict)


class Material(RecordedRow):
    """A file the applicant uploaded for one of the case's materials; the newest of a key counts."""

    object_type = "material"
    object_id_field = "reference"
    recorded_fields = ("case_id", "reference", "key", "sha256", "media_type", "size", "filename")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="materials")
    reference = models.CharField(max_length=96, unique=True)
    key = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=64)
    size = models.BigIntegerField()
    filename = models.CharField(max_length=200)


class CorrectionRequest(RecordedRow):
    """一次性告知: what must be corrected for a step, in the department's words (never in the ledger)."""

    object_type = "correction"
    object_id_field = "reference"
    recorded_fields = ("step_id", "reference", "items", "text", "asked_us")

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="corrections")
    reference = models.CharField(max_length=96, unique=True)
    items = models.JSONField()
    text = models.TextField()
    asked_us = models.BigIntegerField()


class Output(RecordedRow):
    """结果: what a granted step issued. `issuer_number` is the other system's own number where it issued it."""

    object_type = "output"
    object_id_field = "number"
    recorded_fields = ("step_id", "number", "key", "issued_us", "issuer_number", "status")

    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="output")
    number = models.CharField(max_length=64, unique=True)
    key = models.CharField(max_length=64)
    issued_us = models.BigIntegerField()
    issuer_number = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=16, default="valid")


class Notice(RecordedRow):
    """文书: a numbered, dated document. `sha256` is of the signed PDF once it is made; `code` opens its public page."""

    object_type = "notice"
    object_id_field = "reference"
    recorded_fields = (
        "case_id",
        "step_id",
        "reference",
        "number",
        "code",
        "kind",
        "department",
        "issued_us",
        "text",
        "sha256",
        "signed_us",
    )

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notices")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="notices", null=True)
    reference = models.CharField(max_length=32, unique=True)
    number = models.CharField(max_length=64, unique=True)
    code = models.CharField(max_length=16, unique=True, default=new_code)
    kind = models.CharField(max_length=32)
    department = models.CharField(max_length=64)
    issued_us = models.BigIntegerField()
    text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    signed_us = models.BigIntegerField(null=True)


class Rating(RecordedRow):
    """好差评 of a closed case, and where the loop that a bad one set off stands. Its words never enter the ledger."""

    object_type = "rating"
    object_id_field = "reference"
    recorded_fields = (
        "case_id",
        "reference",
        "level",
        "aspects",
        "text",
        "department",
        "rated_us",
        "state",
        "due_us",
        "repairs",
        "answer",
    )

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="rating")
    reference = models.CharField(max_length=32, unique=True)
    level = models.PositiveSmallIntegerField()
    aspects = models.JSONField(default=list)
    text = models.TextField(blank=True)
    department = models.CharField(max_length=64, db_index=True)
    rated_us = models.BigIntegerField()
    state = models.CharField(max_length=16)
    due_us = models.BigIntegerField(null=True)
    repairs = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
