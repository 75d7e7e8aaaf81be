# SPDX-License-Identifier: Apache-2.0
"""The site's settings as the tests run them: the tests' city, and a state folder that goes with the process."""

import atexit
import os
import shutil
import tempfile

from testing_city import small_city

STATE = tempfile.mkdtemp(prefix="zhengtong-test-")
atexit.register(shutil.rmtree, STATE, ignore_errors=True)
os.environ["ZHENGTONG_CITY"] = str(small_city())
os.environ["ZHENGTONG_STATE"] = STATE
os.environ["ZHENGTONG_SECRET_KEY"] = "only-for-tests-0123456789abcdef0123456789abcdef"
os.environ.setdefault("ZHENGTONG_LANGUAGE", "en")

from zhengtong.site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if "sqlite3" in str(DATABASES["default"]["ENGINE"]):  # noqa: F405
    # A file, as in the product: an in-memory database has one connection, and nothing to be concurrent with.
    DATABASES["default"]["TEST"] = {"NAME": f"{STATE}/test.sqlite3"}  # noqa: F405
