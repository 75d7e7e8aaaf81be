# SPDX-License-Identifier: Apache-2.0

import django.db.models.deletion
from django.db import migrations, models

import zhengtong.ledger.models


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0007_imported_cases"),
    ]

    operations = [
        migrations.CreateModel(
            name="Inspection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("salt", models.CharField(default=zhengtong.ledger.models.new_salt, editable=False, max_length=32)),
                ("version", models.PositiveIntegerField(default=0, editable=False)),
                ("event_id", models.CharField(default="", editable=False, max_length=32)),
                ("digest", models.CharField(default="", editable=False, max_length=64)),
                ("reference", models.CharField(max_length=32, unique=True)),
                ("key", models.CharField(max_length=64)),
                ("when_us", models.BigIntegerField()),
                ("place", models.CharField(max_length=200)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="inspections", to="services.case"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("case", "key"), name="one_visit_a_case")],
            },
        ),
        migrations.CreateModel(
            name="Memo",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("salt", models.CharField(default=zhengtong.ledger.models.new_salt, editable=False, max_length=32)),
                ("version", models.PositiveIntegerField(default=0, editable=False)),
                ("event_id", models.CharField(default="", editable=False, max_length=32)),
                ("digest", models.CharField(default="", editable=False, max_length=64)),
                ("reference", models.CharField(max_length=32, unique=True)),
                ("kind", models.CharField(max_length=32)),
                ("about", models.CharField(blank=True, max_length=64)),
                ("text", models.TextField()),
                ("by", models.CharField(max_length=64)),
                ("said_us", models.BigIntegerField()),
                ("waiting", models.BooleanField(default=False)),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="memos", to="services.step"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("waiting", True)), fields=["kind", "about"], name="memos_waiting")
                ],
            },
        ),
    ]
