# SPDX-License-Identifier: Apache-2.0
"""What all answers of all faces share: errors shown as they should be, and the headers Django does not set."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.cache import patch_vary_headers

from zhengtong.errors import ZhengtongError
from zhengtong.ui.pages import is_api, refuse_nul
from zhengtong.ui.problems import answer, plain

# A government page needs none of these: whatever is injected into it shall not have them either.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "publickey-credentials-get",
        "screen-wake-lock",
        "usb",
        "xr-spatial-tracking",
    )
)


def _not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A method that is not offered, as a problem that still names those that are."""
    problem = plain(request, response.status_code)
    if "Allow" in response:
        problem["Allow"] = response["Allow"]
    return problem


class FacesMiddleware:
    """Last in the list: it sees the views' exceptions first, and every middleware before it sees its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_api(request) and response.status_code == HttpResponseNotAllowed.status_code:
            response = _not_allowed(request, response)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.user.is_authenticated:
            # Shared counters and public computers: the back button must not show the last person's pages.
            response.headers["Cache-Control"] = "no-store"
        # Language and large print come from cookies.
        patch_vary_headers(response, ["Cookie"])
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> HttpResponse | None:
        """What pages refuse in `ui.pages`, a program's address and query may not hold either."""
        if is_api(request):
            try:
                refuse_nul(request, kwargs)
            except ZhengtongError as error:
                return answer(request, error)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer(request, exception) if isinstance(exception, ZhengtongError) else None
