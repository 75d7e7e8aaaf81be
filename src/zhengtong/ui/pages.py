# SPDX-License-Identifier: Apache-2.0
"""How a page is written: a view marked with the permission it needs, answering with `page(...)`.

    @route(permission="case.read")
    def show(request: HttpRequest, case: str) -> HttpResponse:
        return page(request, "services/case.html", {"case": ...})

A view without a mark is a fault: `undeclared()` finds it, and a test of the whole site runs that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse

from zhengtong.errors import BadInput, FormFaults, Refused
from zhengtong.ui.registry import allowed, check_permission

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

KEY_FIELD = "act_key"
KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[0-9a-f]{32}")
READING = ("GET", "HEAD")


@dataclass(frozen=True)
class Route:
    """What a view declares. `permission` None: public, for the reason given."""

    permission: str | None
    methods: tuple[str, ...]
    reason: str = ""


def is_api(request: HttpRequest) -> bool:
    """Programs get problem+json instead of pages, and are never sent to a login page."""
    return request.path.startswith("/api/")


def _mark(
    view: View[P], declared: Route, guard: Callable[[HttpRequest, Mapping[str, object]], HttpResponseBase | None]
) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method not in declared.methods:
            return HttpResponseNotAllowed(declared.methods)
        refuse_nul(request, kwargs)
        answer = guard(request, kwargs)
        return view(request, *args, **kwargs) if answer is None else answer

    guarded.zhengtong_route = declared  # type: ignore[attr-defined]
    return cast("View[P]", guarded)


def refuse_nul(request: HttpRequest, arguments: Mapping[str, object]) -> None:
    """No keyboard types a NUL, PostgreSQL stores none, and C libraries end a text at it. Raises BadInput."""
    sent = [text for data in (request.GET, request.POST) for values in data.lists() for text in (values[0], *values[1])]
    if any("\0" in text for text in [*sent, *map(str, arguments.values())] if isinstance(text, str)):
        raise BadInput("输入含有空字符", "the input holds a NUL character", found="U+0000")


def route(*, permission: str, methods: Sequence[str] = READING) -> Callable[[View[P]], View[P]]:
    """Let in whom the gate lets in; send anonymous readers of a page to the login page and back.

    The gate sees the address's arguments; authority over the object itself is checked again by the act.
    """

    def guard(request: HttpRequest, arguments: Mapping[str, object]) -> HttpResponseBase | None:
        if not request.user.is_authenticated:
            if is_api(request) or request.method not in READING:
                raise Refused("请先登录", "sign in first", expected=permission)
            return redirect_to_login(request.get_full_path())
        check_permission(request, permission, arguments)
        return None

    def decorate(view: View[P]) -> View[P]:
        return _mark(view, Route(permission, tuple(methods)), guard)

    return decorate


def public(*, reason: str, methods: Sequence[str] = READING) -> Callable[[View[P]], View[P]]:
    """A view for everyone; `reason` says why nobody has to be asked. Raises ValueError without one."""
    if not reason:
        raise ValueError("a public route says why it is public")

    def decorate(view: View[P]) -> View[P]:
        return _mark(view, Route(None, tuple(methods), reason), lambda _request, _arguments: None)

    return decorate


def declared(view: object) -> Route | None:
    found = getattr(view, "zhengtong_route", None)
    return found if isinstance(found, Route) else None


def opens(request: HttpRequest, address: str) -> bool:
    """Whether the page at `address` of this site lets the reader in: a link to one that does not is not offered.

    Whether the object behind the address is his to see, the one who draws the link asks.
    """
    try:
        route = declared(resolve(urlsplit(address).path).func)
    except Resolver404:
        return False
    return route is None or route.permission is None or allowed(request, route.permission)


def ways(request: HttpRequest, *named: tuple[str, object]) -> list[tuple[str, object]]:
    """(address, label) of those of the pages, given by name and label, that let the reader in."""
    found = [(reverse(name), label) for name, label in named]
    return [(address, label) for address, label in found if opens(request, address)]


def walk(patterns: Sequence[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every (address pattern, view) below `patterns` (default: the whole site)."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


def undeclared(patterns: Sequence[URLPattern | URLResolver] | None = None, *, skip: Sequence[str] = ()) -> list[str]:
    """Addresses whose view declares no permission, but for those that begin with one of `skip`.

    `skip` is for programs' interfaces that check each operation by themselves.
    """
    return [
        address
        for address, view in walk(patterns)
        if declared(view) is None and not (skip and address.startswith(tuple(skip)))
    ]


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object] | None = None,
    *,
    faults: FormFaults | None = None,
    status: int | None = None,
) -> HttpResponse:
    """Render a page. With `faults` the same form comes back, 422, its errors under the name `faults`."""
    if status is None:
        status = faults.http if faults else 200
    return render(request, template, {"faults": faults, **(context or {})}, status=status)


def post_key(request: HttpRequest) -> str:
    """The idempotency key a form (or a program, by header) sent: 32 hex digits. Raises BadInput."""
    key = request.headers.get(KEY_HEADER) or request.POST.get(KEY_FIELD, "")
    key = key.replace("-", "").lower()
    if not _KEY.fullmatch(key):
        raise BadInput(
            "表单缺少操作编号，没有执行；请重新打开页面再试",
            "the form carries no key, nothing was done; open the page again",
            where=KEY_FIELD,
            found=key[:40] or None,
            expected="UUID",
        )
    return key
