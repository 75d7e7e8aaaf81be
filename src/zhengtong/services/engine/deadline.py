# SPDX-License-Identifier: Apache-2.0
"""A bound on a whole HTTP call. httpx bounds each single wait; a peer that sends a byte now and then would
hold us forever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[dict[str, Any]]:
    """Yields the request extensions to pass; after `seconds` the connection is shut and httpx raises a
    network error.
    """
    opened: list[socket.socket] = []
    late = threading.Event()

    def trace(event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            opened.append(info["return_value"].get_extra_info("socket"))
            if late.is_set():
                _shut(opened)

    def stop() -> None:
        late.set()
        _shut(opened)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield {"trace": trace}
    finally:
        timer.cancel()


def _shut(opened: list[socket.socket]) -> None:
    for connection in opened:
        # Shutting wakes a blocked read; closing would not. It may be closed already.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
