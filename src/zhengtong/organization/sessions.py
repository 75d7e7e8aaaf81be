# SPDX-License-Identifier: Apache-2.0
"""How long a sign-in lasts, and that it is renamed when what its person may do has changed.

Two limits: `ZHENGTONG_SESSION_IDLE_S` without a request, `ZHENGTONG_SESSION_LONGEST_S` in all. Both are counted here,
on the server; the cookie's own age only spares the browser from sending what is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from zhengtong.errors import NotSignedIn
from zhengtong.organization.queries import actor
from zhengtong.ui.pages import READING, is_api
from zhengtong.ui.problems import answer

BEGUN, SEEN, ROLES = "begun_s", "seen_s", "roles"
STEP_S = 60
"""How exact the idle time is: writing it down with every request would cost a transaction each."""


class SessionLimits:
    """After the authentication middleware: every request of a signed-in person passes here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            if self._over(request, now):
                return self._signed_out(request)
            self._note(request, now)
        return self.get_response(request)

    def _over(self, request: HttpRequest, now: int) -> bool:
        begun, seen = request.session.get(BEGUN, now), request.session.get(SEEN, now)
        idle, longest = settings.ZHENGTONG_SESSION_IDLE_S, settings.ZHENGTONG_SESSION_LONGEST_S
        return bool(now - seen > idle or now - begun > longest)

    def _note(self, request: HttpRequest, now: int) -> None:
        session = request.session
        if BEGUN not in session:
            session[BEGUN] = now
        if now - session.get(SEEN, 0) >= min(STEP_S, max(1, settings.ZHENGTONG_SESSION_IDLE_S // 2)):
            session[SEEN] = now
        roles = _fingerprint(request)
        if session.get(ROLES, roles) != roles:
            session.cycle_key()  # who may do more, or less, than before goes on under a new name
        if session.get(ROLES) != roles:
            session[ROLES] = roles

    def _signed_out(self, request: HttpRequest) -> HttpResponse:
        logout(request)
        if is_api(request) or request.method not in READING:
            error = NotSignedIn(
                "登录已超时，没有执行；请重新登录", "the sign-in ran out, nothing was done; sign in again"
            )
            return answer(request, error)
        return redirect_to_login(request.get_full_path())


def _fingerprint(request: HttpRequest) -> str:
    roles = sorted(f"{role.key}@{role.department}" for role in actor(request).roles)
    return sha256("\n".join(roles).encode()).hexdigest()[:16]
