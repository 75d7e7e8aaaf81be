# SPDX-License-Identifier: Apache-2.0
"""What cannot have happened, and what no city file may say, is refused in both languages."""

from __future__ import annotations

import pytest

from services.limit_factory import CALENDAR, LAW, LICENCE, at, fact, plain
from zhengtong.errors import BadInput
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.limits import assess
from zhengtong.services.rules.regimes import Allowance, Extension, Regime, Terms

RECEIVED, ACCEPTED = fact("received", "2025-09-26"), fact("accepted", "2025-09-26", 11)
DECIDED = fact("decided", "2025-09-29")
PAUSED = fact("paused", "2025-09-28", reason="hearing")
ASKED = fact("correction_asked", "2025-09-28")


@pytest.mark.parametrize(
    ("facts", "zh", "en"),
    [
        ([ACCEPTED], "“受理”之前应当已收件", "no acceptance before the matter is received"),
        ([RECEIVED, RECEIVED], "已收件，不能再有“收件”", "no receipt can follow"),
        ([RECEIVED, DECIDED], "“决定”之前应当已受理", "no decision before the matter is accepted"),
        ([RECEIVED, PAUSED], "“暂停计时”之前应当已受理", "no pause before the matter is accepted"),
        ([RECEIVED, ACCEPTED, fact("resumed", "2025-09-28")], "之前应当计时已暂停", "before the matter is paused"),
        ([RECEIVED, ACCEPTED, PAUSED, fact("resumed", "2025-09-29", reason="test")], "没有对应的暂停", "no open pause"),
        ([RECEIVED, ACCEPTED, PAUSED, PAUSED], "同一事由的暂停还没有结束", "has not ended yet"),
        (
            [RECEIVED, fact("corrected", "2025-09-28")],
            "之前应当正在等待补正",
            "before the matter is awaiting corrections",
        ),
        ([RECEIVED, ASKED, ASKED], "正在等待补正，不能再有", "once the matter is awaiting corrections"),
        ([RECEIVED, ACCEPTED, ASKED], "已受理，不能再有“补正告知”", "once the matter is accepted"),
        ([RECEIVED, ACCEPTED, DECIDED, DECIDED], "已作出决定，不能再有“决定”", "is decided"),
        ([RECEIVED, ACCEPTED, DECIDED, fact("paused", "2025-09-30", reason="x")], "已作出决定", "is decided"),
        ([RECEIVED, ACCEPTED, DECIDED, fact("withdrawn", "2025-09-30")], "已作出决定", "is decided"),
        ([RECEIVED, fact("withdrawn", "2025-09-28"), fact("accepted", "2025-09-29")], "已终止", "is closed"),
        (
            [RECEIVED, ACCEPTED, fact("delivered", "2025-09-29")],
            "“送达”之前应当已作出决定",
            "before the matter is decided",
        ),
    ],
)
def test_what_cannot_have_happened_is_refused_in_both_languages(facts: list[Fact], zh: str, en: str) -> None:
    with pytest.raises(BadInput) as caught:
        assess(Terms(LICENCE), facts, CALENDAR, at("2025-10-09"))
    assert zh in caught.value.say("zh") and en in caught.value.say("en")


def test_resuming_without_saying_which_of_two_pauses_is_refused_and_names_both() -> None:
    facts = [RECEIVED, ACCEPTED, PAUSED, fact("paused", "2025-09-28", reason="test"), fact("resumed", "2025-09-29")]
    with pytest.raises(BadInput) as caught:
        assess(Terms(LICENCE), facts, CALENDAR, at("2025-10-09"))
    assert caught.value.expected == "hearing | test"


def test_a_pause_needs_acceptance_but_acceptance_by_silence_is_enough() -> None:
    late = fact("paused", "2025-10-11", reason="hearing")
    assert assess(Terms(LICENCE), [RECEIVED, late], CALENDAR, late.at_us).limit("decide") is not None
    with pytest.raises(BadInput):
        assess(plain(20), [RECEIVED, late], CALENDAR, late.at_us)


@pytest.mark.parametrize(
    ("kind", "more"),
    [("extended", {"days": 0}), ("extended", {"days": -3}), ("paused", {"reason": "x", "days": -1}), ("paused", {}),
     ("eaten", {})],
)  # fmt: skip
def test_a_malformed_fact_is_refused(kind: str, more: dict[str, object]) -> None:
    with pytest.raises(BadInput) as caught:
        Fact(kind, 0, **more)  # type: ignore[arg-type]
    assert caught.value.zh and caught.value.expected


@pytest.mark.parametrize("amount", [-1, 20_001])
def test_a_length_of_time_is_neither_negative_nor_absurd(amount: int) -> None:
    for build in (
        lambda: Allowance(amount),
        lambda: Allowance(5, near=amount),
        lambda: Allowance(5, extension=Extension(amount)),
    ):
        with pytest.raises(BadInput) as caught:
            build()
        assert caught.value.found == amount


def test_an_unknown_unit_is_refused_naming_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"expected working_days \| calendar_days \| hours"):
        Allowance(5, "weeks")  # type: ignore[arg-type]


def test_a_promise_is_never_longer_than_the_statute_in_the_same_unit() -> None:
    with pytest.raises(BadInput, match="found 21; expected ≤ 20 working_days"):
        Terms(LICENCE, promised={"decide": Allowance(21)})
    Terms(LICENCE, promised={"decide": Allowance(20)})
    Terms(LICENCE, promised={"decide": Allowance(25, "calendar_days")})
    Terms(LICENCE, joint=True, promised={"decide": Allowance(21)})


def test_joint_handling_and_silent_acceptance_need_a_length_in_the_regime() -> None:
    with pytest.raises(BadInput, match="no time limit for joint handling"):
        Terms(plain(20).regime, joint=True)
    with pytest.raises(BadInput, match="nothing can be deemed accepted"):
        Regime("r", "r", "r", LAW, deemed=True)


@pytest.mark.parametrize("at_us", [10**20, -(10**20), 5 * 10**15])
def test_an_instant_outside_every_calendar_is_refused(at_us: int) -> None:
    facts = [Fact("received", at_us), Fact("accepted", at_us)]
    with pytest.raises(BadInput):
        assess(Terms(LICENCE), facts, CALENDAR, at_us)
