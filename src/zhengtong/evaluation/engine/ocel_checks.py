# SPDX-License-Identifier: Apache-2.0
"""What may be wrong with an OCEL 2.0 log: each rule of the standard a query that selects where it is broken.

They read the staged tables (`s_…`) and those with times and values read (`j_…`) that `ocel.build` makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import duckdb

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.duck import sql

VALUE_KINDS: Final = ("string", "time", "integer", "float", "boolean")
_SHOWN = 10
_LISTED = ", ".join(f"'{kind}'" for kind in VALUE_KINDS)


@dataclass(frozen=True)
class Check:
    """`rows` selects the line and what to show of each fault."""

    field: str
    rows: str
    zh: str
    en: str
    expected: str = ""


_TYPES = (
    Check(
        "types",
        sql(
            "SELECT line, type || '.' || attribute || ': ' || kind FROM s_types WHERE kind NOT IN ($listed)",
            listed=_LISTED,
        ),
        "属性类型未知",
        "an attribute is of an unknown type",
        ", ".join(VALUE_KINDS),
    ),
    Check(
        "types",
        """SELECT max(line), type || coalesce('.' || attribute, '') FROM s_types
        GROUP BY scope, type, attribute HAVING count(*) > 1""",
        "类型或属性声明了两次",
        "a type or an attribute is declared twice",
    ),
)
_SCOPED = (
    ("SELECT line, '' FROM j_${scope}s WHERE id = ''", "编号为空", "an id is empty"),
    ("SELECT max(line), id FROM j_${scope}s GROUP BY id HAVING count(*) > 1", "编号重复", "an id stands twice"),
    (
        """SELECT line, id || ': ' || type FROM j_${scope}s e WHERE NOT EXISTS
            (SELECT 1 FROM s_types t WHERE t.scope = '$scope' AND t.type = e.type)""",
        "类型没有声明",
        "the type is not declared",
    ),
    (
        "SELECT line, owner || '.' || name FROM j_${scope}_values WHERE known AND NOT declared",
        "属性没有在类型中声明",
        "an attribute is not declared by its type",
    ),
    (
        """SELECT line, owner || '.' || name || ' = ' || left(value, 60) || ' (' || kind || ')'
        FROM j_${scope}_values WHERE declared AND kind IN ($listed) AND json IS NULL""",
        "值不是声明的类型",
        "a value is not of its declared type",
    ),
    (
        """SELECT line, owner || ' → ' || object FROM s_${scope}_objects r
        WHERE NOT EXISTS (SELECT 1 FROM s_objects o WHERE o.id = r.object)""",
        "所指的对象不存在",
        "the object it points at does not exist",
    ),
    (
        """SELECT line, owner || ' → ' || object FROM s_${scope}_objects r
        WHERE NOT EXISTS (SELECT 1 FROM s_${scope}s o WHERE o.id = r.owner)""",
        "关系的起点不存在",
        "what the relation begins at does not exist",
    ),
)
_TWICE = (
    Check(
        "events",
        "SELECT max(line), owner || '.' || name FROM j_event_values GROUP BY owner, name HAVING count(*) > 1",
        "同一属性写了两次",
        "an attribute stands twice",
    ),
    Check(
        "objects",
        """SELECT max(line), owner || '.' || name FROM j_object_values WHERE time_us IS NOT NULL
        GROUP BY owner, name, time_us HAVING count(DISTINCT json) > 1""",
        "同一时刻同一属性有两个值",
        "an attribute has two values at one instant",
    ),
)
_TIMES = (
    (
        "coalesce(naive, false)",
        "时间没有时区；请用 --zone 或映射文件的 zone 写明",
        "the time has no zone; say which with --zone or zone in the mapping",
        "",
    ),
    ("NOT coalesce(naive, false)", "时间缺失或无法识别", "the time is missing or cannot be read", "ISO 8601"),
)


def checks() -> Iterator[Check]:
    """Every rule, in the order in which a reader would look."""
    yield from _TYPES
    for scope in ("object", "event"):
        for rows, zh, en in _SCOPED:
            yield Check(f"{scope}s", sql(rows, scope=scope, listed=_LISTED), zh, en)
    for field, table, shown in (("events", "j_events", "id"), ("objects", "j_object_values", "owner || '.' || name")):
        for when, zh, en, expected in _TIMES:
            rows = sql(
                """SELECT line, $shown || ': ' || left(coalesce(time, ''), 60) FROM $table
                WHERE time_us IS NULL AND $when""",
                shown=shown,
                table=table,
                when=when,
            )
            yield Check(field, rows, zh, en, expected)
    yield from _TWICE


def judge(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raises `BadInput` with the places of the first faults and the number of all."""
    found: list[tuple[int, str, str]] = []
    total = 0
    for check in checks():
        rows = connection.execute(
            sql("SELECT *, count(*) OVER () FROM ($rows) ORDER BY 1, 2 LIMIT $n", rows=check.rows, n=str(_SHOWN))
        ).fetchall()
        total += rows[0][2] if rows else 0
        zh, en = (f"；应为 {check.expected}", f"; expected {check.expected}") if check.expected else ("", "")
        found += [
            (line or 0, f"{check.field}：{check.zh}（{shown}）{zh}", f"{check.field}: {check.en} ({shown}){en}")
            for line, shown, _ in rows
        ]
    if total:
        listed = sorted(found)[:_SHOWN]
        raise BadInput(
            f"共 {total} 处有误" + "".join(f"\n  {name}:{line} {zh}" for line, zh, _ in listed),
            f"{total} faults" + "".join(f"\n  {name}:{line} {en}" for line, _, en in listed),
            where=name,
        )
