# SPDX-License-Identifier: Apache-2.0
"""Stand-ins of other authorities' systems as processes of their own, and the settings that connect them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

STANDINS = Path(__file__).resolve().parents[2] / "examples/standin"
SECRET = "a shared secret of the demo city"


class Process:
    """A stand-in as a child process; every start lets the system choose a port."""

    def __init__(self, script: str, folder: Path, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data, self.secret = folder / "data.sqlite3", folder / "secret"
        self.secret.write_text(SECRET + "\n")
        command = [sys.executable, str(STANDINS / script), "--port", "0", "--data", str(self.data)]
        self.command = [*command, "--secret-file", str(self.secret), *options]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def connect(self, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set where the city finds this system."""
        name = key.upper().replace("-", "_")
        monkeypatch.setenv(f"ZHENGTONG_SYSTEM_{name}_URL", self.url)
        monkeypatch.setenv(f"ZHENGTONG_SYSTEM_{name}_SECRET_FILE", str(self.secret))
