# SPDX-License-Identifier: Apache-2.0
"""The city being served: read once a process from `ZHENGTONG_CITY`. Other files mean a restart."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from zhengtong.city.load import City, load


@lru_cache(maxsize=4)
def _loaded(path: Path) -> City:
    return load(path)


def city() -> City:
    """The served city. Raises `CityFaults` with every fault where its files do not stand."""
    return _loaded(settings.ZHENGTONG_CITY)
