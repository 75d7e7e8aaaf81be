# SPDX-License-Identifier: Apache-2.0
"""The event record 存证: append, seal, prove, audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhengtong.ledger.composed import Log


def log() -> Log:
    """The log of this installation, composed from Django's settings."""
    from zhengtong.ledger.composed import compose

    return compose()
