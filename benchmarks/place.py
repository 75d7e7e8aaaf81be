# SPDX-License-Identifier: Apache-2.0
"""A state folder of the run's own with the tests' small city in it, Django set up on it, gone with the process."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def shared() -> Path | None:
    """The folder of real inputs (`ZHENGTONG_SHARED`, default `../shared`), or None where it is absent."""
    folder = Path(os.environ.get("ZHENGTONG_SHARED", ROOT.parent / "shared")) / "data"
    return folder if folder.is_dir() else None


def state() -> Path:
    """Set Django up once, with a migrated database and the demo city published. Always SQLite: the floor is too."""
    if "BENCHMARK_STATE" not in os.environ:
        folder = tempfile.mkdtemp(prefix="zhengtong-bench-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        sys.path.insert(0, str(ROOT / "tests"))
        from testing_city import small_city  # it changes only with the tests, so figures stay comparable

        os.environ |= {
            "BENCHMARK_STATE": folder,
            "ZHENGTONG_STATE": folder,
            "ZHENGTONG_CITY": str(small_city()),
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        }
        os.environ.pop("ZHENGTONG_DATABASE_URL", None)
        import django

        django.setup()
        from zhengtong.site.serving import prepare

        prepare()
    return Path(os.environ["BENCHMARK_STATE"])


def database() -> Path:
    return state() / "zhengtong.sqlite3"


def copy_database(source: Path, target: Path) -> None:
    """A whole copy, the write-ahead log folded in. Nobody else may have either of them open."""
    import sqlite3

    for left in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
        left.unlink(missing_ok=True)
    with sqlite3.connect(source) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copyfile(source, target)
