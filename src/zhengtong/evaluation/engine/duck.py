# SPDX-License-Identifier: Apache-2.0
"""DuckDB as this house uses it: no extension is ever fetched, memory bounded, overflow to a named folder,
order kept.
"""

from __future__ import annotations

import os
from pathlib import Path
from string import Template

import duckdb

MEMORY = "ZHENGTONG_DUCKDB_MEMORY"
THREADS = "ZHENGTONG_DUCKDB_THREADS"


def connect(database: Path | None = None, *, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """In memory, or on `database`; `spill` is where what does not fit the memory limit goes (default:
    nowhere).
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
        "memory_limit": os.environ.get(MEMORY, "2GB"),
    }
    if threads := os.environ.get(THREADS):
        config["threads"] = int(threads)
    if spill is not None:
        config["temp_directory"] = str(spill)
    connection = duckdb.connect(str(database) if database else ":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def sql(template: str, **parts: str) -> str:
    """A statement of named steps: `$part` stands for an expression of ours, never for text from outside."""
    return Template(template).substitute(parts)


def path_literal(path: Path) -> str:
    """A file for DuckDB's readers, which take a name for a pattern: its special letters are set in brackets."""
    text = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
    return "'" + text.replace("'", "''") + "'"
