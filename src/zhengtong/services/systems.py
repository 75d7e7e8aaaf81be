# SPDX-License-Identifier: Apache-2.0
"""The external systems of this place: who they are stands in the city's files, where they are in the settings.

`ZHENGTONG_SYSTEM_CARD_SYSTEM_URL` and `ZHENGTONG_SYSTEM_CARD_SYSTEM_SECRET_FILE` connect the system `card-system`.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from zhengtong.errors import Unavailable
from zhengtong.services.engine.external import ExternalClient, ExternalSystem


def _variable(key: str, what: str) -> str:
    return f"ZHENGTONG_SYSTEM_{key.upper().replace('-', '_')}_{what}"


def client(key: str) -> ExternalClient:
    """The client of an external system. Raises `Unavailable` while its address or secret is not set."""
    url = os.environ.get(_variable(key, "URL"))
    secret = os.environ.get(_variable(key, "SECRET_FILE"))
    if not url or not secret or not Path(secret).is_file():
        raise Unavailable(
            "还没有配置外部系统的地址和密钥", "the external system's address and secret are not set",
            where=key, expected=f"{_variable(key, 'URL')}, {_variable(key, 'SECRET_FILE')}",
        )  # fmt: skip
    return ExternalClient(ExternalSystem(key, url, Path(secret).read_bytes().strip()), time.time)
