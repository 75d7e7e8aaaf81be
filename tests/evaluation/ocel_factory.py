# SPDX-License-Identifier: Apache-2.0
"""OCEL logs made up for tests as plain dicts in the JSON form, and a source's tables read back the plain way."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st

from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.engine import ocel
from zhengtong.evaluation.engine.importing import import_log
from zhengtong.evaluation.engine.sources import Source

Log = dict[str, Any]

SMALL: Log = {
    "objectTypes": [
        {"name": "办件", "attributes": [{"name": "state", "type": "string"}, {"name": "fee", "type": "float"}]},
        {"name": "step", "attributes": []},
    ],
    "eventTypes": [
        {"name": "受理", "attributes": [{"name": "n", "type": "integer"}, {"name": "ok", "type": "boolean"}]},
        {"name": "办结", "attributes": [{"name": "at", "type": "time"}]},
    ],
    "objects": [
        {
            "id": "c1",
            "type": "办件",
            "attributes": [{"name": "state", "time": "1970-01-01T00:00:00Z", "value": "open"}],
            "relationships": [{"objectId": "s1", "qualifier": "has"}],
        },
        {"id": "s1", "type": "step", "attributes": [], "relationships": []},
    ],
    "events": [
        {
            "id": "e1",
            "type": "受理",
            "time": "2026-01-05T01:00:00Z",
            "attributes": [{"name": "n", "value": 3}, {"name": "ok", "value": True}],
            "relationships": [{"objectId": "c1", "qualifier": ""}, {"objectId": "s1", "qualifier": "by"}],
        },
        {
            "id": "e2",
            "type": "办结",
            "time": "2026-01-06T01:00:00.000001+08:00",
            "attributes": [{"name": "at", "value": "2026-01-06T01:00:00+08:00"}],
            "relationships": [{"objectId": "c1", "qualifier": ""}],
        },
    ],
}


def changed(*edits: tuple[str, object]) -> Log:
    """`SMALL` with values put at paths such as `events.0.id`; the value `...` takes the entry away."""
    log = copy.deepcopy(SMALL)
    for path, value in edits:
        at: Any = log
        *parts, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in parts:
            at = at[part]
        if value is ...:
            del at[last]
        elif isinstance(at, list) and last == len(at):
            at.append(value)
        else:
            at[last] = value
    return log


def put(folder: Path, log: Log | bytes, name: str = "log.jsonocel") -> Path:
    path = folder / name
    path.write_bytes(log if isinstance(log, bytes) else json.dumps(log, ensure_ascii=False, indent=1).encode())
    return path


def imported(file: Path, state: Path, name: str = "log", **mapping: Any) -> Source:
    return import_log(file, name, state, now_us=1, mapping=LogMapping(**mapping)).source


def tables(source: Source) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of a source, as rows in their own order."""
    return {table: duckdb.read_parquet(str(source.folder / file)).fetchall() for table, file in ocel.PARTS.items()}


def iso(us: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).isoformat(timespec="microseconds")


# names that meet each other when letters are dropped, large or small; text that quoting and JSON trip over
_type_names = st.sampled_from(["a b", "ab", "AB", "受理", "a.b", 'q"<&>', "x' OR 1", "$", "a[0]", "_"])
_attribute_names = st.sampled_from(["n", "m p", "a.b", 'q"<&>', "名称", "$", "x'y", "value", "type"])
_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"], include_characters="\t\n\r"), max_size=8
)
_ids = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Z"]), min_size=1, max_size=5)
_instants = st.integers(1, 4_000_000_000_000_000)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": _texts,
    "integer": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0),
    "boolean": st.booleans(),
    "time": _instants.map(iso),
}


