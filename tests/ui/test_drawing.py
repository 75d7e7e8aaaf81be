# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.ui.drawing import Limit, Span, draw_limit, draw_sparkline, share

DAYS = st.integers(0, 120).map(float)
SPANS = st.lists(st.builds(Span, st.sampled_from(["used", "paused"]), DAYS), max_size=8)


def number(percent: str) -> float:
    assert percent.endswith("%")
    return float(percent[:-1])


@settings(deadline=None)
@given(spans=SPANS, promised=st.none() | DAYS, statutory=st.none() | DAYS)
def test_pieces_follow_each_other_and_stay_inside(
    spans: list[Span], promised: float | None, statutory: float | None
) -> None:
    limit = Limit(spans, promised, statutory)
    if not any(span.days for span in spans) and not promised and not statutory:
        with pytest.raises(ValueError, match="without days"):
            draw_limit(limit)
        return
    drawing = draw_limit(limit)
    end = 0.0
    for piece in drawing.pieces:
        assert number(piece.x) == pytest.approx(end, abs=0.02), "no gap, no overlap"
        assert number(piece.end) == pytest.approx(number(piece.x) + number(piece.width), abs=0.02)
        end = number(piece.end)
    assert end <= 100.0
    assert all(0 <= number(mark.x) <= 100 for mark in drawing.marks)
    longest = max([end, *(number(mark.x) for mark in drawing.marks)])
    assert longest == pytest.approx(100, abs=0.02), "the drawing uses its whole width"


@settings(deadline=None)
@given(spans=SPANS, promised=st.integers(1, 60), more=st.integers(0, 60))
def test_a_mark_lies_where_its_counted_days_end_and_over_begins_there(
    spans: list[Span], promised: int, more: int
) -> None:
    limit = Limit(spans, promised, promised + more)
    drawing = draw_limit(limit)
    marks = {mark.kind: number(mark.x) for mark in drawing.marks}
    assert marks["promised"] <= marks["statutory"]
    over = [piece for piece in drawing.pieces if piece.kind == "over"]
    assert bool(over) == (limit.used > promised) == (limit.over > 0)
    if over:
        assert number(over[0].x) >= marks["promised"] - 0.02
    # What is drawn green is exactly the counted days within the promise.
    longest = max(sum(span.days for span in spans), _reached(spans, promised + more))
    green = sum(number(piece.width) for piece in drawing.pieces if piece.kind == "used")
    assert green == pytest.approx(100 * min(limit.used, promised) / longest, abs=0.1)


def _reached(spans: list[Span], counted: float) -> float:
    """Day by day, as a calendar would: elapsed days when `counted` days have been used."""
    elapsed = used = 0
    for span in spans:
        for _day in range(int(span.days)):
            if used >= counted:
                return elapsed
            elapsed += 1
            used += span.kind == "used"
    return elapsed + max(0.0, counted - used)


def test_a_pause_pushes_both_marks_to_the_right() -> None:
    drawing = draw_limit(Limit([Span("used", 2), Span("paused", 5), Span("used", 1)], promised=5, statutory=15))
    assert [mark.x for mark in drawing.marks] == ["50.00%", "100.00%"]
    assert [(p.kind, p.x, p.width) for p in drawing.pieces] == [
        ("used", "0.00%", "10.00%"),
        ("paused", "10.00%", "25.00%"),
        ("used", "35.00%", "5.00%"),
    ]


def test_a_pause_that_begins_when_the_limit_ends_lies_behind_the_mark() -> None:
    drawing = draw_limit(Limit([Span("used", 5), Span("paused", 5)], promised=5))
    assert drawing.marks[0].x == "50.00%"


def test_days_past_the_promise_are_over_even_within_the_statute_and_labels_stay_inside() -> None:
    drawing = draw_limit(Limit([Span("used", 8)], promised=1, statutory=10))
    assert [(p.kind, p.width) for p in drawing.pieces] == [("used", "10.00%"), ("over", "70.00%")]
    assert [mark.anchor for mark in drawing.marks] == ["start", "end"]


def test_negative_days_are_refused() -> None:
    for limit in (Limit([Span("used", -1)], 5), Limit([], -1)):
        with pytest.raises(ValueError, match="negative"):
            draw_limit(limit)


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_a_line_stays_in_its_box_and_breaks_where_a_value_is_missing(values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    if not known:
        with pytest.raises(ValueError, match="known"):
            draw_sparkline(values)
        return
    line = draw_sparkline(values)
    points = [tuple(map(float, point.split())) for path in line.paths for point in path[1:].split(" L")]
    assert all(0 <= x <= 100 and 0 <= y <= 32 for x, y in points)
    runs = "".join("x" if value is not None else " " for value in values).split()
    assert len(line.paths) == sum(len(run) > 1 for run in runs)
    assert len(points) == sum(len(run) for run in runs if len(run) > 1)


def test_a_higher_value_is_drawn_higher() -> None:
    line = draw_sparkline([1, 3])
    assert line.paths == ("M2.0 28.0 L98.0 4.0",) and line.dot == "M98.0 4.0 h0.01"


@pytest.mark.parametrize(
    ("value", "maximum", "expected"), [(3, 12, "25.00%"), (15, 12, "100.00%"), (-1, 12, "0.00%"), (1, 0, "0.00%")]
)
def test_a_bar_is_never_longer_than_its_scale(value: float, maximum: float, expected: str) -> None:
    assert share(value, maximum) == expected
