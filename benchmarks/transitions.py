# SPDX-License-Identifier: Apache-2.0
"""Durable acts through `perform` and `bulk()` against bare SQL that writes the very same rows.

The floor is no idealisation: the product's own writing statements are heard once, with their values, and replayed by
Python's `sqlite3` on a copy of the same database in the same modes. What is left between the two is reading,
authority, rules, digests, hashes and the ORM.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import place
from benchmarks.measure import side_by_side
from benchmarks.report import Report

Statement = tuple[str, Sequence[Any], bool]
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
MODES = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"


def run(rounds: int, size: int) -> list[Report]:
    """`size` cases a round."""
    state, main = place.state(), place.database()
    from benchmarks import activity  # models need Django to be set up

    snapshot, floor = state / "snapshot.sqlite3", state / "floor.sqlite3"
    published = activity.version()
    _close()
    place.copy_database(main, snapshot)
    acts, rows = _heard(size, published)
    _same_rows(main, snapshot, floor, acts)
    _close()
    place.copy_database(snapshot, main)
    sets = [_heard_in_bulk(size, published)]
    _same_rows(main, snapshot, floor, sets)

    def restore() -> None:
        _close()
        place.copy_database(snapshot, main)
        place.copy_database(snapshot, floor)
        _open()

    sides = [
        ("bulk(): one transaction", lambda: _bulk(size, published)),
        ("bare SQL: one transaction", lambda: _replayed(floor, acts, one_transaction=True)),
        (
            "bare SQL: one transaction, a statement a table",
            lambda: len(acts) * _replayed(floor, sets, one_transaction=True),
        ),
        ("perform(): one transaction an act", lambda: _performed(size, published)),
        ("bare SQL: one transaction an act", lambda: _replayed(floor, acts, one_transaction=False)),
    ]
    taken = side_by_side(sides, "act", rounds, before_each=restore)
    _close()
    place.copy_database(snapshot, main)
    facts = {"acts a round": len(acts), "statements that write, an act": round(rows / len(acts), 1)}
    share = 100 / taken[0].ratio(taken[1])[0]
    single = 100 / taken[3].ratio(taken[4])[0]
    return [
        Report(
            "transitions", "Durable acts in bulk (SQLite file, WAL, synchronous=FULL)", taken[:3], taken[1].name,
            {**facts, "share of bare SQL's speed, by CPU": f"{share:.1f} % (target ≥ 40 %)"},
        ),
        Report(
            "transitions", "Durable acts one by one", taken[3:], taken[4].name,
            {"share of bare SQL's speed, by CPU": f"{single:.1f} %"},
        ),
    ]  # fmt: skip


def _bulk(cases: int, published: str, *, mark: str = "bulk") -> int:
    from benchmarks import activity
    from zhengtong.acts.perform import bulk

    done = 0
    with bulk() as batch:
        for act in activity.acts_of_cases(cases, published, mark):
            act(batch.perform)
            done += 1
    return done


def _performed(cases: int, published: str, after: Callable[[], None] = lambda: None, *, mark: str = "one") -> int:
    from benchmarks import activity
    from zhengtong.acts.perform import perform

    done = 0
    for act in activity.acts_of_cases(cases, published, mark):
        act(perform)
        after()
        done += 1
    return done


def _heard(cases: int, published: str) -> tuple[list[list[Statement]], int]:
    """The writing statements of each act, in order, with their values; and how many there are."""
    from django.db import connection

    acts: list[list[Statement]] = [[]]

    def listen(*statement: Any) -> Any:
        return _listening(acts[-1])(*statement)

    with connection.execute_wrapper(listen):
        _performed(cases, published, after=lambda: acts.append([]))
    acts.pop()
    return acts, sum(len(statements) for statements in acts)


def _heard_in_bulk(cases: int, published: str) -> list[Statement]:
    """What a batch wrote, in its own sets: the cheapest way known to write these rows."""
    from django.db import connection

    told: list[Statement] = []
    with connection.execute_wrapper(_listening(told)):
        _bulk(cases, published)
    return told


def _listening(told: list[Statement]) -> Callable[..., Any]:
    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if _WRITES.match(sql):
            ready = sql.replace("%s", "?").replace("%%", "%") if params is not None else sql
            told.append((ready, [tuple(row) for row in params] if many else tuple(params or ()), many))
        return execute(sql, params, many, context)

    return listen


def _replayed(database: Path, acts: Sequence[Sequence[Statement]], *, one_transaction: bool) -> int:
    connection = sqlite3.connect(database, isolation_level=None, timeout=20)
    connection.executescript(MODES)
    if one_transaction:
        connection.execute("BEGIN IMMEDIATE")
    for statements in acts:
        if not one_transaction:
            connection.execute("BEGIN IMMEDIATE")
        for sql, values, many in statements:
            cursor = connection.executemany(sql, values) if many else connection.execute(sql, values)
            if cursor.description:  # RETURNING: the row has to be taken for the statement to end
                cursor.fetchall()
        if not one_transaction:
            connection.execute("COMMIT")
    if one_transaction:
        connection.execute("COMMIT")
    connection.close()
    return len(acts)


def _same_rows(main: Path, snapshot: Path, floor: Path, acts: Sequence[Sequence[Statement]]) -> None:
    """Stop unless the replay leaves the very rows the product left: else the floor would be no floor."""
    _close()
    place.copy_database(snapshot, floor)
    _replayed(floor, acts, one_transaction=True)
    ours, theirs = _content(main), _content(floor)
    different = sorted(table for table in ours | theirs if ours.get(table) != theirs.get(table))
    if different:
        raise SystemExit(f"benchmarks: the replayed statements leave other rows in {', '.join(different)}")


def _content(database: Path) -> dict[str, list[Any]]:
    connection = sqlite3.connect(database)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    content = {name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in names}
    connection.close()
    return content


def _close() -> None:
    from django.db import connections

    connections.close_all()


def _open() -> None:
    from django.db import connection

    connection.ensure_connection()
