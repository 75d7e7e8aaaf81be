# SPDX-License-Identifier: Apache-2.0
"""The worker: delivers the outbox, records what time caused, seals and audits the record. Any number may run."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time

from django.db import OperationalError, close_old_connections

from zhengtong.acts.checks import require_safe_modes
from zhengtong.acts.outbox import deliver
from zhengtong.acts.perform import now_us
from zhengtong.errors import ZhengtongError
from zhengtong.ledger import log as ledger_log
from zhengtong.ledger.segments import export
from zhengtong.services.drafts import expire
from zhengtong.services.proposing import propose_changes
from zhengtong.services.reconciling import reconcile_daily
from zhengtong.services.serving import deem_served
from zhengtong.services.sweep import remind, sweep, sweep_consents
from zhengtong.site.nightly import Nightly

log = logging.getLogger(__name__)
IDLE_S, SEAL_EVERY_S, SWEEP_EVERY_S, RECONCILE_EVERY_S, AUDIT_EVERY_S = 0.5, 2.0, 60.0, 600.0, 600.0


def seal() -> None:
    """Seal what is committed and bring the segments up to it."""
    record = ledger_log()
    if record.seal(now_us=now_us()).added:
        export(record)


class Worker:
    """One loop; `stop` is set by SIGTERM or SIGINT and ends it after the message in hand."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._last = dict.fromkeys(("seal", "sweep", "reconcile", "audit"), -math.inf)
        self.nightly = Nightly(self.stop)

    def run(self) -> None:
        """Work until told to stop. Raises `WrongUse` where the database runs in a mode that may lose writes."""
        require_safe_modes()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        while not self.stop.is_set():
            handled = self.turn()
            if not handled:
                self.stop.wait(IDLE_S)
        self.nightly.wait()

    def turn(self) -> int:
        """One round; a fault of the house or a busy database is logged and tried again, never fatal."""
        close_old_connections()
        handled = 0
        try:
            handled = deliver(limit=10)
            if self._due("sweep", SWEEP_EVERY_S):
                sweep(now_us())
                expire(now_us())
                remind(now_us())
                propose_changes(now_us())
                sweep_consents(now_us())
                deem_served(now_us())
            if self._due("reconcile", RECONCILE_EVERY_S):
                reconcile_daily(now_us())
            if self._due("seal", SEAL_EVERY_S):
                seal()
            if self._due("audit", AUDIT_EVERY_S):  # asks whether last night's is missing
                self.nightly.begin()
        except (ZhengtongError, OperationalError) as error:
            log.error("worker: %s", error)
            self.stop.wait(IDLE_S)
        return handled

    def _due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now - self._last[what] < every:
            return False
        self._last[what] = now
        return True
