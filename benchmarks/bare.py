# SPDX-License-Identifier: Apache-2.0
"""The floor of the pages: a Django view and template that say one sentence, behind the same middleware."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from zhengtong.site.urls import urlpatterns as site
from zhengtong.ui.pages import public
from zhengtong.ui.views import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500"]

_TEMPLATE = engines["django"].from_string(
    "<!doctype html><html lang='zh'><head><title>{{ title }}</title></head><body><h1>{{ title }}</h1></body></html>"
)


@public(reason="a floor to measure against")
def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_TEMPLATE.render({"title": "政通"}, request))


urlpatterns = [path("bare/", bare, name="bare"), *site]
