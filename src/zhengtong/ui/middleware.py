# SPDX-License-Identifier: Apache-2.0
"""What all answers of all faces share: errors shown as they should be, and the headers Django does not set."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from zhengtong.errors import ZhengtongError
from zhengtong.ui.problems import answer

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


class FacesMiddleware:
    """Last in the list: it sees the views' exceptions first, and every middleware before it sees its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.user.is_authenticated:
            # Shared counters and public computers: the back button must not show the last person's pages.
            response.headers["Cache-Control"] = "no-store"
        # Language and large print come from cookies.
        patch_vary_headers(response, ["Cookie"])
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer(request, exception) if isinstance(exception, ZhengtongError) else None
