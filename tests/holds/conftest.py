# SPDX-License-Identifier: Apache-2.0
"""A database where commits are real, a state folder, and the newborn life event published in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from people import publish


@pytest.fixture
def version(state: Path, transactional_db: None) -> str:
    """The hash of the published newborn life event."""
    return publish()
