# SPDX-License-Identifier: Apache-2.0
"""四减: a share is shown only where item set and method agree and both figures are there; else the reason why not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhengtong.evaluation.rules.reductions import MEASURES, Before, reduction, reductions

NAMES = st.frozensets(st.sampled_from("abcd"), max_size=4)
FIGURES = st.dictionaries(st.sampled_from(MEASURES), st.integers(0, 60))
MEASURED = st.dictionaries(st.sampled_from(MEASURES), st.none() | st.integers(0, 90).map(float))
BASE = Before(frozenset({"a", "b"}), True, dict.fromkeys(MEASURES, 10))
SERVICES = frozenset({"a", "b"})


@given(st.builds(Before, NAMES, st.booleans(), FIGURES), NAMES, MEASURED)
def test_a_share_stands_exactly_where_both_sides_count_the_same(
    before: Before, services: frozenset[str], measured: dict[str, float | None]
) -> None:
    found = reductions(before, services, measured)
    assert [one.measure for one in found] == list(MEASURES)
    for one in found:
        comparable = (
            before.services == services
            and before.comparable
            and bool(before.figures.get(one.measure))
            and measured.get(one.measure) is not None
        )
        assert (one.share is not None) == comparable == (one.why_not == "")
        assert one.before == before.figures.get(one.measure)
        assert one.measured == measured.get(one.measure), "what was measured is shown even where it cannot be compared"
        if one.share is not None and one.before and one.measured is not None:
            assert one.share == pytest.approx(float(1 - Fraction(one.measured) / one.before))


@given(NAMES.filter(lambda names: names != SERVICES), st.booleans())
def test_another_set_of_items_is_never_compared(services: frozenset[str], comparable: bool) -> None:
    """A subset no more than a superset: what was left out cost something too."""
    found = reductions(replace(BASE, comparable=comparable), services, dict.fromkeys(MEASURES, 1.0))
    assert {one.why_not for one in found} == {"other_services"}
    assert {one.share for one in found} == {None}


def test_another_method_is_never_compared() -> None:
    found = reductions(replace(BASE, comparable=False), SERVICES, dict.fromkeys(MEASURES, 1.0))
    assert {(one.why_not, one.share) for one in found} == {("other_method", None)}


@pytest.mark.parametrize(
    ("figures", "measured", "why"),
    [
        ({}, 1.0, "not_published"),
        ({"days": 0}, 1.0, "not_published"),
        ({"days": 10}, None, "not_measured"),
        ({"days": 10}, 0.0, ""),
    ],
)
def test_what_is_missing_is_said(figures: dict[str, int], measured: float | None, why: str) -> None:
    one = reduction("days", replace(BASE, figures=figures), SERVICES, measured)
    assert one.why_not == why
    assert (one.share is None) == bool(why)


@pytest.mark.parametrize(("measured", "share"), [(4.0, 0.6), (10.0, 0.0), (15.0, -0.5), (0.0, 1.0)])
def test_the_share_saved_is_negative_where_it_grew(measured: float, share: float) -> None:
    assert reduction("visits", BASE, SERVICES, measured).share == pytest.approx(share)
