# SPDX-License-Identifier: Apache-2.0
"""Replies an external system should never send: each is a clear error, none is believed, none holds us up."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from zhengtong.errors import Conflict, Contradicted, NotFound, Unavailable, WrongUse, ZhengtongError
from zhengtong.services.engine.external import Declined, ExternalClient, ExternalSystem, Granted, Pending

SECRET = b"a shared secret of the demo city"
PENDING = {"reference": "R-1", "status": "pending"}
GRANTED = {"reference": "R-1", "status": "granted", "output": "SBK1", "issued_at": "2026-03-09T08:00:00+00:00"}
Act = Callable[[BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def system(act: Act, **limits: Any) -> Iterator[ExternalClient]:
    """A client facing a server that answers every request by `act`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                act(self)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield ExternalClient(ExternalSystem("card", url, SECRET, **limits), time.time)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def signed(
    body: bytes,
    *,
    status: int = 200,
    kind: str = "application/json",
    said_status: int | None = None,
    nonce: str | None = None,
    at: float | None = None,
    said_body: bytes | None = None,
    **more: str,
) -> Act:
    """A reply signed as the protocol says, with any part of what is signed made to differ from what is sent."""

    def act(request: BaseHTTPRequestHandler) -> None:
        stamp = str(int(time.time() if at is None else at))
        told = nonce if nonce is not None else request.headers["X-Zhengtong-Nonce"]
        digest = hashlib.sha256(body if said_body is None else said_body).hexdigest()
        said = "\n".join(("zhengtong-reply-1", str(said_status or status), stamp, told, digest))
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("X-Zhengtong-Timestamp", stamp)
        request.send_header("X-Zhengtong-Signature", hmac.new(SECRET, said.encode(), hashlib.sha256).hexdigest())
        for name, value in more.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return act


def reply(content: object, **other: Any) -> Act:
    return signed(json.dumps(content).encode(), **other)


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (PENDING, Pending),
        (GRANTED, Granted),
        ({"reference": "R-1", "status": "refused", "reason": "already_has_card"}, Declined),
    ],
)
def test_each_proper_reply_is_understood(content: object, outcome: type) -> None:
    with system(reply(content, kind="Application/JSON; charset=utf-8")) as client:
        assert isinstance(client.poll("R-1"), outcome)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"granted"',
        b"{",
        b"\xff\xfe",
        b'{"status": "pending"}',
        b'{"reference": "R-1"}',
        b'{"reference": "R-1", "status": "approved"}',
        b'{"reference": "R-1", "status": "pending", "extra": 1}',
        b'{"reference": 1, "status": "pending"}',
        b'{"reference": "R-1", "status": "granted"}',
        b'{"reference": "R-1", "status": "granted", "output": "", "issued_at": "2026-03-09T08:00:00Z"}',
        b'{"reference": "R-1", "status": "granted", "output": 7, "issued_at": "2026-03-09T08:00:00Z"}',
        b'{"reference": "R-1", "status": "granted", "output": "S", "issued_at": "2026-03-09T08:00:00"}',
        b'{"reference": "R-1", "status": "granted", "output": "S", "issued_at": "yesterday"}',
        b'{"reference": "R-1", "status": "refused", "reason": "Because he is X"}',
        b'{"reference": "R-1", "status": "refused"}',
        b"[" * 30_000,
    ],
)
def test_a_signed_reply_of_the_wrong_form_is_unavailable_with_found_and_expected(body: bytes) -> None:
    with system(signed(body)) as client, pytest.raises(Unavailable) as caught:
        client.poll("R-1")
    assert caught.value.found and caught.value.expected


@pytest.mark.parametrize(
    ("act", "because"),
    [
        (reply(GRANTED, nonce="another request's"), "wrong signature"),
        (reply(GRANTED, said_body=b"{}"), "wrong signature"),
        (reply({"error": "unknown_reference"}, status=404, said_status=200), "wrong signature"),
        (reply(GRANTED, at=time.time() - 4000), "clocks"),
        (reply({**GRANTED, "reference": "R-2"}), "another application"),
    ],
)
def test_a_reply_that_is_not_the_systems_answer_to_this_request_is_not_believed(act: Act, because: str) -> None:
    with system(act) as client, pytest.raises(Contradicted, match=because):
        client.poll("R-1")


def test_an_unsigned_reply_is_not_believed_whatever_it_says() -> None:
    def act(request: BaseHTTPRequestHandler) -> None:
        body = json.dumps(GRANTED).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    with system(act) as client, pytest.raises(Contradicted, match="unsigned"):
        client.poll("R-1")


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotFound), (409, Conflict), (400, WrongUse), (401, WrongUse), (422, WrongUse)],
)
def test_each_signed_refusal_has_its_own_error(status: int, error: type[ZhengtongError]) -> None:
    with system(reply({}, status=status)) as client, pytest.raises(error):
        client.poll("R-1")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_gateways_and_overload_are_unavailable_even_unsigned(status: int) -> None:
    def act(request: BaseHTTPRequestHandler) -> None:
        request.send_error(status)

    with system(act) as client, pytest.raises(Unavailable, match=str(status)):
        client.poll("R-1")


def test_redirects_are_not_followed() -> None:
    asked: list[str] = []

    def act(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        signed(b"{}", status=307, Location="/elsewhere")(request)

    with system(act) as client, pytest.raises(Unavailable, match="307"):
        client.poll("R-1")
    assert asked == ["/applications/R-1"]


def test_another_content_type_is_refused() -> None:
    with system(reply(GRANTED, kind="text/html")) as client, pytest.raises(Unavailable, match="application/json"):
        client.poll("R-1")


def test_a_body_without_end_is_left_after_the_limit() -> None:
    sent = 0

    def act(request: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        while True:
            request.wfile.write(b" " * 65536)
            sent += 65536

    with system(act, max_reply=100_000) as client, pytest.raises(Unavailable, match="too large"):
        client.poll("R-1")
    assert sent < 100 << 20


def test_a_compressed_bomb_is_never_inflated() -> None:
    import gzip

    bomb = gzip.compress(b" " * (50 << 20))
    with system(signed(bomb, **{"Content-Encoding": "gzip"})) as client, pytest.raises(Unavailable):
        client.poll("R-1")


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_system_that_drips_one_byte_at_a_time_is_left_at_the_deadline(part: str) -> None:
    """Each single wait stays below the read time-out; only the bound on the whole call can end this."""
    stopped, to_the_end = threading.Event(), threading.Event()

    def act(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X-Slow: " if part == "headers" else b"\r\n"))
        for _ in range(200):
            if stopped.wait(0.05):
                return
            request.wfile.write(b"a")
        to_the_end.set()

    with system(act, read_seconds=5.0, total_seconds=0.6, max_reply=1 << 20) as client:
        try:
            with pytest.raises(ZhengtongError) as caught:
                client.poll("R-1")
        finally:
            stopped.set()
    assert not to_the_end.is_set()
    # A shut connection reads as an early end; without a length the body simply ends there, unsigned.
    assert isinstance(caught.value, Unavailable | Contradicted)


def test_silence_is_unavailable_after_the_read_time_out() -> None:
    stopped = threading.Event()
    with system(lambda _request: stopped.wait(20) and None, read_seconds=0.3) as client:
        try:
            with pytest.raises(Unavailable, match="ReadTimeout"):
                client.poll("R-1")
        finally:
            stopped.set()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with system(reply(PENDING)) as client:
        assert client.poll("R-1") == Pending()
