# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a department's own system: the social-security card office decides applications in its own
time.

    python examples/standin/card_system.py --port 0 --data cards.sqlite3 --secret-file secret --delay 5

Standard library only, and nothing of Zhengtong: it speaks the protocol of an external step as a department
would. Its decisions are invented and depend only on the reference, so that a demo can be repeated; it issues
no real card.

    POST /applications               {"reference", "service", "application"}   201 new, 200 known, 409 other content
    GET  /applications/<reference>                                              200, 404
    POST /applications/<reference>/end  {"reason"}                              200, 404; what was issued ends
    GET  /applications?since=<seconds>&after=<reference>&limit=<n>              200, its own list in order of reference
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import json
import re
import signal
import sqlite3
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

MAX_BODY = 256 << 10
SKEW_SECONDS = 300
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
REASONS = ("already_has_card", "photo_not_usable", "identity_not_confirmed")


@dataclass(frozen=True)
class Office:
    """Settings: seconds to decide, seconds more for laggards, and how many of a hundred are refused or lag."""

    secret: bytes
    data: Path
    delay: float
    lag: float
    refuse_percent: int
    lag_percent: int

    def open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.data, timeout=10, isolation_level=None)
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def prepare(self) -> None:
        with contextlib.closing(self.open()) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS application (reference TEXT PRIMARY KEY, body_sha256 TEXT NOT NULL,"
                " service TEXT NOT NULL, received REAL NOT NULL, due REAL NOT NULL)"
            )
            db.execute("CREATE TABLE IF NOT EXISTS ended (reference TEXT PRIMARY KEY, reason TEXT NOT NULL)")
            db.execute("CREATE TABLE IF NOT EXISTS nonce (value TEXT PRIMARY KEY, at REAL NOT NULL)")

    def draw(self, reference: str, purpose: str) -> int:
        """A number from 0 to 99 that only the reference decides."""
        return int.from_bytes(hashlib.sha256(f"{purpose}\n{reference}".encode()).digest()[:4], "big") % 100

    def take(self, reference: str, service: str, body_sha256: str, now: float) -> tuple[int, dict[str, Any]]:
        lags = self.draw(reference, "lag") < self.lag_percent
        due = now + self.delay + (self.lag if lags else 0)
        with contextlib.closing(self.open()) as db:
            new = db.execute(
                "INSERT INTO application VALUES (?, ?, ?, ?, ?) ON CONFLICT (reference) DO NOTHING",
                (reference, body_sha256, service, now, due),
            ).rowcount
            held = db.execute("SELECT body_sha256 FROM application WHERE reference = ?", (reference,)).fetchone()[0]
        if held != body_sha256:
            return 409, {"error": "other_content"}
        _, state = self.state(reference, now)
        return (201 if new else 200), state

    def state(self, reference: str, now: float) -> tuple[int, dict[str, Any]]:
        with contextlib.closing(self.open()) as db:
            row = db.execute("SELECT due FROM application WHERE reference = ?", (reference,)).fetchone()
        if row is None:
            return 404, {"error": "unknown_reference"}
        (due,) = row
        if now < due:
            return 200, {"reference": reference, "status": "pending"}
        if self.draw(reference, "refuse") < self.refuse_percent:
            reason = REASONS[self.draw(reference, "reason") % len(REASONS)]
            return 200, {"reference": reference, "status": "refused", "reason": reason}
        number = int.from_bytes(hashlib.sha256(f"card\n{reference}".encode()).digest()[:5], "big") % 10**9
        issued = moment(due)
        return 200, {
            "reference": reference,
            "status": "granted",
            "output": f"SBK{number:09d}",
            "issued_at": issued,
        }

    def listing(self, since: float, after: str, limit: int, now: float) -> tuple[int, dict[str, Any]]:
        with contextlib.closing(self.open()) as db:
            rows = db.execute(
                "SELECT reference, received, due FROM application WHERE received >= ? AND reference > ?"
                " ORDER BY reference LIMIT ?",
                (since, after, limit + 1),
            ).fetchall()
        listed = []
        for reference, received, due in rows[:limit]:
            _, state = self.state(reference, now)
            entry = {"reference": reference, "status": state["status"], "received_at": moment(received)}
            if state["status"] != "pending":
                entry["decided_at"] = moment(due)
                entry |= {key: state[key] for key in ("output", "reason") if key in state}
            listed.append(entry)
        return 200, {"applications": listed, "more": len(rows) > limit}

    def end(self, reference: str, reason: str, now: float) -> tuple[int, dict[str, Any]]:
        """What was issued is no longer valid; saying so again changes nothing."""
        status, state = self.state(reference, now)
        if status != 200:
            return status, state
        with contextlib.closing(self.open()) as db:
            db.execute("INSERT OR IGNORE INTO ended VALUES (?, ?)", (reference, reason))
        return 200, {"reference": reference, "ended": True}

    def fresh(self, nonce: str, now: float) -> bool:
        """False for a nonce seen before; those older than any acceptable timestamp are forgotten."""
        with contextlib.closing(self.open()) as db:
            db.execute("DELETE FROM nonce WHERE at < ?", (now - 2 * SKEW_SECONDS,))
            return db.execute("INSERT OR IGNORE INTO nonce VALUES (?, ?)", (nonce, now)).rowcount == 1


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


