# SPDX-License-Identifier: Apache-2.0
"""A process as lanes: one a service, left to right from application to close. Pure geometry, in pixels.

Columns follow the order in which an administrative step can go; what no column foresees stands before the endings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

ORDER = (
    "step_received", "correction_asked", "correction_supplied", "step_accepted", "step_paused", "step_resumed",
)  # fmt: skip
ENDINGS = ("step_granted", "step_refused", "step_not_accepted", "step_dropped", "step_withdrawn")
BOX_W, BOX_H, GAP_X, GAP_Y, LANE_GAP, MARGIN, TITLE = 116.0, 46.0, 58.0, 16.0, 30.0, 16.0, 24.0
WIDEST = 7.0


@dataclass(frozen=True)
class Box:
    """`service` and `type` are "" for the two ends of the drawing, told apart by `kind`: start, activity or end."""

    kind: str
    service: str
    type: str
    x: float
    y: float
    count: int

    @property
    def middle(self) -> float:
        return self.y + BOX_H / 2


@dataclass(frozen=True)
class Line:
    """An arc drawn: `path` is SVG path data, the label stands at (x, y). `weight` is its stroke in pixels."""

    service: str
    source: str
    target: str
    path: str
    x: float
    y: float
    weight: float


@dataclass(frozen=True)
class Lane:
    service: str
    y: float
    height: float


@dataclass(frozen=True)
class Lanes:
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    lanes: tuple[Lane, ...]


Node = tuple[str, str]
"""(service, type)."""


def columns(types: Iterable[str]) -> dict[str, int]:
    """The column of each type that occurs; endings share the last."""
    present = set(types)
    middle = [one for one in ORDER if one in present]
    others = sorted(present - set(ORDER) - set(ENDINGS))
    placed = {one: n for n, one in enumerate([*middle, *others], 1)}
    return placed | {one: len(placed) + 1 for one in ENDINGS if one in present}


def draw(activities: Mapping[Node, int], arcs: Mapping[tuple[str, str, str], int], services: Sequence[str]) -> Lanes:
    """Lanes in the order of `services`. `arcs` are (service, source, target) with their counts, "" being the case's
    beginning and end. Raises ValueError for an arc between activities that are not there.
    """
    column = columns(type for _, type in activities)
    last = max(column.values(), default=0) + 1
    boxes: dict[Node, Box] = {}
    lanes: list[Lane] = []
    y = MARGIN
    for service in services:
        mine = sorted((type for one, type in activities if one == service), key=lambda t: (column[t], _rank(t)))
        stacked: dict[int, int] = {}
        for type in mine:
            row = stacked.get(column[type], 0)
            stacked[column[type]] = row + 1
            top = y + TITLE + row * (BOX_H + GAP_Y)
            boxes[service, type] = Box("activity", service, type, _x(column[type]), top, activities[service, type])
        rows = max(stacked.values(), default=0)
        if not rows:
            continue
        height = TITLE + rows * (BOX_H + GAP_Y) - GAP_Y
        lanes.append(Lane(service, y, height))
        y += height + LANE_GAP
    height = max(y - LANE_GAP + MARGIN, BOX_H + 2 * MARGIN)
    centre = (height - BOX_H) / 2
    started = sum(count for (_, source, _), count in arcs.items() if source == "")
    ended = sum(count for (_, _, target), count in arcs.items() if target == "")
    start, end = Box("start", "", "", MARGIN, centre, started), Box("end", "", "", _x(last), centre, ended)
    most = max(arcs.values(), default=1)
    nodes = {**boxes, ("", "start"): start, ("", "end"): end}
    lines = [_line(key, count / most, nodes) for key, count in sorted(arcs.items())]
    return Lanes(_x(last) + BOX_W + MARGIN, height, (start, *boxes.values(), end), tuple(lines), tuple(lanes))


def _x(column: int) -> float:
    return MARGIN + column * (BOX_W + GAP_X)


def _rank(type: str) -> tuple[int, str]:
    return (ENDINGS.index(type) if type in ENDINGS else 0, type)


def _line(key: tuple[str, str, str], share: float, nodes: Mapping[Node, Box]) -> Line:
    service, source, target = key
    try:
        one = nodes[(service, source) if source else ("", "start")]
        other = nodes[(service, target) if target else ("", "end")]
    except KeyError as missing:
        raise ValueError(f"an arc of {service} leads to or from {missing}, which is not among the activities") from None
    path, x, y = _path(one, other)
    return Line(service, source, target, path, x, y, round(1.5 + (WIDEST - 1.5) * share, 2))


Point = tuple[float, float]


def _path(one: Box, other: Box) -> tuple[str, float, float]:
    """From the right edge to the left edge; back to an earlier column below the boxes, to itself as a loop above."""
    if one is other:
        x, y = one.x + BOX_W / 2, one.y
        return _curve((x - 18, y), (x - 30, y - 22), (x + 30, y - 22), (x + 18, y)), x, y - 18
    if other.x > one.x:
        x1, y1, x2, y2 = one.x + BOX_W, one.middle, other.x, other.middle
        if x2 - x1 > GAP_X + 1 and abs(y1 - y2) < 1:  # over the boxes between
            over = one.y - 21
            return _curve((x1, y1), (x1 + 34, over), (x2 - 34, over), (x2, y2)), (x1 + x2) / 2, one.y - 7
        bend = max(GAP_X / 2, (x2 - x1) / 2)
        return _curve((x1, y1), (x1 + bend, y1), (x2 - bend, y2), (x2, y2)), (x1 + x2) / 2, (y1 + y2) / 2 - 5
    x1, x2, low = one.x + BOX_W / 2, other.x + BOX_W / 2, max(one.y, other.y) + BOX_H + 20
    return _curve((x1, one.y + BOX_H), (x1, low), (x2, low), (x2, other.y + BOX_H)), (x1 + x2) / 2, low


def _curve(begin: Point, bend: Point, bend_back: Point, end: Point) -> str:
    """A cubic curve; always with dots, a localised comma would break the drawing."""
    (a, b), (c, d), (e, f), (g, h) = begin, bend, bend_back, end
    return f"M{a:.1f} {b:.1f} C{c:.1f} {d:.1f} {e:.1f} {f:.1f} {g:.1f} {h:.1f}"
