# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import uuid
from typing import Any

from django.db import migrations, models

import zhengtong.services.models.drafts
from zhengtong.ledger.rules.canonical import canonical


def name_drafts(apps: Any, _schema_editor: Any) -> None:
    """Drafts begun before: one a life event, so none of them can clash."""
    for draft in apps.get_model("services", "Draft").objects.all():
        draft.reference = uuid.uuid4().hex
        draft.situation = hashlib.sha256(canonical(draft.answers)).hexdigest()
        draft.save(update_fields=["reference", "situation"])


class Migration(migrations.Migration):
    dependencies = [("services", "0004_reconciliation")]

    operations = [
        migrations.RemoveConstraint(model_name="draft", name="one_draft_each"),
        migrations.AddField("draft", "reference", models.CharField(default="", max_length=32)),
        migrations.AddField("draft", "principal", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("draft", "situation", models.CharField(default="", max_length=64)),
        migrations.AddField("draft", "origins", models.JSONField(default=dict)),
        migrations.AddField("draft", "version", models.PositiveIntegerField(default=1)),
        migrations.AddField("draft", "writer", models.CharField(default="", max_length=32)),
        migrations.RunPython(name_drafts, migrations.RunPython.noop),
        migrations.AlterField(
            "draft",
            "reference",
            models.CharField(default=zhengtong.services.models.drafts.new_reference, max_length=32, unique=True),
        ),
        migrations.AddIndex("draft", models.Index(fields=["updated_us"], name="drafts_by_age")),
        migrations.AddConstraint(
            "draft",
            models.UniqueConstraint(
                fields=("account", "principal", "life_event", "situation"), name="one_draft_a_situation"
            ),
        ),
    ]
