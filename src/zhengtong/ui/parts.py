# SPDX-License-Identifier: Apache-2.0
"""What the components draw, as frozen data a view can build and a test can read.

`kind` of a state: ok (done, on time), near (close to its limit, doubtful), late (late, refused, broken), info (under
way), wait (not yet its turn), paused (the clock stands). Each has its own colour and its own shape; the word is the
page's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from zhengtong.ui.forms import Words

StateKind = Literal["ok", "near", "late", "info", "wait", "paused"]
STATE_KINDS: tuple[StateKind, ...] = ("ok", "near", "late", "info", "wait", "paused")


@dataclass(frozen=True)
class State:
    kind: StateKind
    word: Words


@dataclass(frozen=True)
class Crumb:
    """The last one is the page itself and has no address."""

    label: Words
    url: str = ""


@dataclass(frozen=True)
class Task:
    """One step of a task list, with its state; `note` tells who or by when."""

    label: Words
    state: State
    url: str = ""
    note: Words = ""


@dataclass(frozen=True)
class Moment:
    """One thing that happened (`time_us` UTC microseconds), newest or oldest first as the page orders them."""

    time_us: int
    title: Words
    by: Words = ""
    note: Words = ""
    proof_url: str = ""
    standing: str = "sealed"


@dataclass(frozen=True)
class Fact:
    term: Words
    value: Words
    note: Words = ""


@dataclass(frozen=True)
class Column:
    label: Words
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """The first cell of a row names the row. `wide` tables scroll on a phone; the others become lists.

    `key` is the id of the caption, unique on the page. Cells are escaped unless they are safe strings or `State`s.
    """

    caption: Words
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    key: str = "table"
    wide: bool = False
    caption_hidden: bool = False


@dataclass(frozen=True)
class CursorPage:
    """Opaque cursors to the pages before and after; "" where there is none. `shown` rows are on this one."""

    shown: int
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Series:
    """One line or bar of a chart; None is a gap. `role` is a state's kind and gives the colour, not the meaning."""

    name: Words
    values: Sequence[float | None]
    role: StateKind = "info"


@dataclass(frozen=True)
class Chart:
    """What ECharts draws for those who see it; the page shows the same figures in a table beside it.

    `key` is an id, unique on the page. Values of unit "percent" are shares from 0 to 1. `sideways` draws bars from left
    to right, for labels that are long.
    """

    key: str
    title: Words
    labels: Sequence[Words]
    series: Sequence[Series]
    kind: Literal["line", "bar", "stack"] = "line"
    unit: Literal["percent", "days", "count"] = "count"
    sideways: bool = False
