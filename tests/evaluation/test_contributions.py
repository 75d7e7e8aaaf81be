# SPDX-License-Identifier: Apache-2.0
"""The change of a figure split over its groups: exact whatever the counts, and the planted cause named."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.evaluation.rules.contributions import Contribution, change, change_of_hits

COUNTED = st.integers(0, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
GROUPS = st.dictionaries(st.sampled_from("abcdef"), COUNTED, max_size=6)


@settings(deadline=None, max_examples=150)
@given(GROUPS, GROUPS)
def test_the_parts_sum_exactly_to_the_change(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    found = change(before, after)
    old, new = ([sum(pair[n] for pair in groups.values()) for n in (0, 1)] for groups in (before, after))
    if not old[1] or not new[1]:
        assert found is None
        return
    assert found is not None
    assert sum(part.total for part in found.parts) == Fraction(*new) - Fraction(*old) == found.difference
    assert sum(part.excess for part in found.parts) == 0
    counted = {group for groups in (before, after) for group, (_, of) in groups.items() if of}
    assert {part.group for part in found.parts} == counted
    totals = [part.total for part in found.parts]
    assert totals == sorted(totals, reverse=found.difference >= 0)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9)),
    st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9)),
    st.integers(30, 60),
    st.integers(30, 60),
)
def test_kinds_of_hit_sum_exactly_too(before: dict[str, int], after: dict[str, int], old: int, new: int) -> None:
    found = change_of_hits(before, after, (old, new))
    assert found is not None
    assert sum(part.total for part in found.parts) == Fraction(sum(after.values()), new) - Fraction(
        sum(before.values()), old
    )
    assert change_of_hits(before, after, (0, new)) is None


def parts(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> dict[str, Contribution]:
    found = change(before, after)
    assert found is not None
    return {part.group: part for part in found.parts}


def test_a_group_that_does_worse_changes_by_its_rate_and_one_that_grows_by_the_mix() -> None:
    worse = parts({"police": (90, 100), "cdc": (90, 100)}, {"police": (70, 100), "cdc": (90, 100)})
    assert (worse["police"].rate, worse["police"].mix) == (Fraction(-1, 10), 0)
    assert worse["cdc"].total == 0
    grown = parts({"slow": (50, 100), "quick": (100, 100)}, {"slow": (150, 300), "quick": (100, 100)})
    assert [one.rate for one in grown.values()] == [0, 0]
    assert sum(one.mix for one in grown.values()) == Fraction(250, 400) - Fraction(150, 200)


def test_a_group_that_is_new_adds_by_being_there() -> None:
    found = parts({"old": (9, 10)}, {"old": (9, 10), "new": (0, 10)})
    assert found["new"].rate == 0 and found["new"].mix < 0


def test_the_biggest_is_the_one_beyond_its_share_not_the_one_that_is_large() -> None:
    """Nine in ten cases come through the portal: whatever happens, happens mostly there."""
    by_channel = change({"portal": (855, 900), "counter": (95, 100)}, {"portal": (765, 900), "counter": (85, 100)})
    by_step = change(
        {"register": (190, 200), "insure": (380, 400), "card": (380, 400)},
        {"register": (90, 200), "insure": (380, 400), "card": (380, 400)},
    )
    assert by_channel is not None and by_step is not None
    assert by_channel.difference == by_step.difference == Fraction(-1, 10)
    assert by_channel.parts[0].group == "portal" and by_channel.parts[0].excess == 0
    assert by_step.biggest is not None and by_step.biggest.group == "register"
    assert by_step.biggest.excess == Fraction(-8, 100)


def test_where_nothing_changed_nobody_is_named() -> None:
    found = change({"a": (1, 2)}, {"a": (2, 4)})
    assert found is not None and found.difference == 0 and found.biggest is None
    assert change({}, {"a": (1, 2)}) is None
    assert change({"a": (1, 2)}, {"a": (0, 0)}) is None


def test_a_mean_is_split_like_a_rate() -> None:
    found = change({"police": (200, 100), "cdc": (100, 100)}, {"police": (600, 100), "cdc": (100, 100)})
    assert found is not None and found.difference == 2
    assert found.biggest is not None and found.biggest.group == "police" and found.biggest.total == 2