def _types(scope: str) -> st.SearchStrategy[list[Log]]:
    attributes = st.dictionaries(_attribute_names, st.sampled_from(sorted(_VALUES)), max_size=3)
    return st.dictionaries(_type_names, attributes, min_size=1, max_size=3).map(
        lambda types: [
            {"name": name, "attributes": [{"name": one, "type": kind} for one, kind in given.items()]}
            for name, given in types.items()
        ]
    )


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Whole logs by the standard, at least one event on one object."""
    object_types, event_types = draw(_types("object")), draw(_types("event"))
    ids = draw(st.lists(_ids, min_size=1, max_size=4, unique=True))
    qualifiers = st.sampled_from(["", "by", "与 之"])

    def relations(least: int) -> list[Log]:
        pairs = st.tuples(st.sampled_from(ids), qualifiers)
        return [
            {"objectId": one, "qualifier": qualifier}
            for one, qualifier in draw(st.lists(pairs, min_size=least, max_size=3, unique=True))
        ]

    objects = []
    for one in ids:
        type_ = draw(st.sampled_from(object_types))
        changes = []
        for attribute in type_["attributes"]:
            at = draw(st.lists(st.one_of(st.just(0), _instants), max_size=3, unique=True))
            changes += [
                {"name": attribute["name"], "time": iso(us), "value": draw(_VALUES[attribute["type"]])} for us in at
            ]
        objects.append({"id": one, "type": type_["name"], "attributes": changes, "relationships": relations(0)})
    events = []
    for one in draw(st.lists(_ids, min_size=1, max_size=4, unique=True)):
        type_ = draw(st.sampled_from(event_types))
        values = [
            {"name": a["name"], "value": draw(_VALUES[a["type"]])} for a in type_["attributes"] if draw(st.booleans())
        ]
        event = {"id": one, "type": type_["name"], "time": iso(draw(_instants)), "attributes": values}
        events.append({**event, "relationships": relations(1 if not events else 0)})
    return {"objectTypes": object_types, "eventTypes": event_types, "objects": objects, "events": events}


def plain(log: Log) -> dict[str, Any]:
    """What a log of the JSON form says, as sets of tuples: the plain reading to compare with. Times in µs."""

    def us(text: str) -> int:
        return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    kinds = {
        (scope, one["name"], a["name"]): a["type"]
        for scope, key in (("object", "objectTypes"), ("event", "eventTypes"))
        for one in log[key]
        for a in one["attributes"]
    }

    def value(scope: str, of: Log, given: Log) -> object:
        kind = kinds[scope, of["type"], given["name"]]
        return us(given["value"]) if kind == "time" else given["value"]

    objects, events = log["objects"], log["events"]
    declared = [("object", log["objectTypes"]), ("event", log["eventTypes"])]
    return {
        "types": {(scope, one["name"], None) for scope, types in declared for one in types} | set(kinds),
        "events": [
            (e["id"], e["type"], us(e["time"]), {a["name"]: value("event", e, a) for a in e["attributes"]})
            for e in events
        ],
        "objects": {(o["id"], o["type"]) for o in objects},
        "event_objects": {(e["id"], r["objectId"], r["qualifier"]) for e in events for r in e["relationships"]},
        "object_objects": {(o["id"], r["objectId"], r["qualifier"]) for o in objects for r in o["relationships"]},
        "changes": {
            (o["id"], a["name"], us(a["time"]), repr(value("object", o, a))) for o in objects for a in o["attributes"]
        },
    }


def as_plain(source: Source) -> dict[str, Any]:
    """A source's tables in the shape of `plain`."""
    held = tables(source)
    kinds = {(scope, type_, name): kind for scope, type_, name, kind in held["types"]}
    types = dict(held["objects"])

    def value(kind: str | None, read: Any) -> object:
        if kind != "time":
            return read
        return (datetime.fromisoformat(read) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    return {
        "types": set(kinds),
        "events": [
            (id_, type_, us, {k: value(kinds["event", type_, k], v) for k, v in json.loads(text or "{}").items()})
            for _, id_, type_, us, text in held["events"]
        ],
        "objects": set(held["objects"]),
        "event_objects": set(held["event_objects"]),
        "object_objects": set(held["object_objects"]),
        "changes": {
            (one, name, us, repr(value(kinds["object", types[one], name], json.loads(text))))
            for one, name, us, text in held["changes"]
        },
    }
