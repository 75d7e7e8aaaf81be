# SPDX-License-Identifier: Apache-2.0
"""Waiting after failed tries: a few are free, then each doubles the wait, up to a longest one; quiet time forgets.

The wait, not a lock: whoever mistyped gets in again by himself, and nobody can shut another person out for good.
"""

from __future__ import annotations

from dataclasses import dataclass

SECOND_US = 1_000_000


@dataclass(frozen=True)
class Backoff:
    """`free` failures cost nothing; after that 2 s, 4 s, 8 s … up to `longest_s`. `forget_s` of quiet clears all."""

    free: int
    longest_s: int
    forget_s: int


@dataclass(frozen=True)
class Tries:
    """How often it failed in a row, when last, and until when no further try is looked at (µs)."""

    failures: int = 0
    last_us: int = 0
    until_us: int = 0


def failed(before: Tries, rule: Backoff, now_us: int) -> Tries:
    """One more failure at `now_us`."""
    forgotten = now_us - before.last_us > rule.forget_s * SECOND_US
    failures = 1 if forgotten else before.failures + 1
    over = failures - rule.free
    wait_s = min(2 ** min(over, 30), rule.longest_s) if over > 0 else 0
    return Tries(failures, now_us, now_us + wait_s * SECOND_US)


def wait_s(tries: Tries, now_us: int) -> int:
    """Whole seconds until the next try is looked at; 0 when it is now."""
    return max(0, -(-(tries.until_us - now_us) // SECOND_US))
