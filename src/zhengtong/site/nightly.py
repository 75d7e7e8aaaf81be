# SPDX-License-Identifier: Apache-2.0
"""The audit of the whole record, every night, beside the worker's loop: nobody's message waits for it."""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from django.db import DatabaseError, connections

from zhengtong.acts.perform import now_us
from zhengtong.errors import ZhengtongError
from zhengtong.evaluation.auditing import audit_nightly

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The worker was told to stop in the middle of an audit; the next one begins it anew."""


class Nightly:
    """At most one audit at a time, in a thread and with a connection of its own; ends soon after `stop` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Audit if the last night's audit is missing and none runs. Returns at once."""
        hour: int | None = settings.ZHENGTONG_AUDIT_HOUR
        if hour is None or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._run, args=(hour,), name="nightly audit")
        self._thread.start()

    def wait(self) -> None:
        """Until the audit that runs, if one does, has ended."""
        if self._thread is not None:
            self._thread.join()

    def _run(self, hour: int) -> None:
        try:
            found = audit_nightly(now_us(), hour, self._go_on)
        except Stopped:
            log.info("nightly audit: stopped, to be done again")
        except (ZhengtongError, DatabaseError) as error:
            log.error("nightly audit: %s", error)  # asked for again by a later round, until it could be done
        else:
            if found is not None:
                level = logging.ERROR if found.count else logging.INFO
                log.log(level, "nightly audit: %d leaves, %d rows, %d findings", found.leaves, found.rows, found.count)
        finally:
            connections.close_all()

    def _go_on(self, _done: int, _total: int) -> None:
        if self._stop.is_set():
            raise Stopped
