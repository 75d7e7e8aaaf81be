# SPDX-License-Identifier: Apache-2.0
"""The figures a supervised task can carry. Upper rooms register how each is measured; this room knows only its name.

An indicator's key is its kind and what it is of, `on-time.newborn.birth-registration`. It is measured when a task that
carries it is proposed and again when it is closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*[%％]")


@dataclass(frozen=True)
class Figure:
    """`hits` of `of`, counted up to leaf `leaves` of the record. Of none, there is no share."""

    hits: int
    of: int
    leaves: int

    @property
    def share(self) -> float | None:
        return self.hits / self.of if self.of else None


@dataclass(frozen=True)
class Indicator:
    """A kind of figure. `scope` is what it is of; `more` says whether more of it is better.

    `name(scope)` is in the reader's language; `measure(scope, since_us, until_us)` counts [since, until); `url` leads
    to what was counted. `known(scope)` refuses what the city does not have.
    """

    kind: str
    more: bool
    name: Callable[[str], str]
    known: Callable[[str], bool]
    measure: Callable[[str, int, int], Figure]
    url: Callable[[str, int, int], str]


_indicators: dict[str, Indicator] = {}


def register(indicator: Indicator) -> None:
    """Raises ValueError where another one has the kind."""
    if _indicators.setdefault(indicator.kind, indicator) is not indicator:
        raise ValueError(f"indicator {indicator.kind!r} is registered twice")


def find(key: str) -> tuple[Indicator, str] | None:
    """The indicator and its scope; None for a key nobody measures (words of a matter, or a scope that is gone)."""
    kind, _, scope = key.partition(".")
    indicator = _indicators.get(kind)
    return (indicator, scope) if indicator is not None and indicator.known(scope) else None


def target_share(words: str) -> float | None:
    """The share that a target's words name, “on time 95%” → 0.95; None where they name none."""
    found = _PERCENT.search(words)
    return float(found.group(1)) / 100 if found else None


def reached(indicator: Indicator, share: float | None, target: float | None) -> bool | None:
    """None where there is nothing to compare."""
    if share is None or target is None:
        return None
    return share >= target if indicator.more else share <= target