class Desk(BaseHTTPRequestHandler):
    """One request. `office` is set on the class by `serve`."""

    office: Office
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body leave in one packet; in two, the second would wait for an acknowledgement
    timeout = 20  # a client that sends nothing does not hold a thread

    def do_POST(self) -> None:
        ending = re.fullmatch(r"/applications/([A-Za-z0-9._-]{1,100})/end", self.path)
        if ending:
            self.end_one(ending[1])
            return
        if self.path != "/applications":
            self.close_connection = True  # its body stays unread
            self.reply(404, {"error": "no_such_page"})
            return
        body = self.body()
        if body is None or not self.authentic(body):
            return
        try:
            asked = json.loads(body)
            reference, service, application = asked["reference"], asked["service"], asked["application"]
        except (ValueError, KeyError, TypeError):
            self.reply(422, {"error": "malformed"})
            return
        named = isinstance(reference, str) and REFERENCE.fullmatch(reference) and isinstance(service, str)
        if not named or not isinstance(application, dict):
            self.reply(422, {"error": "malformed"})
            return
        canonical = json.dumps([service, application], sort_keys=True, ensure_ascii=True).encode()
        self.reply(*self.office.take(reference, service, hashlib.sha256(canonical).hexdigest(), time.time()))

    def end_one(self, reference: str) -> None:
        body = self.body()
        if body is None or not self.authentic(body):
            return
        try:
            reason = json.loads(body)["reason"]
        except (ValueError, KeyError, TypeError):
            reason = None
        if not isinstance(reason, str):
            self.reply(422, {"error": "malformed"})
            return
        self.reply(*self.office.end(reference, reason, time.time()))

    def do_GET(self) -> None:
        found = re.fullmatch(r"/applications/([A-Za-z0-9._-]{1,100})", self.path)
        if not self.authentic(b""):
            return
        if self.path.startswith("/applications?"):
            self.list_all(dict(parse_qsl(self.path.partition("?")[2])))
            return
        if found is None:
            self.reply(404, {"error": "no_such_page"})
            return
        self.reply(*self.office.state(found[1], time.time()))

    def list_all(self, asked: dict[str, str]) -> None:
        numbers = [asked.get(name, "") for name in ("since", "limit")]
        if not all(text.isascii() and text.isdigit() and len(text) < 12 for text in numbers):
            self.reply(422, {"error": "malformed"})
            return
        since, limit = (int(text) for text in numbers)
        self.reply(*self.office.listing(since, asked.get("after", ""), max(1, min(limit, 500)), time.time()))

    def body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY:
            self.close_connection = True
            self.reply(413, {"error": "length"})
            return None
        return self.rfile.read(int(length))

    def authentic(self, body: bytes) -> bool:
        stamp, nonce = (
            self.headers.get("X-Zhengtong-Timestamp", ""),
            self.headers.get("X-Zhengtong-Nonce", ""),
        )
        given = self.headers.get("X-Zhengtong-Signature", "")
        said = "\n".join(
            ("zhengtong-request-1", self.command, self.path, stamp, nonce, hashlib.sha256(body).hexdigest())
        )
        right = hmac.new(self.office.secret, said.encode(), hashlib.sha256).hexdigest()
        now = time.time()
        known = hmac.compare_digest(right.encode(), given.encode())
        timely = stamp.isascii() and stamp.isdigit() and abs(int(stamp) - now) <= SKEW_SECONDS
        if known and timely and self.office.fresh(nonce, now):
            return True
        self.close_connection = True
        self.reply(401, {"error": "not_authentic"})
        return False

    def reply(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        stamp = str(int(time.time()))
        nonce = self.headers.get("X-Zhengtong-Nonce", "")
        said = "\n".join(("zhengtong-reply-1", str(status), stamp, nonce, hashlib.sha256(body).hexdigest()))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("X-Zhengtong-Timestamp", stamp)
        self.send_header(
            "X-Zhengtong-Signature", hmac.new(self.office.secret, said.encode(), hashlib.sha256).hexdigest()
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: references are personal information."""


def serve(office: Office, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; prints `{"port": N}` as one line once it listens."""
    office.prepare()
    server = ThreadingHTTPServer((host, port), type("Desk", (Desk,), {"office": office}))
    server.daemon_threads = False
    server.block_on_close = True  # requests under way are answered before the end

    def stop(_signal: int, _frame: object) -> None:
        # shutdown() waits for the loop that this very thread is running
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(json.dumps({"port": server.server_address[1]}) + "\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for the social-security card system (demo only).")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 lets the system choose; it is printed")
    parser.add_argument("--data", type=Path, required=True, help="SQLite file")
    parser.add_argument("--secret-file", type=Path, required=True, help="the secret shared with the city, ≥ 16 bytes")
    parser.add_argument("--delay", type=float, default=5.0, help="seconds until a decision")
    parser.add_argument("--lag", type=float, default=60.0, help="seconds more for those that lag")
    parser.add_argument("--lag-percent", type=int, default=0)
    parser.add_argument("--refuse-percent", type=int, default=0)
    given = parser.parse_args()
    secret = given.secret_file.read_bytes().strip()
    if len(secret) < 16:
        parser.error(f"--secret-file holds {len(secret)} bytes, at least 16 are needed")
    office = Office(secret, given.data, given.delay, given.lag, given.refuse_percent, given.lag_percent)
    serve(office, given.host, given.port)


if __name__ == "__main__":
    main()
