# SPDX-License-Identifier: Apache-2.0
"""The WSGI application: gunicorn's `gthread` workers serve it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhengtong.site.settings")
application = get_wsgi_application()
