# SPDX-License-Identifier: Apache-2.0
"""State rows against the events that record them: changed, rolled back, inserted or deleted behind the back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError

from zhengtong.errors import BadInput
from zhengtong.ledger import store
from zhengtong.ledger.findings import Finding, finding
from zhengtong.ledger.models import RecordedRow
from zhengtong.ledger.rules.canonical import strict_json

_STATE = "o.object_id, e.id, e.attributes FROM ledger_eventobject o JOIN ledger_event e ON e.id = o.event_id"


@dataclass(frozen=True, slots=True)
class State:
    """What one event says of one row."""

    event: str
    version: int
    digest: str
    deleted: bool


def walk(models: Sequence[type[RecordedRow]], report: Callable[[int], None]) -> Iterator[Finding]:
    """Every row of `models`, then every object whose state was recorded and whose row is not there."""
    done = 0
    for model in models:
        for rows in _chunks(model):
            states = _states(model.object_type, [row.object_id for row in rows])
            for row in rows:
                for found in check(row, states.get(row.object_id, [])):
                    yield replace(found, related=_beside(found.object_type, found.object_id))
            done += len(rows)
            report(done)
    for model in models:
        yield from _vanished(model)
    yield from _unaudited([model.object_type for model in models])


def check(row: RecordedRow, states: Sequence[State]) -> Iterator[Finding]:
    """One row against all events that carry its state. At most one finding a row: the one that says most."""
    kind, one = row.object_type, row.object_id
    if not states:
        yield finding("row_not_recorded", kind, one)
        return
    try:
        changed = row.compute_digest() != row.digest
    except (BadInput, ValueError):  # a value no form of ours could have stored
        changed = True
    newest = max(states, key=lambda state: state.version)
    own = next((state for state in states if state.event == row.event_id), None)
    detail = f"version {row.version}, event {row.event_id}"
    if changed:
        yield finding("row_changed", kind, one, detail)
    elif newest.deleted:
        yield finding("row_returned", kind, one, detail)
    elif own is None:
        yield finding("row_event_missing", kind, one, detail)
    elif (own.version, own.digest) != (row.version, row.digest):
        yield finding("row_differs", kind, one, detail)
    elif row.version < newest.version:
        yield finding("row_rolled_back", kind, one, f"{row.version} < {newest.version}")


def _beside(object_type: str, object_id: str) -> tuple[tuple[str, str], ...]:
    """What else the events that record a row were about: of a step or a file, its case."""
    rows = store.query(
        "SELECT DISTINCT b.object_type, b.object_id FROM ledger_eventobject a "
        "JOIN ledger_eventobject b ON b.event_id = a.event_id "
        "WHERE a.object_type = %s AND a.object_id = %s AND a.qualifier = 'state' AND b.qualifier <> 'state' "
        "ORDER BY b.object_type, b.object_id",
        [object_type, object_id],
    )
    return tuple((kind, one) for kind, one in rows if (kind, one) != (object_type, object_id))


def _chunks(model: type[RecordedRow]) -> Iterator[list[RecordedRow]]:
    """All rows by primary key, `store.ROWS` at a time."""
    ordered = model._default_manager.order_by("pk")
    last: Any = None
    while rows := list((ordered if last is None else ordered.filter(pk__gt=last))[: store.ROWS]):
        yield rows
        last = rows[-1].pk


def _states(object_type: str, ids: Sequence[str]) -> dict[str, list[State]]:
    """All recorded states of the given objects. An event that cannot be read says nothing (the log's part names it)."""
    found: dict[str, list[State]] = defaultdict(list)
    listed = store.marks(ids)
    rows = store.query(
        f"SELECT {_STATE} WHERE o.object_type = %s AND o.qualifier = 'state' AND o.object_id IN ({listed})",
        [object_type, *ids],
    )
    for one, event, text in rows:
        try:
            said = strict_json(text)
        except BadInput:
            continue
        if isinstance(said, dict) and isinstance(said.get("version"), int):
            deleted = said.get("deleted") is True
            found[one].append(State(event, said["version"], str(said.get("digest", "")), deleted))
    return found


def _vanished(model: type[RecordedRow]) -> Iterator[Finding]:
    last = ""
    while ids := [
        row[0]
        for row in store.query(
            "SELECT DISTINCT object_id FROM ledger_eventobject WHERE object_type = %s AND qualifier = 'state' "
            "AND object_id > %s ORDER BY object_id LIMIT %s",
            [model.object_type, last, store.ROWS],
        )
    ]:
        present = _present(model, ids)
        gone = [one for one in ids if one not in present]
        states = _states(model.object_type, gone) if gone else {}
        for one in gone:
            newest = max(states.get(one, []), key=lambda state: state.version, default=None)
            if newest is None or not newest.deleted:
                yield finding("row_deleted", model.object_type, one, related=_beside(model.object_type, one))
        last = ids[-1]


def _present(model: type[RecordedRow], ids: Sequence[str]) -> set[str]:
    """Which of `ids` have a row. An id the field cannot hold has none."""
    name = model.object_id_field
    column = model._meta.pk if name == "pk" else model._meta.get_field(name)
    keys = []
    for one in ids:
        try:
            keys.append(column.to_python(one))  # type: ignore[union-attr]
        except ValidationError:
            continue
    found = model._default_manager.filter(**{f"{name}__in": keys}).values_list(name, flat=True)
    return {str(key) for key in found}


def _unaudited(known: Sequence[str]) -> Iterator[Finding]:
    for (kind,) in store.query(
        "SELECT DISTINCT object_type FROM ledger_eventobject WHERE qualifier = 'state' ORDER BY object_type"
    ):
        if kind not in known:
            yield finding("state_unaudited", kind, "")
