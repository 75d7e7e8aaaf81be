# SPDX-License-Identifier: Apache-2.0
"""The command line in a folder of its own, as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testing_city import small_city

CITY = small_city()


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """A folder of its own, a state of its own; nothing of the caller's settings comes along."""

    folder: Path

    def __call__(self, *arguments: str, language: str = "en", city: Path | None = CITY, code: str = "") -> Said:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("ZHENGTONG_", "DJANGO_"))}
        own |= {"ZHENGTONG_STATE": str(self.folder / "state"), "ZHENGTONG_LANGUAGE": language, "COLUMNS": "180"}
        if city is not None:
            own["ZHENGTONG_CITY"] = str(city)
        run = [sys.executable, "-c", code] if code else [sys.executable, "-m", "zhengtong", *arguments]
        done = subprocess.run(run, cwd=self.folder, env=own, capture_output=True, text=True, timeout=300)
        said = Said(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in said.all, said.err
        return said
