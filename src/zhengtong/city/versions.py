# SPDX-License-Identifier: Apache-2.0
"""Content hashes: an object's version changes when it, or anything it rests on, changes — and only then.

A version is SHA-256 over the canonical JSON of the object and the versions of all it refers to. Objects
that refer to each other in a ring are hashed together first. What equals its default is left out of the
JSON, so that writing a default down changes nothing; comments, order of keys and file names never count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel

Node = tuple[str, str]
"""Kind and key."""


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def versions(objects: Mapping[Node, BaseModel], edges: Mapping[Node, Iterable[Node]]) -> dict[Node, str]:
    """The version of each object, 64 hex digits. Edges to objects that are not there are passed over."""
    present = {node: sorted({to for to in edges.get(node, ()) if to in objects}) for node in objects}
    own = {
        node: _digest([*node, value.model_dump(mode="json", exclude_defaults=True)]) for node, value in objects.items()
    }
    result: dict[Node, str] = {}
    for ring in components(present):
        members = set(ring)
        below = sorted({to for node in ring for to in present[node] if to not in members})
        together = _digest([[own[node] for node in sorted(ring)], [result[to] for to in below]])
        for node in ring:
            # alone in its component, an object still takes part with what it refers to
            result[node] = _digest([own[node], together])
    return result


def components(edges: Mapping[Node, Sequence[Node]]) -> list[list[Node]]:
    """Strongly connected components (Tarjan, without recursion), each after all those it leads to."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    waiting: set[Node] = set()
    result: list[list[Node]] = []
    for root in sorted(edges):
        if root in index:
            continue
        work: list[tuple[Node, int]] = [(root, 0)]
        while work:
            node, next_edge = work.pop()
            if next_edge == 0:
                index[node] = low[node] = len(index)
                stack.append(node)
                waiting.add(node)
            for i in range(next_edge, len(edges[node])):
                to = edges[node][i]
                if to not in index:
                    work += [(node, i + 1), (to, 0)]
                    break
                if to in waiting:
                    low[node] = min(low[node], index[to])
            else:
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    cut = stack.index(node)
                    ring = stack[cut:]
                    del stack[cut:]
                    waiting.difference_update(ring)
                    result.append(ring)
    return result


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()
