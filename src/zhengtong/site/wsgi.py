# SPDX-License-Identifier: Apache-2.0
"""The WSGI application: gunicorn's `gthread` workers serve it."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhengtong.site.settings")
application = get_wsgi_application()

from django.db import connections  # noqa: E402  # Django has to be set up first

from zhengtong.acts.checks import require_safe_modes  # noqa: E402

require_safe_modes()  # whoever starts gunicorn by hand is refused as `zhengtong serve` is
connections.close_all()  # a preloading server forks after this

# What is loaded by now stays. Looked through again by every full collection, it stopped a request for 0.1 s.
gc.collect()
gc.freeze()
