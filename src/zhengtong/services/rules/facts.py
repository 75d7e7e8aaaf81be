# SPDX-License-Identifier: Apache-2.0
"""What happens to a matter, as far as its clocks care: dated facts, and which of them are possible when.

What cannot have happened raises BadInput (resuming what was not paused, deciding what was not accepted).
What can happen but is not allowed — a second request for corrections, an extension after the limit had
passed — does not raise: it has no effect on any clock and is listed as a breach, because a record of the
past must be measurable as it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, get_args

from zhengtong.errors import BadInput

ClockKind = Literal[
    "received", "correction_asked", "corrected", "accepted", "not_accepted", "paused", "resumed", "extended",
    "decided", "delivered", "withdrawn",
]  # fmt: skip
SideKind = Literal[
    "extension_asked", "extension_refused", "transfer_asked", "transfer_returned", "transferred", "inspection_set",
    "inspected", "tolerated", "supplied", "promise_missed", "committed", "commitment_kept", "commitment_broken",
    "part_granted", "need_lost", "revoked", "cancelled",
]  # fmt: skip
FactKind = Literal[ClockKind, SideKind]
BreachCode = Literal[
    "late_correction", "repeated_correction", "late_refusal", "no_extension", "late_extension",
    "extension_too_long", "extension_too_often", "wrong_approver",
]  # fmt: skip

_FACTS: Final[dict[str, tuple[str, str]]] = {
    "received": ("收件", "receipt"),
    "correction_asked": ("补正告知", "request for corrections"),
    "corrected": ("补正", "correction"),
    "accepted": ("受理", "acceptance"),
    "not_accepted": ("不予受理", "refusal to accept"),
    "paused": ("暂停计时", "pause"),
    "resumed": ("恢复计时", "resumption"),
    "extended": ("延长期限", "extension"),
    "decided": ("决定", "decision"),
    "delivered": ("送达", "delivery"),
    "withdrawn": ("撤回", "withdrawal"),
}

# What must already be so, and what must not, for a fact to be possible at all. "accepted" includes deemed
# acceptance; "signed" is an acceptance somebody declared.
_POSSIBLE: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "received": ((), ("received",)),
    "correction_asked": (("received",), ("signed", "awaiting", "decided", "closed")),
    "corrected": (("awaiting",), ("decided", "closed")),
    "accepted": (("received",), ("signed", "decided", "closed")),
    "not_accepted": (("received",), ("signed", "decided", "closed")),
    "paused": (("accepted",), ("decided", "closed")),
    "resumed": (("paused",), ("decided", "closed")),
    "extended": (("accepted",), ("decided", "closed")),
    "decided": (("accepted",), ("decided", "closed")),
    "delivered": (("decided",), ("delivered", "closed")),
    "withdrawn": (("received",), ("decided", "closed")),
}
_FLAGS: Final[dict[str, tuple[str, str]]] = {
    "received": ("已收件", "received"),
    "awaiting": ("正在等待补正", "awaiting corrections"),
    "accepted": ("已受理", "accepted"),
    "signed": ("已受理", "accepted"),
    "paused": ("计时已暂停", "paused"),
    "decided": ("已作出决定", "decided"),
    "delivered": ("已送达", "delivered"),
    "closed": ("已终止", "closed"),
}


SIDE: Final[frozenset[str]] = frozenset(get_args(SideKind))
"""Facts that no clock hears of: requests, promises and findings that the flow of a case reads (`standing.py`)."""


_KINDS = frozenset(get_args(FactKind))


@dataclass(frozen=True)
class Fact:
    """Something that happened to a matter at `at_us`; facts of one instant happen in the order given.

    `reason` names a pause's ground (hearing, inspection, expert_review…); a resumption may leave it out
    when only one is open. `days` is an extension's length in the limit's unit, or the working days a
    pause's notice announced (0 = none announced). `approver` is the role that granted an extension.
    `granted` False marks a decision that refuses, or an inspection not passed. `about` names what a side fact concerns
    (a document, a department, a part, another step); `due_us` is the end of a promise.
    """

    kind: FactKind
    at_us: int
    reason: str = ""
    days: int = 0
    approver: str = ""
    granted: bool = True
    about: str = ""
    due_us: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise BadInput(
                "不认识的事实类型", "unknown kind of fact", found=self.kind, expected=" | ".join(get_args(FactKind))
            )
        if self.days < 0 or (self.kind == "extended" and self.days == 0):
            zh, en = _FACTS.get(self.kind, ("事实", "fact"))
            raise BadInput(f"{zh}的天数不对", f"the days of the {en} are wrong", found=self.days, expected="≥ 1")
        if self.kind == "paused" and not self.reason:
            raise BadInput("暂停计时要写明事由", "a pause must name its ground", expected="reason")


@dataclass(frozen=True)
class Breach:
    """A fact that happened against the rules and so moved no clock."""

    fact: Fact
    code: BreachCode


def check_possible(fact: Fact, flags: Collection[str]) -> None:
    """Raises BadInput where a fact cannot happen in the state that `flags` describe."""
    needs, forbids = _POSSIBLE[fact.kind]
    zh, en = _FACTS[fact.kind]
    for flag in needs:
        if flag not in flags:
            raise BadInput(
                f"“{zh}”之前应当{_FLAGS[flag][0]}",
                f"there is no {en} before the matter is {_FLAGS[flag][1]}",
                where=fact.kind,
                expected=flag,
            )
    for flag in forbids:
        if flag in flags:
            raise BadInput(
                f"{_FLAGS[flag][0]}，不能再有“{zh}”",
                f"no {en} can follow once the matter is {_FLAGS[flag][1]}",
                where=fact.kind,
                found=flag,
            )
