# SPDX-License-Identifier: Apache-2.0
"""Search by the words residents use: pairs of characters, rare words first, nearest where nothing fits."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.services.rules.search import grams, nearest, pieces, ranked

TEXTS = {
    "newborn": ("新生儿出生 A child is born", "出生 上户口 宝宝 医保 birth baby register"),
    "closing": ("企业注销 Closing a business", "注销 关门 停业 税务 close business"),
    "school": ("教育入学 Starting school", "上学 入学 孩子 医保 school child"),
}


def keys(question: str) -> list[str]:
    return [hit.key for hit in ranked(question, TEXTS)]


def test_chinese_is_cut_into_pairs_and_latin_into_words() -> None:
    assert grams("我要上户口，baby!") == {"我要", "要上", "上户", "户口", "baby"}
    assert grams("婚") == {"婚"}
    assert grams("，？ !") == frozenset()
    assert pieces("婚姻 baby") == {"婚", "姻", "bab", "aby"}


def test_punctuation_and_case_do_not_matter() -> None:
    assert keys("BABY?") == keys("“baby”") == ["newborn"]


def test_what_few_share_counts_more_than_what_many_share() -> None:
    assert keys("医保 上户口")[0] == "newborn"
    assert keys("医保 上学")[0] == "school"


def test_of_two_that_fit_alike_the_one_named_so_comes_first() -> None:
    texts = {"a": ("other", "tax"), "b": ("tax", "other")}
    assert [hit.key for hit in ranked("tax", texts)] == ["b", "a"]


def test_what_shares_nothing_is_not_found_but_its_nearest_are_offered() -> None:
    assert keys("schol") == [] and nearest("schol", TEXTS)[0] == "school"
    assert keys("生宝") == [] and nearest("生宝", TEXTS)[0] == "newborn"
    assert nearest("qqqq", TEXTS) == []


def test_no_more_are_offered_than_asked_for() -> None:
    assert len(nearest("的出学业", TEXTS, 2)) == 2


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40))
def test_any_question_is_answered_in_one_order_with_what_shares_a_part(question: str) -> None:
    hits = ranked(question, TEXTS)
    assert hits == ranked(question, dict(reversed(TEXTS.items())))
    assert all(grams(question) & grams(" ".join(TEXTS[hit.key])) for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
