# SPDX-License-Identifier: Apache-2.0
"""The city's own record as exports read it: what is sealed, caught up with the database first."""

from __future__ import annotations

import os
import uuid

from zhengtong.ledger.engine.segments import Segments


def own_record() -> Segments:
    """The record up to now, for a file. That it went out is itself recorded, before anything is handed over.

    Raises `Contradicted` where segments and database are not of one history.
    """
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhengtong.site.settings")
    if not apps.ready:
        django.setup()
    from django.core.management import call_command

    from zhengtong import ledger
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.perform import perform
    from zhengtong.evaluation.actions.export_figures import ExportFigures
    from zhengtong.ledger.segments import export, segments

    call_command("migrate", verbosity=0, interactive=False)  # an empty state folder holds an empty record
    log = ledger.log()
    export(log)
    held = segments(log)
    manifest = held.manifest()
    if manifest.size:
        done = ExportFigures("record", "log", manifest.size, manifest.size, manifest.root)
        perform(done, SYSTEM, f"record/{uuid.uuid4().hex}")
    return held
