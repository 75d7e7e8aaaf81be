# SPDX-License-Identifier: Apache-2.0
"""Decision tables: what one says in a situation, and the proof that it always says something and never two things.

Hit policies after OMG DMN 1.5 §8.2.11: `unique` (rows never overlap), `first` (the first row that applies), `collect`
(all that apply). Cells are simple unary tests (§7.3.13, its S-FEEL subset; `cells.py` reads them).

Proofs are exact, not sampled: every column falls into finitely many regions in which the same rows apply (the choices
of a code list, the intervals between the bounds that the cells name, and for open text "any other"), so a search over
regions decides for the whole domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from zhengtong.errors import BadInput

Given = str | int | bool
"""A value as the form keeps it; dates are ISO text."""
Hit = Literal["unique", "first", "collect"]
BUDGET: Final = 200_000
"""Nodes a proof may visit. A table of 40 rows over 6 columns needs some thousands."""


@dataclass(frozen=True)
class Choices:
    """A closed list: a code list, the options of a question, yes and no."""

    values: tuple[str | bool, ...]


@dataclass(frozen=True)
class Whole:
    """Integers from `low` to `high`, both included; None is without end. With `dates` they are day ordinals."""

    low: int | None = None
    high: int | None = None
    dates: bool = False


@dataclass(frozen=True)
class Words:
    """Open text."""


Domain = Choices | Whole | Words


@dataclass(frozen=True)
class Members:
    """A cell that names values; `inverted`: all but these."""

    values: frozenset[str | bool]
    inverted: bool = False

    def holds(self, value: object) -> bool:
        return (value in self.values) != self.inverted


@dataclass(frozen=True)
class Spans:
    """A cell over ordered values: closed intervals, None without end."""

    spans: tuple[tuple[int | None, int | None], ...]
    inverted: bool = False

    def holds(self, value: int) -> bool:
        inside = any((low is None or low <= value) and (high is None or value <= high) for low, high in self.spans)
        return inside != self.inverted


Cell = Members | Spans | None
"""None is `-`: any value, a missing one too."""


@dataclass(frozen=True)
class Input:
    name: str
    domain: Domain


@dataclass(frozen=True)
class Row:
    cells: tuple[Cell, ...]
    then: Mapping[str, Given]


@dataclass(frozen=True)
class DecisionTable:
    """`rows` count from 1 wherever they are named."""

    key: str
    hit: Hit
    inputs: tuple[Input, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Decided:
    """Which rows applied, and what they say; a `collect` table gives each output as the list of distinct values."""

    rows: tuple[int, ...]
    outputs: Mapping[str, Given | tuple[Given, ...]]


@dataclass(frozen=True)
class Gap:
    """Nothing is said about this example."""

    example: Mapping[str, Given]


@dataclass(frozen=True)
class Overlap:
    """Both rows apply to this example."""

    first: int
    second: int
    example: Mapping[str, Given]


@dataclass(frozen=True)
class Unreachable:
    """The row never applies: no value fits it, or earlier rows (`behind`) always apply before it."""

    row: int
    behind: bool


Flaw = Gap | Overlap | Unreachable


def decide(table: DecisionTable, values: Mapping[str, Given]) -> Decided:
    """What the table says of `values`. Raises BadInput naming the input that has to be known first, or where no row
    (or, for `unique`, more than one) applies: a table that passed `flaws` never does that for values of its domains.
    """
    hits: list[int] = []
    for number, row in enumerate(table.rows, 1):
        applies, missing = _applies(table, row, values)
        if applies is None and (table.hit != "unique"):
            raise _unknown(table, missing)
        if applies:
            hits.append(number)
            if table.hit == "first":
                break
    if table.hit == "unique" and not hits:
        for row in table.rows:
            applies, missing = _applies(table, row, values)
            if applies is None:
                raise _unknown(table, missing)
    if not hits and table.hit != "collect":
        raise BadInput(
            "决策表没有适用的行", "no row of the decision table applies",
            where=table.key, found=_shown(values, table),
        )  # fmt: skip
    if table.hit == "unique" and len(hits) > 1:
        raise BadInput("决策表有多行同时适用", "several rows of the decision table apply", where=table.key, found=hits)
    return Decided(tuple(hits), _outputs(table, hits))


def _outputs(table: DecisionTable, hits: Sequence[int]) -> Mapping[str, Given | tuple[Given, ...]]:
    if table.hit != "collect":
        return dict(table.rows[hits[0] - 1].then)
    names = dict.fromkeys(name for row in table.rows for name in row.then)
    return {
        name: tuple(dict.fromkeys(table.rows[n - 1].then[name] for n in hits if name in table.rows[n - 1].then))
        for name in names
    }


def _applies(table: DecisionTable, row: Row, values: Mapping[str, Given]) -> tuple[bool | None, str]:
    """Whether a row applies; None where that hangs on an input that is not known yet, which is named."""
    missing = ""
    for column, cell in zip(table.inputs, row.cells, strict=True):
        if cell is None:
            continue
        if column.name not in values:
            missing = missing or column.name
        elif not _cell_holds(cell, column.domain, values[column.name]):
            return False, ""
    return (None, missing) if missing else (True, "")


def _cell_holds(cell: Members | Spans, domain: Domain, value: Given) -> bool:
    if isinstance(cell, Members):
        return cell.holds(value)
    number = date.fromisoformat(value).toordinal() if isinstance(value, str) else int(value)
    return cell.holds(number)


def _unknown(table: DecisionTable, missing: str) -> BadInput:
    return BadInput(
        f"决策表需要“{missing}”，但没有填", f"the decision needs {missing}, which has no value", where=table.key
    )


def _shown(values: Mapping[str, Given], table: DecisionTable) -> str:
    return ", ".join(f"{one.name} = {values[one.name]}" for one in table.inputs if one.name in values)


# --- proofs -------------------------------------------------------------------------------------------------------


def flaws(table: DecisionTable) -> list[Flaw]:
    """Everything that keeps a table from being right: gaps, overlaps (`unique`), rows that never apply.

    One example of a gap is named, since filling it shows the next. Raises BadInput where the table is too large to be
    proven (`BUDGET`).
    """
    regions = [_regions(table, index) for index in range(len(table.inputs))]
    search = _Search(table, regions)
    everyone = (1 << len(table.rows)) - 1
    found: list[Flaw] = []
    if table.hit != "collect":
        gap = search.find(must=0, avoid=everyone)
        if gap is not None:
            found.append(Gap(gap))
    for number in range(1, len(table.rows) + 1):
        bit = 1 << (number - 1)
        if search.find(must=bit, avoid=0) is None:
            found.append(Unreachable(number, behind=False))
        elif table.hit == "first" and search.find(must=bit, avoid=bit - 1) is None:
            found.append(Unreachable(number, behind=True))
    if table.hit == "unique":
        for second in range(2, len(table.rows) + 1):
            for first in range(1, second):
                both = search.find(must=(1 << (first - 1)) | (1 << (second - 1)), avoid=0)
                if both is not None:
                    found.append(Overlap(first, second, both))
    return found


@dataclass(frozen=True)
class _Region:
    """Values of one input for which the same rows' cells hold: `mask` has a bit a row."""

    example: Given
    mask: int


