# SPDX-License-Identifier: Apache-2.0
"""保管期限: how long the archive of a case is kept, when it is handed over, when it may be looked at for destruction.

What applies comes from the city's schedule. A case of several services is kept as long as the one kept longest. The
period is counted from the 1st of January after the year in which the case closed, as files of a year are filed
together [M: not checked against the text of DA/T 85-2019].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Period:
    """`years` None: kept for ever (永久). `transfer_years`: handed over to the archives after so many; None: never."""

    years: int | None
    transfer_years: int | None = None

    @property
    def name(self) -> str:
        return "permanent" if self.years is None else str(self.years)


@dataclass(frozen=True)
class Schedule:
    """The service's own period before its department's before the usual one."""

    usual: Period
    services: Mapping[str, Period]
    departments: Mapping[str, Period]

    def period(self, steps: Iterable[tuple[str, str]]) -> Period:
        """For a case of these (service, department) pairs."""
        return longest(self._one(service, department) for service, department in steps)

    def _one(self, service: str, department: str) -> Period:
        return self.services.get(service) or self.departments.get(department) or self.usual


def longest(periods: Iterable[Period]) -> Period:
    """The one kept longest; of two as long, the one handed over first. Raises ValueError for none."""
    return max(
        periods,
        key=lambda period: (
            period.years is None,
            period.years or 0,
            -(period.transfer_years if period.transfer_years is not None else 10_000),
        ),
    )


def counted_from(closed: date) -> date:
    return date(closed.year + 1, 1, 1)


def ends(closed: date, period: Period) -> date | None:
    """The day from which the file may be appraised for destruction; None for one kept for ever."""
    return None if period.years is None else date(closed.year + 1 + period.years, 1, 1)


def due_for_transfer(closed: date, period: Period) -> date | None:
    """The day from which the file is to be handed over; None where its period has it kept where it is."""
    return None if period.transfer_years is None else date(closed.year + 1 + period.transfer_years, 1, 1)
