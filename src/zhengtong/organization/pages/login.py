# SPDX-License-Identifier: Apache-2.0
"""Signing in. In demo mode, and only there, the demo's accounts are offered with their password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse

from zhengtong.acts.serving import city
from zhengtong.city.definition import Department, Role
from zhengtong.city.text import Text
from zhengtong.organization.demo import PASSWORD
from zhengtong.organization.models import Account
from zhengtong.organization.tries import Subject, count_failure, forgive, require_patience
from zhengtong.ui.parts import Fact


class SignInForm(AuthenticationForm):
    """A demo account's password is public: outside demo mode it opens nothing, even where its row was left behind."""

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if isinstance(user, Account) and user.machine:
            raise self.get_invalid_login_error()
        if isinstance(user, Account) and user.demo and not settings.ZHENGTONG_DEMO:
            raise self.get_invalid_login_error()


class SignIn(LoginView):
    """Failed tries make whoever fails wait, by account and by address, whether or not there is such an account."""

    template_name = "ui/login.html"
    authentication_form = SignInForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        require_patience(self._subjects())
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if self.request.POST.get("username") and self.request.POST.get("password"):
            count_failure(self._subjects())
        return super().form_invalid(form)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        # What failed from this address before keeps counting: one good account must not pay for guessing others.
        forgive([subject for subject in self._subjects() if subject[0] != "address"])
        return super().form_valid(form)

    def _subjects(self) -> list[Subject]:
        username = self.request.POST.get("username", "").strip().casefold()[:200]
        address = self.request.META.get("REMOTE_ADDR", "")
        return [
            ("account at address", f"{username} {address}"),
            ("account", username),
            ("address", address),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.ZHENGTONG_DEMO:
            accounts = Account.objects.filter(demo=True).prefetch_related("appointments").order_by("id")
            context["demo_accounts"] = [Fact(a.username, PASSWORD, note=self._post(a)) for a in accounts]
        return context

    def _post(self, account: Account) -> object:
        """What the account is in the demo: its role and department, or a resident."""
        appointment = next((a for a in account.appointments.all() if a.ended_us is None), None)
        if appointment is None:
            return city().get(Role, "resident").name
        role = city().get(Role, appointment.role).name
        if not appointment.department:
            return role
        department = city().get(Department, appointment.department).name
        return Text(zh=f"{department.zh} · {role.zh}", en=f"{department.en} · {role.en}")
