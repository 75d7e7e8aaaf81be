# SPDX-License-Identifier: Apache-2.0
"""Records that earlier releases made, as text: `python -m holds.earlier NAME` fills the empty database of the settings.

A file holds, after a line about itself, one row a line; bytes are written as {"hex": …}. The tables are made by the
migrations that release had, so that what follows is the upgrade a city goes through.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "records"


def about(name: str) -> dict[str, str]:
    """The first line of a file: how it was made, its log's key (hex) and newest checkpoint."""
    with (FOLDER / f"{name}.jsonl").open(encoding="utf-8") as file:
        found: dict[str, str] = json.loads(file.readline())
    return found


def load(name: str) -> None:
    """Migrate to where the release stood, then write its rows in one transaction."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, transaction

    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines[1:]]
    applied: dict[str, str] = {}
    for row in (one["row"] for one in rows if one["table"] == "django_migrations"):
        applied[row["app"]] = max(applied.get(row["app"], ""), row["name"])
    for app, migration in sorted(applied.items()):
        call_command("migrate", app, migration, verbosity=0, interactive=False)
    there = [model for model in _models() if model._meta.db_table in connection.introspection.table_names()]
    with transaction.atomic():
        for one in rows:
            if one["table"] not in {"django_migrations", "ledger_unsealed"}:
                _insert(connection, one["table"], one["row"])
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM ledger_unsealed")  # filled by the trigger on events; all of them were sealed
            for sql in connection.ops.sequence_reset_sql(_no_style(), there):
                cursor.execute(sql)
    keys = Path(settings.ZHENGTONG_STATE) / "keys"
    keys.mkdir(mode=0o700)
    key = keys / "log-ed25519.key"
    key.write_bytes(bytes.fromhex(json.loads(lines[0])["key_of_this_test_record"]))
    key.chmod(0o600)


def _insert(connection: Any, table: str, row: dict[str, Any]) -> None:
    kinds = {field.column: field.get_internal_type() for field in _fields(table)}
    values = [_value(kinds.get(column, ""), value) for column, value in row.items()]
    columns = ", ".join(f'"{column}"' for column in row)
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join(["%s"] * len(row))})', values)


def _value(kind: str, value: Any) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return bool(value) if kind == "BooleanField" else value


def _fields(table: str) -> list[Any]:
    return [field for model in _models() if model._meta.db_table == table for field in model._meta.concrete_fields]


def _models() -> list[Any]:
    from django.apps import apps

    return [model for model in apps.get_models() if model._meta.app_config.name.startswith("zhengtong.")]


def _no_style() -> Any:
    from django.core.management.color import no_style

    return no_style()


if __name__ == "__main__":
    import django

    django.setup()
    load(sys.argv[1])
