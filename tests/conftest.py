# SPDX-License-Identifier: Apache-2.0
"""Fixtures for everyone. The settings stand in `testing_settings.py`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.emptying import emptying_allowed

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True, scope="session")
def _emptying() -> Iterator[None]:
    """The ledger's guards refuse the flush at the end of a transactional test; they are lifted for that moment."""
    with emptying_allowed():
        yield


@pytest.fixture(autouse=True)
def _language() -> None:
    """Django leaves the language of the last request active: no test reads in that of the one before it."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture
def shared() -> Path:
    """The folder of real inputs; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("ZHENGTONG_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"the shared data folder is not here ({folder}); set ZHENGTONG_SHARED")
    return folder


@pytest.fixture
def state(tmp_path: Path, settings) -> Path:
    """A state folder of this test's own."""
    settings.ZHENGTONG_STATE = tmp_path / "state"
    settings.ZHENGTONG_STATE.mkdir()
    return settings.ZHENGTONG_STATE
