# SPDX-License-Identifier: Apache-2.0
"""The switches in the frame (language, large print) and the pages of Django's own errors.

The site's `urls` imports `handler400` … `handler500` from here; `CSRF_FAILURE_VIEW` names `csrf_failure`.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.i18n import set_language

from zhengtong.ui.pages import public
from zhengtong.ui.problems import plain

LARGE_PRINT_COOKIE = "large_print"
YEAR = 365 * 24 * 3600


def large_print(request: HttpRequest) -> bool:
    return request.COOKIES.get(LARGE_PRINT_COOKIE) == "1"


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """Where the form wants to return to, if that is a page of this site, else `default`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else default


switch_language = public(reason="everyone chooses the language they read", methods=("POST",))(set_language)


@public(reason="everyone chooses the size they can read", methods=("POST",))
def switch_large_print(request: HttpRequest) -> HttpResponse:
    response = HttpResponseRedirect(safe_next(request))
    if request.POST.get("on") == "1":
        response.set_cookie(
            LARGE_PRINT_COOKIE, "1", max_age=YEAR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        response.delete_cookie(LARGE_PRINT_COOKIE, samesite="Lax")
    return response


def handler400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return plain(request, 400)


def handler403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return plain(request, 403)


def handler404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return plain(request, 404)


def handler500(request: HttpRequest) -> HttpResponse:
    return plain(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from another site, or from before this browser allowed cookies: refused, and said so."""
    return plain(request, 403)
