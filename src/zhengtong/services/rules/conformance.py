# SPDX-License-Identifier: Apache-2.0
"""What holding items to rules of quality comes to: pass rates per department with the objects that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["pass", "fail", "not_judged"]


@dataclass(frozen=True)
class Judged:
    """Items of one department under one rule. Items that the rule does not speak about are in none of the counts;
    `not_judged` are those of which the list does not say what the rule needs."""

    rule: str
    department: str
    passed: int = 0
    failed: int = 0
    not_judged: int = 0
    failing: tuple[str, ...] = ()
    """Keys of the failing items, in order."""

    @property
    def rate(self) -> float | None:
        """Share that passed, 0 to 1; None where nothing was judged: no figure is not a good figure."""
        total = self.passed + self.failed
        return self.passed / total if total else None


@dataclass
class Tally:
    """Collects verdicts; `judged` gives them in order of department and rule."""

    counts: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    failing: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, rule: str, department: str, verdict: Verdict, keys: Iterable[str]) -> None:
        at = (department, rule)
        names = list(keys)
        counts = self.counts.setdefault(at, {"pass": 0, "fail": 0, "not_judged": 0})
        counts[verdict] += len(names)
        if verdict == "fail":
            self.failing.setdefault(at, []).extend(names)

    def judged(self) -> list[Judged]:
        return [
            Judged(
                rule, department, n["pass"], n["fail"], n["not_judged"],
                tuple(sorted(self.failing.get((department, rule), ()))),
            )
            for (department, rule), n in sorted(self.counts.items())
        ]  # fmt: skip


@dataclass(frozen=True)
class Sum:
    """`key` is a rule or a department."""

    key: str
    passed: int
    failed: int
    not_judged: int

    @property
    def rate(self) -> float | None:
        total = self.passed + self.failed
        return self.passed / total if total else None


def by_department(judged: Iterable[Judged]) -> list[Sum]:
    return _sums((one.department, one) for one in judged)


def by_rule(judged: Iterable[Judged]) -> list[Sum]:
    return _sums((one.rule, one) for one in judged)


def _sums(pairs: Iterable[tuple[str, Judged]]) -> list[Sum]:
    """Worst first; without a figure last."""
    totals: dict[str, tuple[int, int, int]] = {}
    for key, one in pairs:
        passed, failed, not_judged = totals.get(key, (0, 0, 0))
        totals[key] = (passed + one.passed, failed + one.failed, not_judged + one.not_judged)
    sums = [Sum(key, *counts) for key, counts in totals.items()]
    return sorted(sums, key=lambda one: (one.rate is None, one.rate or 0.0, one.key))


def share(count: int, total: int) -> float | None:
    return count / total if total else None


def presence(counts: Mapping[str, int], total: int) -> list[tuple[str, int, float | None]]:
    """How many items carry each field, the emptiest first."""
    found = [(name, count, share(count, total)) for name, count in counts.items()]
    return sorted(found, key=lambda one: (one[1], one[0]))
