# SPDX-License-Identifier: Apache-2.0
"""A whole house of its own processes, as a city runs it: `zhengtong serve` on a free port, and people with browsers."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg

from people import ANSWERS, FORM
from services.upload_factory import png
from testing_city import small_city

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "mingchuan-demo"
UP_WITHIN_S = 90


def on_postgresql() -> Any:
    """`tools/on_postgresql.py` as a module."""
    spec = importlib.util.spec_from_file_location("on_postgresql", ROOT / "tools/on_postgresql.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def own_database(server: str) -> Iterator[str]:
    """A new database on the PostgreSQL at `server` (an address of any database there); dropped on leaving."""
    name = f"house_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class House:
    """`url` is a PostgreSQL address, or "" for SQLite in the state folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.state, self.url, self.port = folder / "state", url, free_port()
        self.log = folder / "house.log"
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("ZHENGTONG_", "DJANGO_"))},
            "ZHENGTONG_STATE": str(self.state),
            "ZHENGTONG_CITY": str(small_city()),
            "ZHENGTONG_LANGUAGE": "en",
            **({"ZHENGTONG_DATABASE_URL": url} if url else {}),
        }
        self.family: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the family in a process group of its own and wait until the web answers."""
        command = [sys.executable, "-m", "zhengtong", "serve", "--demo", "--cases", "0", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.family = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < until:
            assert self.family.poll() is None, f"the house ended:\n{self.log.read_text()[-3000:]}"
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.address}/login/", timeout=10).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"the house did not open:\n{self.log.read_text()[-3000:]}")

    def end(self) -> int:
        """Stop it as a service manager would; returns its exit code. Nothing of it is left."""
        if self.family is None:
            return 0
        if self.family.poll() is None:
            self.family.terminate()
        try:
            return self.family.wait(60)
        finally:
            self.kill_everything()

    def kill_everything(self) -> None:
        """kill -9 of every process of the house at once: what a power cut leaves."""
        assert self.family is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.family.pid, signal.SIGKILL)
        self.family.wait(60)

    def processes(self, what: str) -> list[int]:
        """The ids of the house's "web" processes (those that answer) or of its "worker", as they are now."""
        assert self.family is not None
        children = {pid: _command(pid) for pid in _children(self.family.pid)}
        if what == "worker":
            return [pid for pid, command in children.items() if command.endswith("zhengtong worker")]
        return [pid for master, command in children.items() if "gunicorn" in command for pid in _children(master)]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of `zhengtong` on this house's state."""
        command = [sys.executable, "-m", "zhengtong", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=300, check=False)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the database as a stranger to the application does."""
        if self.url:
            with psycopg.connect(self.url) as connection:
                return connection.execute(sql).fetchall()  # type: ignore[call-overload]  # tests write whole statements
        with contextlib.closing(sqlite3.connect(self.state / "zhengtong.sqlite3", timeout=60)) as file:
            return file.execute(sql).fetchall()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return ""


class Browser:
    """Somebody signed in, sending forms. `send` insists until there is an answer, always under the same key."""

    def __init__(self, house: House, username: str) -> None:
        self.client = httpx.Client(base_url=house.address, timeout=60)
        self.tries = 0
        self._insist("GET", "/login/")
        answer = self._insist("POST", "/login/", data={"username": username, "password": PASSWORD})
        assert answer.status_code == 302, answer.text[-2000:]

    def _insist(self, method: str, path: str, **what: Any) -> httpx.Response:
        until = time.monotonic() + UP_WITHIN_S
        while True:
            self.tries += 1
            token = self.client.cookies.get("csrftoken", "")
            if method == "POST":
                what["data"] = {**what["data"], "csrfmiddlewaretoken": token}
            try:
                return self.client.request(method, path, **what)
            except httpx.TransportError:
                assert time.monotonic() < until, f"{path}: nobody answered for {UP_WITHIN_S} s"
                time.sleep(0.05)

    def send(self, path: str, key: str, data: dict[str, str], files: dict[str, Any] | None = None) -> str:
        """Returns where the answer leads: only an act that was done redirects."""
        answer = self._insist("POST", path, data={**data, "act_key": key}, files=files)
        assert answer.status_code == 302, f"{path} answered {answer.status_code}:\n{answer.text[-3000:]}"
        return answer.headers["location"]

    def submit(self, key: str) -> str:
        """File the newborn's form; returns the case number."""
        files = {name: (f"{name}.png", png(), "image/png") for name in ("birth-certificate", "marriage-certificate")}
        query = "&".join(f"{name}={value}" for name, value in ANSWERS.items())
        where = self.send(f"/life-events/newborn/apply/?{query}", key, FORM, files)
        return where.strip("/").split("/")[-1]

    def act(self, case: str, step: str, act: str, key: str) -> None:
        self.send(f"/workbench/{case}/{step}/act/", key, {"act": act})
