# SPDX-License-Identifier: Apache-2.0
"""The city's own record as exports read it: what is sealed, caught up with the database first."""

from __future__ import annotations

import os

from zhengtong.ledger.engine.segments import Segments


def own_record() -> Segments:
    """Raises `Contradicted` where segments and database are not of one history."""
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhengtong.site.settings")
    if not apps.ready:
        django.setup()
    from django.core.management import call_command

    from zhengtong import ledger
    from zhengtong.ledger.segments import export, segments

    call_command("migrate", verbosity=0, interactive=False)  # an empty state folder holds an empty record
    log = ledger.log()
    export(log)
    return segments(log)
