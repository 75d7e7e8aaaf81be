# SPDX-License-Identifier: Apache-2.0
"""Whose word about a request is taken: forwarded headers count only from the proxies the operator names.

First of all middleware. From a trusted proxy the client's address and scheme are taken over; from anybody else the
headers are removed, so that nothing behind this line can believe them by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Network = IPv4Network | IPv6Network
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT",
             "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP")  # fmt: skip
SOCKET = "unix"
"""Names the proxy at the other end of a UNIX socket, which has no address."""


def networks(names: Iterable[str]) -> tuple[list[Network], bool]:
    """The networks named, and whether a UNIX socket is trusted. Raises ValueError for what is neither."""
    given = [name.strip() for name in names if name.strip()]
    return [ip_network(name, strict=False) for name in given if name != SOCKET], SOCKET in given


class TrustedProxies:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.networks, self.socket = networks(settings.ZHENGTONG_TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        if self._trusted(meta.get("REMOTE_ADDR", "")):
            forwarded = meta.get("HTTP_X_FORWARDED_FOR", "")
            meta["REMOTE_ADDR"] = self._client(forwarded.split(",")) or meta.get("REMOTE_ADDR", "")
            if meta.get("HTTP_X_FORWARDED_PROTO", "").strip().lower() == "https":
                meta["wsgi.url_scheme"] = "https"
        for name in FORWARDED:
            meta.pop(name, None)
        return self.get_response(request)

    def _trusted(self, address: str) -> bool:
        if not address:
            return self.socket
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)

    def _client(self, hops: list[str]) -> str:
        """The last hop no trusted proxy is: whatever stands before it, the client may have written himself."""
        for hop in reversed(hops):
            address = hop.strip()
            try:
                ip_address(address)
            except ValueError:
                return ""
            if not self._trusted(address):
                return address
        return ""
