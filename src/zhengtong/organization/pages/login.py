# SPDX-License-Identifier: Apache-2.0
"""Signing in. In demo mode, and only there, the demo's accounts are offered with their password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView

from zhengtong.organization.demo import PASSWORD
from zhengtong.organization.models import Account


class SignIn(LoginView):
    template_name = "ui/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.ZHENGTONG_DEMO:
            context["demo_accounts"] = Account.objects.filter(demo=True).prefetch_related("appointments").order_by("id")
            context["demo_password"] = PASSWORD
        return context