class _Search:
    def __init__(self, table: DecisionTable, regions: Sequence[Sequence[_Region]]) -> None:
        self.table, self.regions, self.left = table, regions, BUDGET

    def find(self, *, must: int, avoid: int) -> dict[str, Given] | None:
        """Values to which every row of `must` applies and no row of `avoid`; None proves that there are none."""
        path: list[Given] = []
        fruitless: set[tuple[int, int]] = set()

        def descend(index: int, alive: int) -> bool:
            if index == len(self.regions):
                return alive == 0
            if (index, alive) in fruitless:
                return False
            self.left -= 1
            if self.left < 0:
                raise BadInput(
                    "决策表太大，无法证明是否完整，请拆成几张",
                    "the decision table is too large to be proven complete; split it",
                    where=self.table.key, found=len(self.table.rows),
                )  # fmt: skip
            for region in self.regions[index]:
                if must & ~region.mask:
                    continue
                path.append(region.example)
                if descend(index + 1, alive & region.mask):
                    return True
                path.pop()
            fruitless.add((index, alive))
            return False

        if not descend(0, avoid):
            return None
        return {column.name: value for column, value in zip(self.table.inputs, path, strict=True)}


def _regions(table: DecisionTable, index: int) -> list[_Region]:
    cells = [row.cells[index] for row in table.rows]
    domain = table.inputs[index].domain
    seen: dict[int, _Region] = {}
    for example in _examples(domain, [cell for cell in cells if cell is not None]):
        mask = sum(1 << n for n, cell in enumerate(cells) if cell is None or _holds_at(cell, example))
        dated = isinstance(domain, Whole) and domain.dates
        shown = date.fromordinal(int(example)).isoformat() if dated else example
        seen.setdefault(mask, _Region(shown, mask))
    return list(seen.values())


def _holds_at(cell: Members | Spans, example: Given) -> bool:
    return cell.holds(example) if isinstance(cell, Members) else cell.holds(int(example))


def _examples(domain: Domain, cells: Iterable[Members | Spans]) -> list[Given]:
    """At least one value of every region of the domain."""
    match domain:
        case Choices(values):
            return list(values)
        case Words():
            named = sorted({str(v) for cell in cells if isinstance(cell, Members) for v in cell.values})
            other = "…"
            while other in named:
                other += "…"
            return [*named, other]
        case Whole(low, high):
            if domain.dates:  # the calendar of ISO dates has both ends
                low = max(low or 1, 1)
                high = min(high or date.max.toordinal(), date.max.toordinal())
            cuts = {
                cut
                for cell in cells
                if isinstance(cell, Spans)
                for first, last in cell.spans
                for cut in (first, None if last is None else last + 1)
                if cut is not None
            }
            inside = {cut for cut in cuts if (low is None or cut > low) and (high is None or cut <= high)}
            least = low if low is not None else min([*inside, *([] if high is None else [high + 1]), 1]) - 1
            return [least, *sorted(inside)]
