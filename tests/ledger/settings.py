# SPDX-License-Identifier: Apache-2.0
"""The ledger alone: `pytest --ds=tests.ledger.settings tests/ledger` runs while other rooms are being rebuilt."""

from zhengtong.site.settings import *  # noqa: F403

INSTALLED_APPS = ["zhengtong.ledger"]
AUTH_USER_MODEL = "auth.User"
MIDDLEWARE: list[str] = []
TEMPLATES: list[dict[str, object]] = []
ROOT_URLCONF = __name__
urlpatterns: list[object] = []
