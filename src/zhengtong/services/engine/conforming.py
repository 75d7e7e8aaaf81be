# SPDX-License-Identifier: Apache-2.0
"""Holding many items to the city's rules of quality.

A condition is evaluated once for each combination of the values it looks at (CEL at ≈ 90,000 a second, a list of a
province holds 600,000 items): DuckDB groups the items by those values first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Template

from zhengtong.city.conditions import Program, compile_condition
from zhengtong.errors import BadInput
from zhengtong.services.engine.itemstore import Snapshot, query
from zhengtong.services.rules.conformance import Judged, Tally, Verdict
from zhengtong.services.rules.itemfields import ItemValue, facts, variables

NOBODY = "—"
"""The department of an item that names none."""
_NAME = re.compile(r"[A-Za-z_]\w*")
_GROUPED = Template(
    "SELECT $department AS department, $fields list(key ORDER BY key) FROM read_parquet(?) GROUP BY ALL"
)


@dataclass(frozen=True)
class QualityRule:
    """A rule compiled; `uses` are the fields its conditions look at."""

    key: str
    when: Program | None
    holds: Program
    uses: frozenset[str]


def quality_rule(key: str, when: str | None, holds: str) -> QualityRule:
    known = variables()
    names = {name.removeprefix("has_") for name in _NAME.findall(f"{when or ''} {holds}") if name in known}
    compiled = compile_condition(when, known) if when else None
    return QualityRule(key, compiled, compile_condition(holds, known), frozenset(names))


def judge(rule: QualityRule, row: Mapping[str, ItemValue | None], known: frozenset[str]) -> Verdict | None:
    """None where the rule does not speak about the item."""
    given = facts({name: row.get(name) for name in rule.uses}, rule.uses & known)
    try:
        if rule.when is not None and not rule.when(given):
            return None
        return "pass" if rule.holds(given) else "fail"
    except BadInput:  # it needs a field that the list does not carry, or that is empty
        return "not_judged"


def conform_snapshot(snapshot: Snapshot, rules: Iterable[QualityRule]) -> list[Judged]:
    """Every item of a snapshot under every rule."""
    tally = Tally()
    department = f"coalesce(nullif(department, ''), '{NOBODY}')" if "department" in snapshot.known else f"'{NOBODY}'"
    for rule in rules:
        used = sorted(rule.uses & snapshot.known)
        grouped = _GROUPED.substitute(department=department, fields="".join(f"{name}, " for name in used))
        for of, *values, keys in query(grouped, [str(snapshot.rows)]):
            verdict = judge(rule, dict(zip(used, values, strict=True)), snapshot.known)
            if verdict is not None:
                tally.add(rule.key, of, verdict, keys)
    return tally.judged()


def conform_rows(
    rows: Sequence[tuple[str, str, Mapping[str, ItemValue | None], frozenset[str]]], rules: Iterable[QualityRule]
) -> list[Judged]:
    """Few items at hand: (key, department, values, known fields)."""
    tally = Tally()
    for rule in rules:
        for key, department, row, known in rows:
            verdict = judge(rule, row, known)
            if verdict is not None:
                tally.add(rule.key, department, verdict, [key])
    return tally.judged()
