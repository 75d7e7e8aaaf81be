# SPDX-License-Identifier: Apache-2.0
"""Tables of the record. Triggers (`guards.py`) refuse any change of what has been written in the first six."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.apps import apps
from django.db import models

from zhengtong.errors import BadInput
from zhengtong.ledger.record import ObjectRef, digest_of
from zhengtong.ledger.rules.canonical import Value


class LogIdentity(models.Model):
    """One row: the name and suite this record was begun with. Changing either would make it another log."""

    origin = models.CharField(max_length=200)
    suite = models.CharField(max_length=32)
    created_us = models.BigIntegerField()


class Event(models.Model):
    """OCEL 2.0 event. Times are µs since 1970 UTC: `time_us` when it happened, `recorded_us` when it was written."""

    id = models.CharField(primary_key=True, max_length=32)
    act = models.CharField(max_length=32, db_index=True)
    type = models.CharField(max_length=64)
    time_us = models.BigIntegerField()
    recorded_us = models.BigIntegerField()
    actor = models.CharField(max_length=128)
    department = models.CharField(max_length=128)
    attributes = models.JSONField()

    class Meta:
        indexes = (models.Index(fields=["type", "time_us"], name="ledger_event_by_type"),)


class EventObject(models.Model):
    """OCEL 2.0 event-to-object relation. Qualifier "state" marks the row whose digest the event carries."""

    event = models.ForeignKey(Event, models.PROTECT, related_name="objects_touched", db_index=False)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=128)
    qualifier = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["event", "object_type", "object_id", "qualifier"], name="ledger_relation_once"
            ),
        )
        indexes = (models.Index(fields=["object_type", "object_id", "event"], name="ledger_event_by_object"),)


class Leaf(models.Model):
    """The order of the record: leaf `index` of the tree is this event, hashed as RFC 9162 says."""

    index = models.BigIntegerField(primary_key=True, db_column="idx")
    event = models.OneToOneField(Event, models.PROTECT, related_name="leaf")
    hash = models.BinaryField(max_length=32)


class Node(models.Model):
    """The hash of the complete subtree of 2^level leaves from index * 2^level on; level ≥ 1."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField(db_column="idx")
    hash = models.BinaryField(max_length=32)


class Checkpoint(models.Model):
    """A signed root. `note` is the text with its signature; the other columns repeat what it says."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    time_us = models.BigIntegerField()
    note = models.TextField()


class Unsealed(models.Model):
    """Events without a leaf. A trigger on `Event` fills it; the sealer empties it."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="unsealed")


class Delivery(models.Model):
    """Where the newest checkpoint has been posted, so that a failed post is tried again by the next sealing."""

    target = models.CharField(primary_key=True, max_length=64)
    size = models.BigIntegerField(default=0)
    failed = models.CharField(max_length=300, default="")


def new_salt() -> str:
    """128 random bits as hex. Each row has its own, erased with it: a shared one over ID numbers can be enumerated."""
    return secrets.token_hex(16)


class RecordedRow(models.Model):
    """A state row that must not change behind the application's back.

    A heir names `object_type`, the `recorded_fields` (by attname) its digest covers, and in `object_id_field` the
    unique field whose text is the object's id. To write one: change fields, `carried = row.next_state()`, append an
    event with `carried` among its attributes and `row.state_ref()` among its objects, set `row.event_id`, save.
    The audit walks every installed heir.
    """

    object_type: ClassVar[str]
    recorded_fields: ClassVar[tuple[str, ...]]
    object_id_field: ClassVar[str] = "pk"

    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    event_id = models.CharField(max_length=32, default="", editable=False)
    digest = models.CharField(max_length=64, default="", editable=False)

    class Meta:
        abstract = True

    @classmethod
    def audited(cls) -> list[type[RecordedRow]]:
        """Every installed table of recorded rows, by object type."""
        heirs = [model for model in apps.get_models() if issubclass(model, RecordedRow)]
        return sorted((model for model in heirs if not model._meta.proxy), key=lambda model: model.object_type)

    @property
    def object_id(self) -> str:
        return str(self.pk if self.object_id_field == "pk" else getattr(self, self.object_id_field))

    def state_ref(self) -> ObjectRef:
        return ObjectRef(self.object_type, self.object_id, "state")

    def recorded(self) -> dict[str, Value]:
        return {name: plain(getattr(self, name)) for name in self.recorded_fields}

    def compute_digest(self) -> str:
        return digest_of(self.recorded(), self.version, self.salt)

    def next_state(self) -> dict[str, Value]:
        """Raise the version and take the digest; returns the attributes `version` and `digest` of the event."""
        self.version += 1
        self.digest = self.compute_digest()
        return {"version": self.version, "digest": self.digest}

    def last_state(self) -> dict[str, Value]:
        """The attributes of the event that records this row's lawful deletion."""
        return {"version": self.version + 1, "deleted": True}


_PLAIN = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Value:
    """A field's value as the canonical form takes it: dates and decimals as text, bytes as hex, instants as µs."""
    if type(value) in _PLAIN:
        return value  # type: ignore[no-any-return]  # a str, an int, a bool or None
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return value.isoformat()
        since = value - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        return since // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        raise BadInput("小数不能进入摘要，请用整数单位", "a float has no digest; count in smaller units", found=value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
