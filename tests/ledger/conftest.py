# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from zhengtong import ledger
from zhengtong.ledger.composed import Log


@pytest.fixture
def log(state: Path, db: None) -> Log:
    """A log of this test's own, in an empty database and a fresh state folder."""
    return ledger.log()


@pytest.fixture
def live_log(state: Path, transactional_db: None) -> Log:
    """The same where commits are real, for what a database promises between connections."""
    return ledger.log()
