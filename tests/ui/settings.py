# SPDX-License-Identifier: Apache-2.0
"""The ui room alone, without the rooms above it: `PYTHONPATH=. pytest --ds=tests.ui.settings tests/ui`."""

import os

os.environ.setdefault("ZHENGTONG_SECRET_KEY", "tests-of-the-ui-room")

from zhengtong.site.settings import *  # noqa: F403

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "zhengtong.ui",
]
AUTH_USER_MODEL = "auth.User"
ROOT_URLCONF = "tests.ui.gallery"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CSRF_FAILURE_VIEW = "zhengtong.ui.views.csrf_failure"
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("zhengtong.organization")]  # noqa: F405
