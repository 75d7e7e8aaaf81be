# SPDX-License-Identifier: Apache-2.0
"""Ids of events and acts: UUIDv7 (RFC 9562) as 32 hex digits, so that they sort by time of writing."""

from __future__ import annotations

import os
import re
import threading
import time

_ID = re.compile("[0-9a-f]{32}")
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A fresh UUIDv7: 48 bits of milliseconds, 12 bits of the fraction of one (RFC 9562 method 3), 62 random bits.

    Within a process ids strictly increase even when the clock stands still or steps back; between processes their
    order is only about right, which is why the sealer never relies on it.
    """
    global _last  # noqa: PLW0603 - the one counter that keeps ids of a process in order
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    stamp = milliseconds << 12 | rest * 4096 // 1_000_000
    with _lock:
        stamp = max(stamp, _last + 1)
        _last = stamp
    high = (stamp >> 12) << 16 | 0x7000 | stamp & 0xFFF
    low = 0x8000_0000_0000_0000 | int.from_bytes(os.urandom(8)) >> 2
    return f"{high:016x}{low:016x}"


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id of ours: 32 lower-case hex digits."""
    return bool(_ID.fullmatch(text))
