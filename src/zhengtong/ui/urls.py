# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from django.urls import path

from zhengtong.ui.views import switch_language, switch_large_print

app_name = "ui"
urlpatterns = [
    path("language", switch_language, name="language"),
    path("large-print", switch_large_print, name="large_print"),
]
