# SPDX-License-Identifier: Apache-2.0
"""Which column of a log plays which part: the mapping's word, else the names of the XES standard and of
pm4py's tables.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from zhengtong.errors import BadInput
from zhengtong.evaluation.definition import DUE_KEYS, END_KEYS, CaseAttribute, LogMapping

_KNOWN: dict[str, tuple[str, ...]] = {
    "case": ("case:concept:name", "case_id", "caseid", "case id", "case"),
    "activity": ("concept:name", "activity"),
    "timestamp": ("time:timestamp", "timestamp", "time"),
    "start": ("start_timestamp",),
    "lifecycle": ("lifecycle:transition",),
    "resource": ("org:resource", "resource"),
    "department": ("org:group", "department"),
}
_REQUIRED = ("case", "activity", "timestamp")


@dataclass(frozen=True)
class Plan:
    """`parts` and `attributes` give the columns, as the log writes them, joined by a blank where several."""

    parts: dict[str, tuple[str, ...]]
    formats: dict[str, tuple[str, ...]]
    attributes: dict[str, tuple[CaseAttribute, tuple[str, ...]]]
    end: str | None
    due: tuple[str, ...]
    columns: tuple[str, ...]
    """Every column that is read, once, in a settled order."""

    def without_absent(self, seen: Collection[str], mapping: LogMapping) -> Plan:
        """The well-known case attributes nobody declared stay only where the log has them."""
        if mapping.case_attributes is not None:
            return self
        kept = {key: value for key, value in self.attributes.items() if value[1][0].removeprefix("case:") in seen}
        end = self.end if mapping.end or self.end in kept else None
        due = self.due if mapping.due is not None else tuple(key for key in self.due if key in kept)
        for role in (*((end,) if end else ()), *due):
            kept.setdefault(role, self.attributes[role])
        return replace(self, attributes=kept, end=end, due=due)


def resolve(mapping: LogMapping, header: Sequence[str] | None, name: str) -> Plan:
    """`header` is the columns of a table, or None for XES, whose keys are known only after reading.

    Raises `BadInput` naming the missing column and those found.
    """
    parts: dict[str, tuple[str, ...]] = {}
    formats: dict[str, tuple[str, ...]] = {}
    columns = mapping.columns
    for part, known in _KNOWN.items():
        given = getattr(columns, part)
        if given is None:
            found = _known(known, header)
            if found is None and part in _REQUIRED:
                raise _missing(part, known, header or (), name)
            if found is not None:
                parts[part] = (found,)
        elif isinstance(given, str):
            parts[part] = (_named(part, given, header, name),)
        else:
            parts[part] = tuple(_named(part, one, header, name) for one in given.column)
            formats[part] = given.formats
        if part in ("timestamp", "start"):
            formats[part] = formats.get(part) or mapping.time_formats
    for one in mapping.filter:
        _named("filter", one.column, header, name)
    attributes = _attributes(mapping, header, name)
    end = mapping.end or next((key for key in END_KEYS if key in attributes), None)
    if mapping.finished_activities:
        end = None
    due = mapping.due if mapping.due is not None else tuple(key for key in DUE_KEYS if key in attributes)
    for role in (*((end,) if end else ()), *due):
        if role not in attributes:
            raise _missing(role, (f"case:{role}",), header or (), name)
    named: list[Sequence[str]]
    named = [*parts.values(), *(names for _, names in attributes.values()), [one.column for one in mapping.filter]]
    read = tuple(dict.fromkeys(column for names in named for column in names))
    return Plan(parts, formats, attributes, end, due, read)


def _known(known: Sequence[str], header: Sequence[str] | None) -> str | None:
    if header is None:
        return known[0]
    lower = {column.strip().lower(): column for column in reversed(header)}
    return next((lower[one] for one in known if one in lower), None)


def _named(part: str, column: str, header: Sequence[str] | None, name: str) -> str:
    if header is None or column in header:
        return column
    raise _missing(part, (column,), header, name)


def _attributes(
    mapping: LogMapping, header: Sequence[str] | None, name: str
) -> dict[str, tuple[CaseAttribute, tuple[str, ...]]]:
    found: dict[str, tuple[CaseAttribute, tuple[str, ...]]] = {}
    for key, attribute in mapping.attributes().items():
        if header is None:
            names = tuple(one if one.startswith("case:") else f"case:{one}" for one in attribute.column)
        elif mapping.case_attributes is None and attribute.column[0] not in header:
            continue
        else:
            names = tuple(
                _named(f"case_attributes.{key}", f"case:{one}" if f"case:{one}" in header else one, header, name)
                for one in attribute.column
            )
        found[key] = (attribute, names)
    return found


def _missing(part: str, expected: Sequence[str], header: Sequence[str], name: str) -> BadInput:
    return BadInput(
        f"找不到 {part} 列，请在映射文件中写明",
        f"no column for {part}; name it in the mapping file",
        where=f"{name}:1",
        found=", ".join(header[:40]) or None,
        expected=" / ".join(expected),
    )
