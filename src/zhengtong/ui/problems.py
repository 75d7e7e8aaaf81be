# SPDX-License-Identifier: Apache-2.0
"""An error of the tree as an answer in the reader's language: page, fragment (HTMX) or problem+json (RFC 9457)."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhengtong.errors import Conflict, FormFaults, KeyReused, NotSignedIn, TooMany, ZhengtongError
from zhengtong.ui.forms import summary
from zhengtong.ui.language import reader_language
from zhengtong.ui.pages import is_api
from zhengtong.ui.registry import Link, result_link

log = logging.getLogger("zhengtong.ui")

# status → what happened, and what the reader can do about it
PAGES: dict[int, tuple[str | Promise, str | Promise]] = {
    400: (_("This request cannot be answered"), _("Go back and try again from the page you came from.")),
    401: (_("Please sign in"), _("Sign in in another tab, then come back: what you typed is still here.")),
    403: (
        _("You may not open this"),
        _("If your work needs it, ask the person who manages accounts in your department."),
    ),
    404: (_("There is nothing here"), _("Check the address, or start again from the home page.")),
    405: (_("This request cannot be answered"), _("Go back and try again from the page you came from.")),
    409: (_("Nothing was done: things have changed"), _("Look at how it stands now, then decide again.")),
    412: (_("Nothing was done: things have changed"), _("Look at how it stands now, then decide again.")),
    422: (_("Something needs correcting"), _("Go back: what you typed is still there. Correct it and send it again.")),
    429: (_("Too many tries"), _("Wait a little, then try again.")),
    500: (_("Something broke on our side"), _("Nothing you sent before was lost. Try again in a few minutes.")),
    503: (_("A system we depend on does not answer"), _("Nothing was lost. Try again in a few minutes.")),
}


def message(error: ZhengtongError) -> str:
    """The sentence for the reader. Details of a failure on our side (files, lines) go to the log, not to the page."""
    said = error.say(reader_language())
    return said.split("\n", 1)[0] if error.http >= 500 else said


def _link(error: ZhengtongError) -> Link | None:
    return result_link(error.result) if isinstance(error, KeyReused) else None


def answer(request: HttpRequest, error: ZhengtongError) -> HttpResponse:
    """The answer to a request that ended in `error`, with the status the tree gives it."""
    if error.http >= 500:
        log.error("%s at %s: %s", error.code, request.path, error, exc_info=error)
    if is_api(request):
        response = _problem(error)
    elif request.headers.get("HX-Request") == "true":
        response = _fragment(error)
    else:
        response = _page(request, error)
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.wait_s)
    if isinstance(error, NotSignedIn):
        response["WWW-Authenticate"] = 'Bearer realm="zhengtong"'  # RFC 9110: a 401 names how to authenticate
    return response


def _page(request: HttpRequest, error: ZhengtongError) -> HttpResponse:
    title, advice = PAGES[error.http]
    context = {
        "status": error.http,
        "title": title,
        "message": message(error),
        "advice": advice,
        "done": _link(error),
        "conflict": isinstance(error, Conflict),
        "lines": summary(error) if isinstance(error, FormFaults) else [],
    }
    return render(request, "ui/errors/problem.html", context, status=error.http)


def _problem(error: ZhengtongError) -> HttpResponse:
    body: dict[str, object] = {
        "type": f"urn:zhengtong:error:{error.code}",
        "title": str(PAGES[error.http][0]),
        "status": error.http,
        "detail": message(error),
        "code": error.code,
    }
    body.update({key: str(value) for key, value in _where(error).items() if value is not None})
    if isinstance(error, FormFaults):
        body["fields"] = {name: fault.say(reader_language()) for name, fault in error.fields.items()}
    link = _link(error)
    if link is not None:
        body["done"] = link.url
    return JsonResponse(
        body, status=error.http, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
    )


def _where(error: ZhengtongError) -> dict[str, object]:
    return {} if error.http >= 500 else {"where": error.where, "found": error.found, "expected": error.expected}


def _fragment(error: ZhengtongError) -> HttpResponse:
    """HTMX replaces a part of the page; an error goes to the message area instead, so that nothing typed is lost."""
    html = render_to_string(
        "ui/components/notice.html",
        {"kind": "late", "title": str(PAGES[error.http][0]), "body": message(error), "link": _link(error)},
    )
    response = HttpResponse(html, status=error.http)
    response["HX-Retarget"] = "#messages"
    response["HX-Reswap"] = "innerHTML"
    return response


def plain(request: HttpRequest, status: int) -> HttpResponse:
    """The page of an error that is Django's own, drawn without request context so that it cannot fail again."""
    title, advice = PAGES[status]
    if is_api(request):
        body = {"type": "about:blank", "title": str(title), "status": status, "detail": str(advice)}
        return JsonResponse(
            body, status=status, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False}
        )
    html = render_to_string("ui/errors/problem.html", {"status": status, "title": title, "advice": advice})
    return HttpResponse(html, status=status)
