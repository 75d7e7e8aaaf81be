# SPDX-License-Identifier: Apache-2.0
"""Where everything of the diagram stands: columns by how far along the flow, rows by lane and task.

Every task has a row of its own with its gateways, and the lead a row for start, forks and end; so a row is free before
its first node and after its last. A flow runs along its source's row to the gap before its target's column, up or down
in that gap, and into the target: it never crosses a box. All figures are pixels.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

NodeKind = Literal["start", "end", "task", "service", "fork", "join", "split", "merge"]
Box = tuple[int, int, int, int]
Point = tuple[int, int]

SIZES: Final[Mapping[NodeKind, tuple[int, int]]] = {
    "start": (36, 36), "end": (36, 36), "task": (140, 80), "service": (140, 80),
    "fork": (50, 50), "join": (50, 50), "split": (50, 50), "merge": (50, 50),
}  # fmt: skip
GAP, STEP = 44, 12
"""Width of the gap before a column, and how far apart two flows run in it."""
HEAD = 30
"""Width of the title of a pool, and of a lane."""
LEFT, TOP, POOL, APART = 160, 80, 60, 50
"""Where the drawing begins; the height of a pool nobody looks into; the space between pools."""
LINE, LATIN, WIDE = 14, 6, 12
"""Height of a line of a label; width of a Latin and of a Chinese character, on the safe side."""
LABEL = 110
"""Width of a label before it breaks."""
BYPASS, MESSAGE = 66, 52
"""How far below the middle of a row the way around a task runs at least, and the way to an outside system."""


@dataclass(frozen=True)
class Node:
    """`row` is the task whose row it stands in, "" for the lead's own."""

    id: str
    kind: NodeKind
    name: str
    lane: str
    row: str


@dataclass(frozen=True)
class Edge:
    """`bypass` goes around the task between a split and its merge."""

    source: str
    target: str
    name: str = ""
    bypass: bool = False

    @property
    def id(self) -> str:
        return f"Flow_{self.source}{'_else' if self.bypass else ''}_{self.target}"


