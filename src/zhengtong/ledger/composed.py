# SPDX-License-Identifier: Apache-2.0
"""A log: its name, its key, where it publishes, and what can be asked of it."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from zhengtong.ledger import receipts, sealing
from zhengtong.ledger.crypto import SUITES, CryptoProvider
from zhengtong.ledger.models import LogIdentity
from zhengtong.ledger.record import RecordedEvent

WITHIN_S = 3600
"""Seconds within which a promised event is sealed, unless `ZHENGTONG_SEAL_WITHIN_S` says otherwise."""


@dataclass(frozen=True)
class Log:
    """`origin` names the log in every note; `webhook` is an address for new checkpoints or ""."""

    origin: str
    crypto: CryptoProvider
    state: Path
    webhook: str = ""
    within_s: int = WITHIN_S

    def seal(
        self, *, now_us: int, batch: int = sealing.BATCH, progress: Callable[[int], None] | None = None
    ) -> sealing.Sealed:
        """Give every committed event a leaf, sign and publish. See `sealing.seal`."""
        return sealing.seal(self, now_us=now_us, batch=batch, progress=progress)

    def promise(self, event: RecordedEvent) -> dict[str, object]:
        """The receipt of an event just written: a bundle in state *promised*. See `receipts.promise`."""
        return receipts.promise(self, event)

    def prove(
        self,
        event: str,
        *,
        since: int | None = None,
        at: int | None = None,
        kind: str = "event",
        extra: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        """The bundle of an event: proven once sealed, promised before. See `receipts.prove`."""
        return receipts.prove(self, event, since=since, at=at, kind=kind, extra=extra)

    def key_file(self) -> str:
        """The text of the public key others keep."""
        return self.crypto.key_file(self.origin)


def compose() -> Log:
    """The log of this installation, from Django's settings; named and keyed on first use.

    Name and suite are fixed by the database the first time: `ZHENGTONG_CITY_NAME` and `ZHENGTONG_LEDGER_SUITE`
    count only then.
    """
    identity = LogIdentity.objects.order_by("id").first() or _begin()
    return Log(
        origin=identity.origin,
        crypto=CryptoProvider.from_state(Path(settings.ZHENGTONG_STATE), identity.suite),
        state=Path(settings.ZHENGTONG_STATE),
        webhook=getattr(settings, "ZHENGTONG_CHECKPOINT_WEBHOOK", ""),
        within_s=getattr(settings, "ZHENGTONG_SEAL_WITHIN_S", WITHIN_S),
    )


def _begin() -> LogIdentity:
    """Random digits follow the city's name: a record begun anew is another log, and its notes must say so."""
    city = re.sub(r"[\s+]+", "-", str(getattr(settings, "ZHENGTONG_CITY_NAME", "") or "zhengtong"))
    try:
        with transaction.atomic():
            return LogIdentity.objects.create(
                id=1,
                origin=f"{city}/{secrets.token_hex(4)}",
                suite=getattr(settings, "ZHENGTONG_LEDGER_SUITE", SUITES[0]),
                created_us=time.time_ns() // 1000,
            )
    except IntegrityError:  # another process named it at the same moment
        return LogIdentity.objects.get(id=1)
