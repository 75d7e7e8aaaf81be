# SPDX-License-Identifier: Apache-2.0
"""Every address of the site. Each room's faces keep their own lists."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from zhengtong.evaluation.api import router as figures
from zhengtong.organization.pages.login import SignIn
from zhengtong.services.api import api
from zhengtong.site.health import healthz
from zhengtong.ui.pages import public
from zhengtong.ui.views import handler400, handler403, handler404, handler500  # noqa: F401  # Django looks here

api.add_router("/figures", figures)

urlpatterns = [
    path("", include("zhengtong.services.urls")),
    path("", include("zhengtong.evaluation.urls")),
    path("", include("zhengtong.organization.urls")),
    path("api/v1/", api.urls),
    path("healthz", healthz, name="healthz"),
    path("ui/", include("zhengtong.ui.urls")),
    path("login/", public(reason="signing in", methods=("GET", "HEAD", "POST"))(SignIn.as_view()), name="login"),
    path("logout/", public(reason="signing out", methods=("POST",))(LogoutView.as_view()), name="logout"),
]