@dataclass
class Layout:
    """Boxes are (x, y, width, height). `below` is where the city's pool ends."""

    boxes: dict[str, Box] = field(default_factory=dict)
    lanes: dict[str, Box] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)
    routes: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    gaps: dict[str, tuple[int, int]] = field(default_factory=dict)
    city: Box = (0, 0, 0, 0)
    applicant: Box = (0, 0, 0, 0)

    def system(self, number: int) -> Box:
        """The pool of an outside system."""
        x, y, width, height = self.city
        return x, y + height + APART + number * (POOL + APART), width, POOL

    def message(self, source: str, target: str, systems: Mapping[str, int]) -> tuple[Point, ...]:
        """The way of a message: straight between applicant and event, else through the gaps beside the task."""
        if "Applicant" in (source, target):
            x, y, width, _ = self.boxes[target if source == "Applicant" else source]
            upper, lower = (x + width // 2, self.applicant[1] + POOL), (x + width // 2, y)
            return (upper, lower) if source == "Applicant" else (lower, upper)
        task = source if source in self.boxes else target
        x, y, width, height = self.boxes[task]
        pool = self.system(systems[target if task == source else source])
        back = task == target
        start = (x + width // 2 + (20 if back else -20), y + height)
        row = y + height // 2 + MESSAGE + (8 if back else 0)
        column = self.gaps[task][1 if back else 0]
        way = (start, (start[0], row), (column, row), (column, pool[1]))
        return way[::-1] if back else way


def width_of(text: str) -> int:
    """How wide a line of text is, on the safe side."""
    return sum(WIDE if unicodedata.east_asian_width(one) in "WF" else LATIN for one in text)


def label_size(text: str) -> tuple[int, int]:
    """Width and height of a label that breaks at `LABEL`."""
    width = width_of(text)
    lines = -(-width // (LABEL - WIDE)) if width > LABEL else 1
    return min(width + 4, LABEL), lines * LINE


def lay_out(lanes: Mapping[str, str], nodes: Sequence[Node], edges: Sequence[Edge]) -> Layout:
    """`nodes` in an order in which each comes after those before it; `lanes` keys and names from top to bottom."""
    layout = Layout()
    ranks = _ranks(nodes, edges)
    columns, slots = _columns(nodes, edges, ranks, layout)
    last = max(ranks.values())
    right = columns[last] + _widest(nodes, ranks, last) + GAP
    middles = _rows(lanes, nodes, edges, right, layout)
    for node in nodes:
        width, height = SIZES[node.kind]
        x = columns[ranks[node.id]] + (_widest(nodes, ranks, ranks[node.id]) - width) // 2
        layout.boxes[node.id] = (x, middles[node.lane, node.row] - height // 2, width, height)
    for edge in edges:
        layout.routes[edge.id] = _route(edge, layout, slots, _bypass(edge.source, edges))
    _label(nodes, edges, layout)
    return layout


def _ranks(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, int]:
    """The longest way from the start to each node."""
    ranks: dict[str, int] = {}
    for node in nodes:
        before = [ranks[edge.source] for edge in edges if edge.target == node.id and not edge.bypass]
        ranks[node.id] = max(before, default=-1) + 1
    return ranks


def _widest(nodes: Iterable[Node], ranks: Mapping[str, int], rank: int) -> int:
    """Of the nodes of a column and the labels above and below them."""
    column = [node for node in nodes if ranks[node.id] == rank]
    labels = [label_size(node.name)[0] for node in column if node.kind in ("start", "end", "split")]
    return max(*(SIZES[node.kind][0] for node in column), *labels, 0)


def _columns(
    nodes: Sequence[Node], edges: Sequence[Edge], ranks: Mapping[str, int], layout: Layout
) -> tuple[dict[int, int], dict[str, int]]:
    """The left edge of each column, and in the gap before it where the flows to each node turn.

    From left to right a gap holds: room for a label beside a split, the two ways of messages of each outside task in
    the column before, then a place for each node of the column.
    """
    columns: dict[int, int] = {}
    slots: dict[str, int] = {}
    at = LEFT + 2 * HEAD
    for rank in range(max(ranks.values()) + 1):
        before = [node for node in nodes if ranks[node.id] == rank - 1]
        names = [edge.name for edge in edges if ranks[edge.target] == rank and edge.name and not edge.bypass]
        at += max([GAP - STEP, *(label_size(name)[0] + STEP for name in names)])
        for node in before:
            if node.kind == "service":
                layout.gaps[node.id] = (at, at + STEP)
                at += 3 * STEP
        for node in (node for node in nodes if ranks[node.id] == rank):
            slots[node.id] = at
            at += STEP
        at += STEP
        columns[rank] = at
        at += _widest(nodes, ranks, rank)
    return columns, slots


def _rows(
    lanes: Mapping[str, str], nodes: Sequence[Node], edges: Sequence[Edge], right: int, layout: Layout
) -> dict[tuple[str, str], int]:
    """The middle of each row; lanes and pools around them."""
    middles: dict[tuple[str, str], int] = {}
    layout.applicant = (LEFT, TOP, right - LEFT, POOL)
    top = at = TOP + POOL + APART
    for lane, name in lanes.items():
        rows = dict.fromkeys(node.row for node in nodes if node.lane == lane)
        extents = {row: _extent([n for n in nodes if (n.lane, n.row) == (lane, row)], edges) for row in rows}
        height = sum(above + below for above, below in extents.values())
        whole = max(height, width_of(name) + 2 * LINE)  # the name stands upright and must not break
        layout.lanes[lane] = (LEFT + HEAD, at, right - LEFT - HEAD, whole)
        within = at + (whole - height) // 2
        for row, (above, below) in extents.items():
            middles[lane, row] = within + above
            within += above + below
        at += whole
    layout.city = (LEFT, top, right - LEFT, at - top)
    return middles


def _extent(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[int, int]:
    """How far a row reaches above and below its middle."""
    above, below = 56, 56
    for node in nodes:
        if node.kind == "split":
            below = max(below, _bypass(node.id, edges) + LINE + 10)
            above = max(above, 25 + 6 + label_size(node.name)[1] + 8)
        elif node.kind == "service":
            below = max(below, MESSAGE + 24)
        elif node.kind in ("start", "end"):
            below = max(below, 18 + 6 + label_size(node.name)[1] + 8)
    return above, below


def _bypass(split: str, edges: Sequence[Edge]) -> int:
    """How far below the middle the way around a task runs: the label of the way to it stands between."""
    highest = max((label_size(edge.name)[1] for edge in edges if edge.source == split and not edge.bypass), default=0)
    return max(BYPASS, highest + 12)


def _route(edge: Edge, layout: Layout, slots: Mapping[str, int], around: int) -> tuple[Point, ...]:
    x, y, width, height = layout.boxes[edge.source]
    to_x, to_y, to_width, to_height = layout.boxes[edge.target]
    middle, to_middle = y + height // 2, to_y + to_height // 2
    if edge.bypass:
        down = middle + around
        start, end = x + width // 2, to_x + to_width // 2
        return (start, y + height), (start, down), (end, down), (end, to_y + to_height)
    if middle == to_middle:
        return (x + width, middle), (to_x, to_middle)
    turn = slots[edge.target]
    return (x + width, middle), (turn, middle), (turn, to_middle), (to_x, to_middle)


def _label(nodes: Sequence[Node], edges: Sequence[Edge], layout: Layout) -> None:
    for node in nodes:
        x, y, width, height = layout.boxes[node.id]
        if node.name and node.kind in ("start", "end", "split"):
            wide, high = label_size(node.name)
            top = y - 6 - high if node.kind == "split" else y + height + 6
            layout.labels[node.id] = (x + width // 2 - wide // 2, top, wide, high)
    for edge in edges:
        if not edge.name:
            continue
        wide, high = label_size(edge.name)
        points = layout.routes[edge.id]
        if edge.bypass:
            x, y = (points[1][0] + points[2][0]) // 2 - wide // 2, points[1][1] + 4
        else:
            x, y = points[0][0] + 4, points[0][1] + 4
        layout.labels[edge.id] = (x, y, wide, high)
