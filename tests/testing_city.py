# SPDX-License-Identifier: Apache-2.0
"""The city of the tests: the demo city, with the files of `small_city/` in the place of its own."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
DEMO_CITY = TESTS.parent / "examples/city"


@cache
def small_city() -> Path:
    """The folder, made once a process and gone with it."""
    folder = Path(tempfile.mkdtemp(prefix="zhengtong-city-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(DEMO_CITY, folder, dirs_exist_ok=True)
    shutil.copytree(TESTS / "small_city", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("README.md"))
    return folder
