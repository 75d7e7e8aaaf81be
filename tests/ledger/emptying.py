# SPDX-License-Identifier: Apache-2.0
"""Emptying a test database: the guards refuse it, as they should, so they are lifted for that moment only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.core.management.commands import flush
from django.db import connection

from zhengtong.ledger import guards


@contextmanager
def emptying_allowed() -> Iterator[None]:
    """Within, Django's `flush` (the end of every transactional test) lifts the guards and puts them back."""
    handle = flush.Command.handle

    def lifted(self: flush.Command, **options: Any) -> None:
        guards.remove(connection)
        try:
            handle(self, **options)
        finally:
            guards.install(connection)

    with patch.object(flush.Command, "handle", lifted):
        yield
