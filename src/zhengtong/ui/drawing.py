# SPDX-License-Identifier: Apache-2.0
"""Numbers into geometry for the drawn components: pure, in per cent of the width, so that text keeps its size.

A limit is drawn along elapsed working days: what ran, what was paused (and does not count), and the marks at which the
promised and the statutory number of *counted* days are reached. A pause after the start pushes both marks to the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SpanKind = Literal["used", "paused"]


@dataclass(frozen=True)
class Span:
    """A stretch of working days (may be a fraction) in the order it happened."""

    kind: SpanKind
    days: float


@dataclass(frozen=True)
class Limit:
    """What is drawn. Days are working days; `started` and the two `…_due` are dates in words, may be ""."""

    spans: Sequence[Span]
    promised: float | None = None
    statutory: float | None = None
    started: str = ""
    promised_due: str = ""
    statutory_due: str = ""
    provisional: bool = False
    """A due date lies in a year whose working days are not yet published."""

    @property
    def used(self) -> float:
        return sum(span.days for span in self.spans if span.kind == "used")

    @property
    def paused(self) -> float:
        return sum(span.days for span in self.spans if span.kind == "paused")

    @property
    def over(self) -> float:
        """Counted days past the first limit that applies (promised before statutory), 0 when within it."""
        limit = self.promised if self.promised is not None else self.statutory
        return 0.0 if limit is None else max(0.0, self.used - limit)


@dataclass(frozen=True)
class Piece:
    """A drawn stretch: kind used, paused or over; left edge, right edge and width in per cent."""

    kind: Literal["used", "paused", "over"]
    x: str
    end: str
    width: str


@dataclass(frozen=True)
class Mark:
    """`anchor` keeps the label inside the drawing (SVG text-anchor)."""

    kind: Literal["promised", "statutory"]
    x: str
    anchor: Literal["start", "middle", "end"]
    days: float


@dataclass(frozen=True)
class LimitDrawing:
    pieces: tuple[Piece, ...]
    marks: tuple[Mark, ...]


def _elapsed_at(spans: Sequence[Span], counted: float) -> float:
    """Elapsed days at which `counted` days have been used; a pause beginning just there lies behind it."""
    elapsed = used = 0.0
    for span in spans:
        if span.kind == "used":
            if used + span.days >= counted:
                return elapsed + (counted - used)
            used += span.days
        elapsed += span.days
    return elapsed + (counted - used)


def draw_limit(limit: Limit) -> LimitDrawing:
    """Raises ValueError for negative days or for a limit with nothing to draw."""
    days = [span.days for span in limit.spans] + [
        mark for mark in (limit.promised, limit.statutory) if mark is not None
    ]
    if any(value < 0 for value in days):
        raise ValueError("a limit is drawn from working days, none of them negative")
    marks = {
        kind: _elapsed_at(limit.spans, value)
        for kind, value in (("promised", limit.promised), ("statutory", limit.statutory))
        if value is not None
    }
    total = max([sum(span.days for span in limit.spans), *marks.values()], default=0.0)
    if total <= 0:
        raise ValueError("a limit without days cannot be drawn")
    return LimitDrawing(_pieces(limit, total), _marks(limit, marks, total))


def _pieces(limit: Limit, total: float) -> tuple[Piece, ...]:
    first = limit.promised if limit.promised is not None else limit.statutory
    pieces: list[Piece] = []
    at = used = 0.0

    def add(kind: Literal["used", "paused", "over"], length: float) -> None:
        nonlocal at
        if length > 0:
            pieces.append(Piece(kind, _percent(at, total), _percent(at + length, total), _percent(length, total)))
            at += length

    for span in limit.spans:
        if span.kind == "paused":
            add("paused", span.days)
            continue
        within = span.days if first is None else min(span.days, max(0.0, first - used))
        add("used", within)
        add("over", span.days - within)
        used += span.days
    return tuple(pieces)


def _marks(limit: Limit, positions: dict[str, float], total: float) -> tuple[Mark, ...]:
    drawn = []
    for kind, days in (("promised", limit.promised), ("statutory", limit.statutory)):
        if days is None:
            continue
        share = positions[kind] / total
        anchor: Literal["start", "middle", "end"] = "start" if share < 0.2 else "end" if share > 0.8 else "middle"
        drawn.append(Mark("promised" if kind == "promised" else "statutory", _percent(share, 1), anchor, days))
    return tuple(drawn)


def _percent(part: float, whole: float) -> str:
    """Always with a dot: a localised comma would break the drawing."""
    return f"{100 * part / whole:.2f}%"


@dataclass(frozen=True)
class Sparkline:
    """`paths` are SVG path data in a box of 100 × 32; a missing value breaks the line. `dot` is the last value."""

    paths: tuple[str, ...]
    dot: str


def draw_sparkline(values: Sequence[float | None]) -> Sparkline:
    """A constant series runs through the middle. Raises ValueError when no value is known."""
    known = [value for value in values if value is not None]
    if not known:
        raise ValueError("a line needs at least one known value")
    low, high = min(known), max(known)
    step = 96 / (len(values) - 1) if len(values) > 1 else 0.0

    def point(place: int, value: float) -> str:
        share = 0.5 if high == low else (value - low) / (high - low)
        return f"{2 + place * step:.1f} {28 - 24 * share:.1f}"

    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(point(place, value))
    last = [run for run in runs if run][-1][-1]
    paths = tuple("M" + " L".join(run) for run in runs if len(run) > 1)
    return Sparkline(paths, f"M{last} h0.01")


def share(value: float, maximum: float) -> str:
    """The filled part of a bar, between 0 and 100 per cent; an empty scale is an empty bar."""
    if maximum <= 0:
        return "0.00%"
    return _percent(min(max(value, 0.0), maximum), maximum)
