# SPDX-License-Identifier: Apache-2.0

import django.db.models.deletion
from django.db import migrations, models

import zhengtong.ledger.models


class Migration(migrations.Migration):
    dependencies = [
        ("organization", "0004_measurements"),
    ]

    operations = [
        migrations.CreateModel(
            name="Absence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("salt", models.CharField(default=zhengtong.ledger.models.new_salt, editable=False, max_length=32)),
                ("version", models.PositiveIntegerField(default=0, editable=False)),
                ("event_id", models.CharField(default="", editable=False, max_length=32)),
                ("digest", models.CharField(default="", editable=False, max_length=64)),
                ("reference", models.CharField(max_length=32, unique=True)),
                ("begun_us", models.BigIntegerField()),
                ("until_us", models.BigIntegerField()),
                ("ended_us", models.BigIntegerField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=64)),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="absences",
                        to="organization.appointment",
                    ),
                ),
                (
                    "substitute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="substitutions",
                        to="organization.appointment",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
