# SPDX-License-Identifier: Apache-2.0
"""The whole product as a city runs it: web, worker and the stand-in of the card system, with its own state folder."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from browser import chromium, page
from testing_city import small_city

__all__ = ["chromium", "page"]

UP_S = 120.0


@dataclass(frozen=True)
class Site:
    url: str
    state: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the command line on the same city and state."""
        return subprocess.run(
            [sys.executable, "-m", "zhengtong", *arguments], env=self.environment, capture_output=True, text=True
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
        return bool(urllib.request.urlopen(url, timeout=5).status == 200)
    return False


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`zhengtong serve --demo`, up and answering; ended with all its children however the tests end."""
    state, port = tmp_path_factory.mktemp("site"), _free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ZHENGTONG_", "DJANGO_"))}
    environment |= {
        "ZHENGTONG_CITY": str(small_city()),
        "ZHENGTONG_STATE": str(state),
        "ZHENGTONG_LANGUAGE": "en",
        "COLUMNS": "240",
    }
    url, log = f"http://127.0.0.1:{port}", state / "serve.log"
    arguments = ["serve", "--demo", "--cases", "81", "--port", str(port), "--workers", "1"]
    with log.open("wb") as output:
        family = subprocess.Popen(
            [sys.executable, "-m", "zhengtong", *arguments],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + UP_S
        while not _answers(f"{url}/"):
            assert family.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.3)
        yield Site(url, state, environment)
    finally:
        family.terminate()
        try:
            family.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(family.pid, signal.SIGKILL)  # whoever of the family did not end by itself
