# SPDX-License-Identifier: Apache-2.0
"""People who sign in, what they are appointed to, and supervised tasks."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhengtong.ledger.models import RecordedRow


def new_pseudonym() -> str:
    """A random name for a person in the record: erase the account's row and nobody can say who it was."""
    return uuid.uuid4().hex


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, username: str, password: str | None, **fields: object) -> Account:
        account = Account(username=username, **fields)
        account.set_password(password)
        account.save()
        return account


class Account(AbstractBaseUser):
    """A person who signs in. The only place that joins a pseudonym to a name and number."""

    username = models.CharField(_("username"), max_length=64, unique=True)
    name = models.CharField(max_length=64)
    identity_number = models.CharField(max_length=18, blank=True)
    mobile = models.CharField(max_length=20, blank=True)
    pseudonym = models.CharField(max_length=32, unique=True, default=new_pseudonym, editable=False)
    is_active = models.BooleanField(default=True)
    demo = models.BooleanField(default=False)
    machine = models.BooleanField(default=False)
    """Another system, not a person: it has no password, and enters by API tokens alone."""

    USERNAME_FIELD = "username"
    objects: ClassVar[AccountManager] = AccountManager()

    def __str__(self) -> str:
        return self.name


class Appointment(RecordedRow):
    """A role a person holds in a department (city key; "" for the whole city) until it is ended."""

    object_type = "appointment"
    object_id_field = "reference"
    recorded_fields = ("reference", "account_id", "role", "department", "begun_us", "ended_us")

    reference = models.CharField(max_length=32, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="appointments")
    role = models.CharField(max_length=32)
    department = models.CharField(max_length=64, blank=True)
    begun_us = models.BigIntegerField()
    ended_us = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "role", "department"],
                condition=models.Q(ended_us=None),
                name="one_appointment_each",
            )
        ]


class ApiToken(RecordedRow):
    """A secret by which another system enters the API as its machine account, within `scopes`, until `expires_us`.

    Only the SHA-256 of the secret is kept: 256 random bits need no salt and no slow hash.
    """

    object_type = "token"
    object_id_field = "reference"
    recorded_fields = ("reference", "account_id", "secret_hash", "scopes", "issued_us", "expires_us", "revoked_us")

    reference = models.CharField(max_length=32, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="tokens")
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    issued_us = models.BigIntegerField()
    expires_us = models.BigIntegerField()
    revoked_us = models.BigIntegerField(null=True)


class FailedTries(models.Model):
    """How often a try at some secret failed in a row (`organization.tries`). `subject` is a keyed hash."""

    subject = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    last_us = models.BigIntegerField(default=0)
    until_us = models.BigIntegerField(default=0)


class Firm(RecordedRow):
    """A firm that applies: named by its unified social credit code, acted for by its representative and handlers."""

    object_type = "firm"
    object_id_field = "pseudonym"
    recorded_fields = ("pseudonym", "name", "code", "registered_us")

    pseudonym = models.CharField(max_length=32, unique=True, default=new_pseudonym, editable=False)
    name = models.CharField(max_length=200)
    code = models.CharField(max_length=18, unique=True)
    registered_us = models.BigIntegerField()


class Mandate(RecordedRow):
    """授权: `agent` may act for `principal` in `matters` (keys of life events; all where empty) until it ends.

    `kind`: agent (帮办代办 for a person), handler (经办人 of a firm), representative (法定代表人, who alone appoints).
    `paper` is the hash of the scanned authorisation where it was recorded at the counter.
    """

    object_type = "mandate"
    object_id_field = "reference"
    recorded_fields = (
        "reference",
        "principal",
        "agent",
        "kind",
        "matters",
        "channel",
        "paper",
        "begun_us",
        "until_us",
        "ended_us",
        "ended_by",
    )

    reference = models.CharField(max_length=32, unique=True)
    principal = models.CharField(max_length=64, db_index=True)
    agent = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    matters = models.JSONField(default=list)
    channel = models.CharField(max_length=16)
    paper = models.CharField(max_length=64, blank=True)
    begun_us = models.BigIntegerField()
    until_us = models.BigIntegerField(null=True)
    ended_us = models.BigIntegerField(null=True)
    ended_by = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["agent"], condition=models.Q(ended_us=None), name="mandates_in_force")]


class Absence(RecordedRow):
    """From `begun_us` to `until_us` another officer does what the absent one's appointment lets do. Why is not kept.

    Both ends are ends of days; it counts only while both appointments do (`organization.absences`).
    """

    object_type = "absence"
    object_id_field = "reference"
    recorded_fields = ("reference", "appointment_id", "substitute_id", "begun_us", "until_us", "ended_us", "ended_by")

    reference = models.CharField(max_length=32, unique=True)
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="absences")
    substitute = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="substitutions")
    begun_us = models.BigIntegerField()
    until_us = models.BigIntegerField()
    ended_us = models.BigIntegerField(null=True)
    ended_by = models.CharField(max_length=64, blank=True)


class SupervisedTask(RecordedRow):
    """督办: one matter, one sheet. `progress` is the rules' own value of it (`rules.supervised_task.Task`).

    `title` and `aim` are words of officials about matters, kept out of the ledger. `state`, `lead` and `due_us` repeat
    what `progress` says, for lists.
    """

    object_type = "task"
    object_id_field = "number"
    recorded_fields = (
        "number",
        "title",
        "aim",
        "origin",
        "indicator",
        "target",
        "suggested_lead",
        "proposer",
        "progress",
        "state",
        "lead",
        "due_us",
    )

    number = models.CharField(max_length=24, unique=True)
    title = models.CharField(max_length=200)
    aim = models.TextField(blank=True)
    origin = models.CharField(max_length=32)
    indicator = models.CharField(max_length=64, blank=True)
    target = models.CharField(max_length=32, blank=True)
    suggested_lead = models.CharField(max_length=64, blank=True)
    proposer = models.CharField(max_length=64)
    progress = models.JSONField()
    state = models.CharField(max_length=16, db_index=True)
    lead = models.CharField(max_length=64, blank=True)
    due_us = models.BigIntegerField(null=True)


class TaskFeedback(RecordedRow):
    """What the lead department reported on a task."""

    object_type = "task_feedback"
    object_id_field = "reference"
    recorded_fields = ("task_id", "reference", "text", "author", "given_us")

    reference = models.CharField(max_length=32, unique=True)
    task = models.ForeignKey(SupervisedTask, on_delete=models.PROTECT, related_name="feedbacks")
    text = models.TextField()
    author = models.CharField(max_length=64)
    given_us = models.BigIntegerField()


class TaskMeasurement(RecordedRow):
    """A task's figure at one moment: `hits` of `of` in [since, until), counted up to leaf `leaves` of the record."""

    object_type = "task_measurement"
    object_id_field = "reference"
    recorded_fields = (
        "task_id",
        "reference",
        "moment",
        "indicator",
        "hits",
        "of",
        "since_us",
        "until_us",
        "leaves",
    )

    reference = models.CharField(max_length=32, unique=True)
    task = models.ForeignKey(SupervisedTask, on_delete=models.PROTECT, related_name="measurements")
    moment = models.CharField(max_length=16)
    indicator = models.CharField(max_length=64)
    hits = models.BigIntegerField()
    of = models.BigIntegerField()
    since_us = models.BigIntegerField()
    until_us = models.BigIntegerField()
    leaves = models.BigIntegerField()

    @property
    def share(self) -> float | None:
        return self.hits / self.of if self.of else None
