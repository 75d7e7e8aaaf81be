# SPDX-License-Identifier: Apache-2.0
"""Fixtures for everyone. The settings stand in `testing_settings.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def shared() -> Path:
    """The folder of real inputs; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("ZHENGTONG_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"the shared data folder is not here ({folder}); set ZHENGTONG_SHARED")
    return folder


@pytest.fixture
def state(tmp_path: Path, settings) -> Path:  # noqa: ANN001
    """A state folder of this test's own."""
    settings.ZHENGTONG_STATE = tmp_path / "state"
    settings.ZHENGTONG_STATE.mkdir()
    return settings.ZHENGTONG_STATE
