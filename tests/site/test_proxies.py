# SPDX-License-Identifier: Apache-2.0
"""Forwarded headers: believed from the proxies that are named, from nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from zhengtong.site.proxies import FORWARDED, TrustedProxies, networks


def passed(settings: Any, trusted: str, remote: str, **headers: str) -> HttpRequest:
    """The request as what stands behind the middleware sees it."""
    settings.ZHENGTONG_TRUSTED_PROXIES = trusted.split(",")
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR=remote, **{f"HTTP_{k.upper()}": v for k, v in headers.items()})
    TrustedProxies(view)(request)
    return seen[0]


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "client"),
    [
        ("", "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("", "127.0.0.1", "198.51.100.1", "127.0.0.1"),
        ("10.0.0.5", "10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "10.0.0.6", "198.51.100.1", "10.0.0.6"),
        ("10.0.0.0/8", "10.0.0.5", "1.1.1.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.0/8", "10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.0/8", "10.0.0.5", "10.1.1.1", "10.0.0.5"),
        ("10.0.0.0/8", "10.0.0.5", "198.51.100.1, nonsense", "10.0.0.5"),
        ("10.0.0.0/8", "10.0.0.5", "<script>", "10.0.0.5"),
        ("fd00::/8", "fd00::1", "2001:db8::7", "2001:db8::7"),
        ("unix", "", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "", "198.51.100.1", ""),
    ],
)
def test_the_client_is_the_last_hop_no_trusted_proxy_is(
    settings: Any, trusted: str, remote: str, forwarded: str, client: str
) -> None:
    assert passed(settings, trusted, remote, x_forwarded_for=forwarded).META["REMOTE_ADDR"] == client


def test_the_scheme_is_taken_from_trusted_proxies_only(settings: Any) -> None:
    assert passed(settings, "10.0.0.5", "10.0.0.5", x_forwarded_proto="https").is_secure()
    assert not passed(settings, "10.0.0.5", "10.0.0.5", x_forwarded_proto="http").is_secure()
    assert not passed(settings, "", "10.0.0.5", x_forwarded_proto="https").is_secure()


@pytest.mark.parametrize("trusted", ["", "10.0.0.5"])
def test_nothing_behind_sees_a_forwarded_header(settings: Any, trusted: str) -> None:
    headers = {name.removeprefix("HTTP_").lower(): "evil.example" for name in FORWARDED}
    request = passed(settings, trusted, "10.0.0.5", **headers)
    assert not [name for name in request.META if name in FORWARDED]
    assert "evil" not in request.get_host()


def test_names_that_are_no_addresses_are_refused() -> None:
    assert networks(["", " 10.0.0.0/8 ", "unix"])[1] is True
    for wrong in ("proxy.example", "10.0.0.0/99", "*"):
        with pytest.raises(ValueError, match=r"."):
            networks([wrong])
