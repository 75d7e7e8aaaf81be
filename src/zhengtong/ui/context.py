# SPDX-License-Identifier: Apache-2.0
"""What the frame of every page shows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from zhengtong.ui.language import html_lang, say
from zhengtong.ui.registry import brand_name, current_face, faces_for, helpline, inbox_of, reader_name
from zhengtong.ui.views import large_print


def faces(request: HttpRequest) -> dict[str, object]:
    shown = faces_for(request)
    return {
        "faces": shown,
        "current_face": current_face(request, shown),
        "brand": say(brand_name()),
        "reader": say(reader_name(request)) if request.user.is_authenticated else "",
        "inbox": inbox_of(request),
        "demo": settings.ZHENGTONG_DEMO,
        "large_print": large_print(request),
        "helpline": helpline(),
        "html_lang": html_lang(),
        # After a POST the address may answer to POST only; the switches then lead home.
        "here": request.get_full_path() if request.method in ("GET", "HEAD") else "/",
    }
