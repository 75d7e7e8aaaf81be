# SPDX-License-Identifier: Apache-2.0
"""A log becomes a source, then the record says so: repeated after a crash, both halves recognise what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.evaluation.actions.record_source import RecordSource
from zhengtong.evaluation.engine.importing import Imported, import_log


def import_source(file: Path, name: str, state: Path, **options: Any) -> Imported:
    """`engine.importing.import_log`, with its event. Same arguments, same errors."""
    done = import_log(file, name, state, **options)
    about = done.source.about
    outputs = tuple(sorted((part, entry["sha256"]) for part, entry in about["output"].items()))
    action = RecordSource(
        done.source.id, about["file"]["sha256"], about["mapping"]["sha256"], outputs, about["events"], about["cases"]
    )
    perform(action, SYSTEM, f"source/{done.source.id}")
    return done
