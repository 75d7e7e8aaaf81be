# SPDX-License-Identifier: Apache-2.0
"""What holds between objects: references that lead somewhere and never round, conditions that compile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from zhengtong.city.conditions import BadCondition, check_syntax, compile_condition, nearest
from zhengtong.city.kinds import ConditionMark, Reference, Registry
from zhengtong.city.marks import Found, find
from zhengtong.city.reading import Raw, Reading
from zhengtong.city.source import dotted
from zhengtong.city.versions import Node, components
from zhengtong.errors import Fault, WrongUse


@dataclass
class Links:
    """All references of a folder, and the conditions still to be compiled."""

    edges: dict[Node, set[Node]] = field(default_factory=lambda: defaultdict(set))
    conditions: list[tuple[Raw, Found]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class _Arrow:
    raw: Raw
    found: Found
    to: Node


def link(reading: Reading, registry: Registry) -> Links:
    """Follow every mark of every object, faulty ones too. Raises WrongUse for a reference to an unknown
    kind.
    """
    links = Links()
    arrows: list[_Arrow] = []
    for raw in reading.raws:
        for found in find(raw.kind.model, raw.data):
            if isinstance(found.mark, ConditionMark):
                links.conditions.append((raw, found))
            elif isinstance(found.mark, Reference):
                if found.mark.kind not in registry.kinds:
                    raise WrongUse(
                        "引用了没有登记的种类",
                        "a reference to a kind nobody registered",
                        found=found.mark.kind,
                    )
                arrows.append(_Arrow(raw, found, (found.mark.kind, found.value)))
    dangling: dict[str, list[_Arrow]] = defaultdict(list)
    for arrow in arrows:
        kind, key = arrow.to
        if key not in reading.named.get(kind, ()):
            dangling[kind].append(arrow)
        elif arrow.raw.key:
            links.edges[arrow.raw.kind.kind, arrow.raw.key].add(arrow.to)
    for kind, missing in dangling.items():
        # an object that lost its key is told once, where it stands, not again at all that refer to it
        if len({arrow.to for arrow in missing}) > reading.unclear[kind]:
            links.faults += [_dangling(arrow, reading, registry) for arrow in missing]
    links.faults += _cycles(arrows)
    return links


def _fault(raw: Raw, found: Found, zh: str, en: str, *, shown: str, expected: str = "") -> Fault:
    path = (*raw.at, *found.path)
    line = raw.document.key_line(path) if found.is_key else raw.document.line(path)
    return Fault(raw.document.file, line, dotted(path), zh, en, shown, expected)


def _dangling(arrow: _Arrow, reading: Reading, registry: Registry) -> Fault:
    kind, key = arrow.to
    known = sorted(reading.named.get(kind, ()))
    name = registry.kinds[kind].name
    near = nearest(key, known)
    expected = near or ", ".join(known[:8]) + (" …" if len(known) > 8 else "")
    return _fault(
        arrow.raw,
        arrow.found,
        f"没有这个{name.zh}",
        f"no such entry among the {name.en}",
        shown=key,
        expected=expected,
    )


def _cycles(arrows: list[_Arrow]) -> list[Fault]:
    """One fault a ring, at the first reference of its first object."""
    strict = [a for a in arrows if isinstance(a.found.mark, Reference) and a.found.mark.acyclic and a.raw.key]
    start = {(a.raw.kind.kind, a.raw.key) for a in strict}
    edges: dict[Node, list[Node]] = {node: [] for node in start}
    for arrow in strict:
        if arrow.to in start:
            edges[arrow.raw.kind.kind, arrow.raw.key].append(arrow.to)
    faults = []
    for ring in components(edges):
        node = min(ring)
        if len(ring) == 1 and node not in edges[node]:
            continue
        members = set(ring)
        first = next(a for a in strict if (a.raw.kind.kind, a.raw.key) == node and a.to in members)
        round_trip = " → ".join(key for _, key in _ring(node, edges, members))
        faults.append(
            _fault(
                first.raw,
                first.found,
                "引用绕成了圈",
                "the references lead round in a ring",
                shown=round_trip,
            )
        )
    return faults


def _ring(start: Node, edges: Mapping[Node, list[Node]], members: set[Node]) -> list[Node]:
    """A shortest way from `start` back to itself, both ends named."""
    came: dict[Node, Node] = {}
    queue = [start]
    for node in queue:
        for to in edges[node]:
            if to == start:
                way = [start, node] if node != start else [start]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return [*way[::-1], start] if node != start else [start, start]
            if to in members and to not in came:
                came[to] = node
                queue.append(to)
    raise AssertionError("a strongly connected component has a way back")  # pragma: no cover


def condition_fault(raw: Raw, found: Found, variables: Mapping[str, str] | None, loose: frozenset[str]) -> Fault | None:
    """What is wrong with a condition, if anything. Without variables only its syntax can be judged; names in
    `loose` belong to objects that are faulty themselves, so that their types are not known. An empty one is told of by
    its model already."""
    if not found.value.strip():
        return None
    try:
        if variables is None:
            check_syntax(found.value)
        else:
            compile_condition(found.value, {**dict.fromkeys(loose, "dyn"), **variables})
    except BadCondition as error:
        mark = raw.document.marks[(*raw.at, *found.path)]
        return Fault(
            raw.document.file,
            mark.text_line + error.line - 1,
            dotted((*raw.at, *found.path)),
            error.zh,
            error.en,
            str(error.found or ""),
            str(error.expected or ""),
        )
    return None
