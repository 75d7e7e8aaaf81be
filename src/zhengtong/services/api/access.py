# SPDX-License-Identifier: Apache-2.0
"""Who calls: a token of another system, or the session of a person. Then authority is asked as anywhere else.

A session may do all its person may; a token only what is in its scopes besides.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer, SessionAuth
from ninja.throttling import BaseThrottle

from zhengtong.errors import Refused, TooMany
from zhengtong.organization.models import Account
from zhengtong.organization.tokens import token_of

MINUTE_S = 60


class Token(HttpBearer):
    """`Authorization: Bearer zt_…`: what a machine account was issued."""

    openapi_name = "token"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Account:
        found = token_of(token, request.META.get("REMOTE_ADDR", ""))
        if self.scope and self.scope not in found.scopes:
            raise Refused("令牌的用途不包括此操作", "the token is not for this", where="scope", expected=self.scope)
        request.user = found.account
        return found.account


class Session(SessionAuth):
    """A signed-in person's cookie; a POST carries the CSRF token too."""

    openapi_name = "session"

    def __call__(self, request: HttpRequest) -> Any:
        # Where a token was sent, it is the token that counts: a cookie must not lend it rights.
        return None if "Authorization" in request.headers else super().__call__(request)


def caller(scope: str = "") -> list[Any]:
    """Let in tokens with `scope` (any valid one where it is empty) and signed-in persons."""
    return [Token(scope), Session()]


class PerMinute(BaseThrottle):
    """So many requests a minute for one caller, in each process: it protects the machine, not a secret.

    Secrets are protected by `organization.tries`, which counts in the database.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute, self._counts = 0, dict[str, int]()

    def allow_request(self, request: HttpRequest) -> bool:
        """Raises `TooMany`, with the seconds left of this minute."""
        minute, second = divmod(int(time.time()), MINUTE_S)
        name = str(request.user.pk or request.META.get("REMOTE_ADDR", ""))
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            count = self._counts[name] = self._counts.get(name, 0) + 1
        if count > settings.ZHENGTONG_API_PER_MINUTE:
            raise TooMany("请求过于频繁", "too many requests", wait_s=MINUTE_S - second)
        return True


THROTTLE = PerMinute()
