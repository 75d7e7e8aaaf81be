# SPDX-License-Identifier: Apache-2.0
"""The ledger alone: `pytest --ds=ledger.settings tests/ledger` runs while other rooms are being rebuilt."""

from testing_settings import *  # noqa: F403

INSTALLED_APPS = ["zhengtong.ledger"]
AUTH_USER_MODEL = "auth.User"
MIDDLEWARE: list[str] = []
TEMPLATES: list[dict[str, object]] = []
ROOT_URLCONF = __name__
urlpatterns: list[object] = []
if "sqlite3" in str(DATABASES["default"]["ENGINE"]):  # noqa: F405
    # A file, as in the product: an in-memory database has one connection, and nothing to be concurrent with.
    DATABASES["default"]["TEST"] = {"NAME": f"{STATE}/test.sqlite3"}  # noqa: F405
