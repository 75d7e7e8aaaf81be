# SPDX-License-Identifier: Apache-2.0
"""Triggers by which the database itself keeps the record: nothing written is changed, removed or added to.

They also keep the list of unsealed events, so that an event reaches the sealer however it was inserted.
An administrator of the database can drop them; the proofs and the audit are for that.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

FROZEN = (
    "ledger_event",
    "ledger_eventobject",
    "ledger_leaf",
    "ledger_node",
    "ledger_checkpoint",
    "ledger_logidentity",
)
_SAYS = "ledger: what has been recorded is not changed"

_CLOSED = """CREATE FUNCTION ledger_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF EXISTS (SELECT 1 FROM fresh JOIN ledger_leaf USING (event_id)) THEN
RAISE EXCEPTION 'ledger: a sealed event takes no more objects' USING ERRCODE = 'restrict_violation';
END IF; RETURN NULL; END $$"""


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the guards. Only SQLite and PostgreSQL have them; elsewhere the record is not to be kept."""
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor):
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the guards: to migrate their tables, or to empty a test database."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _sqlite():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            return
        for table in FROZEN:
            for name in ("frozen", "kept"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}")
        cursor.execute("DROP TRIGGER IF EXISTS ledger_event_waits ON ledger_event")
        cursor.execute("DROP TRIGGER IF EXISTS ledger_eventobject_closed ON ledger_eventobject")
        for function in ("frozen", "waits", "closed"):
            cursor.execute(f"DROP FUNCTION IF EXISTS ledger_{function}()")


def _statements(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return list(_sqlite().values())
    if vendor == "postgresql":
        return _postgresql()
    raise NotImplementedError(f"no guards for {vendor}")


def _sqlite() -> dict[str, str]:
    """INSERT OR REPLACE deletes without firing delete triggers, hence the `_once` guards before insert."""
    made: dict[str, str] = {}

    def trigger(name: str, head: str, body: str) -> None:
        made[name] = f"CREATE TRIGGER {name} {head} BEGIN {body}; END"

    keys = {
        "ledger_event": "id = NEW.id",
        "ledger_eventobject": "id = NEW.id OR (event_id = NEW.event_id AND object_type = NEW.object_type "
        "AND object_id = NEW.object_id AND qualifier = NEW.qualifier)",
        "ledger_leaf": "idx = NEW.idx OR event_id = NEW.event_id",
        "ledger_node": "level = NEW.level AND idx = NEW.idx",
        "ledger_checkpoint": "size = NEW.size",
        "ledger_logidentity": "id = NEW.id",
    }
    for table in FROZEN:
        for verb in ("UPDATE", "DELETE"):
            trigger(f"{table}_{verb.lower()}", f"BEFORE {verb} ON {table}", f"SELECT RAISE(ABORT, '{_SAYS}')")
        taken = f"EXISTS (SELECT 1 FROM {table} WHERE {keys[table]})"  # noqa: S608 - constants above
        trigger(f"{table}_once", f"BEFORE INSERT ON {table} WHEN {taken}", f"SELECT RAISE(ABORT, '{_SAYS}')")
    trigger(
        "ledger_event_waits",
        "AFTER INSERT ON ledger_event",
        "INSERT INTO ledger_unsealed (event_id) VALUES (NEW.id)",
    )
    trigger(
        "ledger_eventobject_closed",
        "BEFORE INSERT ON ledger_eventobject WHEN EXISTS (SELECT 1 FROM ledger_leaf WHERE event_id = NEW.event_id)",
        "SELECT RAISE(ABORT, 'ledger: a sealed event takes no more objects')",
    )
    return made


def _postgresql() -> list[str]:
    made = [
        "CREATE FUNCTION ledger_frozen() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_SAYS}' USING ERRCODE = 'restrict_violation'; END $$",
        "CREATE FUNCTION ledger_waits() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO ledger_unsealed (event_id) SELECT id FROM fresh; RETURN NULL; END $$",
        _CLOSED,
    ]
    for table in FROZEN:
        calls = "EXECUTE FUNCTION ledger_frozen()"
        made += [
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {calls}",
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {calls}",
        ]
    for name, table in (("waits", "ledger_event"), ("closed", "ledger_eventobject")):
        made.append(
            f"CREATE TRIGGER {table}_{name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh "
            f"FOR EACH STATEMENT EXECUTE FUNCTION ledger_{name}()"
        )
    return made
