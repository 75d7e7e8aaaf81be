# SPDX-License-Identifier: Apache-2.0
"""Pages against a bare Django page: CPU in one process, then answers a second under gunicorn with sixteen clients.

The bare page runs behind the same middleware (sessions, languages, CSP, sign-in), so what is compared is our views,
queries and templates, not Django.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

from benchmarks import place
from benchmarks.measure import Round, Side, side_by_side
from benchmarks.report import Report

CLIENTS, CASES = 16, 120
PAGES = {
    "bare page": "/bare/",
    "portal": "/",
    "guide": "/life-events/newborn/",
    "workbench": "/workbench/",
    "cockpit": "/cockpit/",
}
ANONYMOUS = {"/bare/", "/", "/life-events/newborn/"}
READER = {"/workbench/": "officer-police", "/cockpit/": "leader"}


def run(rounds: int, size: int) -> list[Report]:
    """`size` requests a round and page; the demo's accounts and 120 simulated cases stand behind them."""
    state = place.state()
    from zhengtong.organization.demo import make_demo_accounts
    from zhengtong.services.models import Case
    from zhengtong.site.demo import simulate
    from zhengtong.site.worker import seal

    make_demo_accounts()
    if Case.objects.count() < CASES:
        simulate(CASES, story=2)
    seal()
    cookies = {address: _signed_in(READER[address]) if address in READER else "" for address in PAGES.values()}
    one_process, sizes = _in_process(rounds, size, cookies)
    served, waits = _served(state, rounds, size, cookies)
    return [
        Report("pages", "Pages in one process", one_process, "bare page", sizes),
        Report("pages", f"Pages under gunicorn (2 × 8 threads), {CLIENTS} clients; server's CPU", served, "bare page",
               waits),
    ]  # fmt: skip


def _signed_in(username: str) -> str:
    """The session cookie of a demo account."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from zhengtong.organization.models import Account

    account = Account.objects.get(username=username)
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _in_process(rounds: int, size: int, cookies: dict[str, str]) -> tuple[list[Side], dict[str, int]]:
    from django.test import Client

    sizes: dict[str, int] = {}

    def fetch(name: str, address: str) -> int:
        client = Client(SERVER_NAME="127.0.0.1")
        if cookies[address]:
            client.cookies["sessionid"] = cookies[address]
        for _ in range(size):
            answer = client.get(address)
            if answer.status_code != 200:
                raise SystemExit(f"benchmarks: {address} answered {answer.status_code}")
            sizes[f"bytes of {name}"] = len(answer.content)
        return size

    sides = [(name, lambda n=name, a=address: fetch(n, a)) for name, address in PAGES.items()]
    return side_by_side(sides, "page", rounds), sizes


def _served(state: Path, rounds: int, size: int, cookies: dict[str, str]) -> tuple[list[Side], dict[str, str]]:
    port = _free_port()
    server = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "zhengtong.site.wsgi:application", "--bind", f"127.0.0.1:{port}",
            "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--log-level", "error",
            "--no-control-socket",
        ],
        cwd=place.ROOT,
        env={**os.environ, "PYTHONPATH": str(place.ROOT)},
    )  # fmt: skip
    taken: dict[str, list[Round]] = {name: [] for name in PAGES}
    waits: dict[str, list[list[float]]] = {name: [] for name in PAGES}
    try:
        _wait_until_up(port)
        for number in range(rounds + 1):
            for name, address in PAGES.items():
                before = _cpu_of_family(server.pid)
                wall, each = _clients(port, address, cookies[address], size)
                if number:
                    taken[name].append(Round((_cpu_of_family(server.pid) - before) / len(each), wall / len(each)))
                    waits[name].append(each)
    finally:
        server.terminate()
        server.wait(30)
    said = {f"{name}": _waited(waits[name], taken[name]) for name in PAGES}
    return [Side(name, "page", tuple(rounds_)) for name, rounds_ in taken.items()], said


def _waited(each: list[list[float]], rounds: list[Round]) -> str:
    flat = [one for some in each for one in some]
    p95 = quantiles(flat, n=20)[18]
    rate = 1 / median(one.wall_s for one in rounds)
    return f"{rate:,.0f} pages/s, median {median(flat) * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms"


def _clients(port: int, address: str, cookie: str, size: int) -> tuple[float, list[float]]:
    """Sixteen clients in a process of their own; wall seconds, and the seconds each request waited."""
    code = "import sys; from benchmarks.pages import main_client; main_client(sys.argv[1:])"
    arguments = [sys.executable, "-c", code, str(port), address, cookie, str(size)]
    done = subprocess.run(arguments, cwd=place.ROOT, capture_output=True, text=True, check=True)
    wall, each = json.loads(done.stdout)
    return wall, each


def main_client(arguments: list[str]) -> None:
    port, address, cookie, size = int(arguments[0]), arguments[1], arguments[2], int(arguments[3])

    def client(_: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Cookie": f"sessionid={cookie}"} if cookie else {}
        waited = []
        for _ in range(max(1, size // CLIENTS)):
            start = time.perf_counter()
            connection.request("GET", address, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"benchmarks: {address} answered {answer.status}")
            waited.append(time.perf_counter() - start)
        return waited

    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        each = [one for some in pool.map(client, range(CLIENTS)) for one in some]
    print(json.dumps([time.perf_counter() - start, each]))


def _cpu_of_family(parent: int) -> float:
    """CPU seconds of a server and its workers so far, from /proc (Linux)."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # the process ended while we looked
            continue
        if int(stat.parent.name) == parent or int(fields[1]) == parent:
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/bare/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("benchmarks: gunicorn did not come up")
