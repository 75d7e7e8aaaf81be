# SPDX-License-Identifier: Apache-2.0

import django.db.models.deletion
from django.db import migrations, models

import zhengtong.ledger.models


class Migration(migrations.Migration):
    dependencies = [
        ("organization", "0003_mandates"),
    ]

    operations = [
        migrations.CreateModel(
            name="TaskMeasurement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("salt", models.CharField(default=zhengtong.ledger.models.new_salt, editable=False, max_length=32)),
                ("version", models.PositiveIntegerField(default=0, editable=False)),
                ("event_id", models.CharField(default="", editable=False, max_length=32)),
                ("digest", models.CharField(default="", editable=False, max_length=64)),
                ("reference", models.CharField(max_length=32, unique=True)),
                ("moment", models.CharField(max_length=16)),
                ("indicator", models.CharField(max_length=64)),
                ("hits", models.BigIntegerField()),
                ("of", models.BigIntegerField()),
                ("since_us", models.BigIntegerField()),
                ("until_us", models.BigIntegerField()),
                ("leaves", models.BigIntegerField()),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="measurements",
                        to="organization.supervisedtask",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
