# SPDX-License-Identifier: Apache-2.0
"""`zhengtong serve`: the web, the worker and, in the demo, the stand-in of another department's system, as one family.

The processes are children of this one; when it is told to stop, or the web ends, it stops them all. A worker that
dies is started again.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from zhengtong.city.text import say
from zhengtong.errors import Conflict, Unavailable

log = logging.getLogger(__name__)
STAND_IN = Path(__file__).resolve().parents[3] / "examples/standin/card_system.py"
GRACE_S = 10.0


def prepare() -> None:
    """Bring the database up to date and publish the city's life events.

    Raises `CityFaults`, and `WrongUse` where the database runs in a mode that may lose writes.
    """
    from django.core.management import call_command

    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.checks import require_safe_modes
    from zhengtong.acts.perform import perform
    from zhengtong.acts.serving import city
    from zhengtong.ledger.ids import new_id
    from zhengtong.services.actions.publish_life_event import PublishLifeEvent
    from zhengtong.services.definition import LifeEventFile
    from zhengtong.services.published import assemble, content_hash

    city()
    require_safe_modes()
    call_command("migrate", verbosity=0, interactive=False)
    for event in city().all(LifeEventFile):
        version = content_hash(assemble(city(), event.key))
        # a key of its own each time: by its version, files put back to what they were would never be published again
        perform(PublishLifeEvent(event.key, version), SYSTEM, f"publish/{new_id()}")


def check_free(host: str, port: int) -> None:
    """Raises `Conflict` while another program listens there: better said at once than retried in silence."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(
                "这个地址已被占用，请换一个端口（--port）", "the address is in use; choose another port (--port)",
                where=f"{host}:{port}", found=error.strerror,
            ) from None  # fmt: skip


class Family:
    """The processes of one `serve`."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False

    def start_web(self, host: str, port: int, workers: int, threads: int) -> None:
        arguments = [
            "-m", "gunicorn", "zhengtong.site.wsgi:application", "--bind", f"{host}:{port}",
            "--worker-class", "gthread",
            "--workers", str(workers), "--threads", str(threads), "--timeout", "60", "--graceful-timeout", "8",
            "--log-level", "warning", "--no-control-socket",
            # gunicorn would believe whoever is on this machine; whom to believe is ZHENGTONG_TRUSTED_PROXIES' matter
            "--forwarded-allow-ips", "", "--limit-request-line", "8190",
        ]  # fmt: skip
        self._start("web", arguments)

    def start_worker(self) -> None:
        self._start("worker", ["-m", "zhengtong", "worker"])

    def start_stand_in(self, key: str) -> None:
        """The stand-in of an external system, and the settings that connect it. Only in the demo."""
        folder = self.state / "standin"
        folder.mkdir(parents=True, exist_ok=True)
        secret = folder / "secret"
        if not secret.exists():
            secret.write_text(secrets.token_hex(32))
            secret.chmod(0o600)
        arguments = [str(STAND_IN), "--port", "0", "--data", str(folder / "card.sqlite3"), "--secret-file", str(secret)]
        child = self._start("stand-in", [*arguments, "--delay", "5"], stdout=subprocess.PIPE)
        assert child.stdout is not None  # noqa: S101  # asked for above
        line = child.stdout.readline()
        if not line:
            raise Unavailable("演示用的外部系统没有启动", "the stand-in of the external system did not start")
        name = key.upper().replace("-", "_")
        os.environ[f"ZHENGTONG_SYSTEM_{name}_URL"] = f"http://127.0.0.1:{json.loads(line)['port']}"
        os.environ[f"ZHENGTONG_SYSTEM_{name}_SECRET_FILE"] = str(secret)

    def _start(self, name: str, arguments: list[str], stdout: int | None = None) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, *arguments], stdout=stdout)
        self.children[name] = child
        return child

    def watch(self) -> int:
        """Wait until told to stop or the web ends; returns its exit code."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        web = self.children["web"]
        while not self.stopping and web.poll() is None:
            if self.children["worker"].poll() is not None:
                log.warning(say("后台进程已退出，重新启动", "the worker ended; starting it again"))
                self.start_worker()
            time.sleep(0.2)
        code = web.poll()
        self.end()
        return 0 if self.stopping else (code or 1)

    def end(self) -> None:
        """Stop every child, politely, then not."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + GRACE_S
        for child in self.children.values():
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
