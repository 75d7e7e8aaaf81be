# SPDX-License-Identifier: Apache-2.0
"""The served city's rules for applicants, and the terms they set."""

from __future__ import annotations

from zhengtong.acts.serving import city
from zhengtong.services.casework import calendar
from zhengtong.services.definition import LimitFile
from zhengtong.services.definition_applicants import ApplicantsFile
from zhengtong.services.rules.clock import HOUR_US, advance, day_of


def applicants() -> ApplicantsFile | None:
    """None where the city has no such file: then no term of the people's side runs."""
    found = city().all(ApplicantsFile)
    return found[0] if found else None


def end_of_term(term: LimitFile, from_us: int) -> int:
    """The last microsecond of a term that begins at `from_us`, whose own day is not counted."""
    if term.unit == "hours":
        return from_us + term.days * HOUR_US
    days = calendar()
    return days.end_of_day(advance(term.unit, day_of(from_us, days), term.days, days))
