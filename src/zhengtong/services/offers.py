# SPDX-License-Identifier: Apache-2.0
"""What an applicant may do instead of bringing a document now: promise it (容缺) or commit to it (告知承诺)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from zhengtong.errors import BadInput, FormFaults, ZhengtongError
from zhengtong.services.casework import calendar
from zhengtong.services.published import Answers, LifeEvent, Values
from zhengtong.services.rules.clock import Segment, due
from zhengtong.services.special_files import CommitmentFile, ToleranceFile


@dataclass(frozen=True)
class Offer:
    """For one document: what every service that needs it allows."""

    tolerance: ToleranceFile | None = None
    commitment: CommitmentFile | None = None


@dataclass(frozen=True)
class Instead:
    """What was chosen instead of documents: promised ends in µs by document, and documents committed to."""

    tolerated: Mapping[str, int] = field(default_factory=dict)
    committed: frozenset[str] = frozenset()


def offers(event: LifeEvent, answers: Answers, values: Values) -> dict[str, Offer]:
    """Documents of this situation that something may stand for. Of several services the shortest tolerance counts."""
    found: dict[str, Offer] = {}
    for ask in event.uploads(answers, values):
        key = ask.material.key
        users = [m for service in ask.services for m in event.services[service].materials if m.key == key]
        tolerances = [m.tolerance for m in users if m.tolerance]
        commitments = [m.commitment for m in users if m.commitment]
        tolerance = min(tolerances, key=lambda one: one.days) if len(tolerances) == len(users) else None
        commitment = commitments[0] if len(commitments) == len(users) else None
        if tolerance or commitment:
            found[key] = Offer(tolerance, commitment)
    return found


def missing_documents(
    event: LifeEvent,
    answers: Answers,
    values: Values,
    *,
    given: Collection[str],
    promised: Collection[str] = (),
    committed: Collection[str] = (),
) -> dict[str, ZhengtongError]:
    """What is wrong with the documents: those neither brought nor stood for in a way their services allow."""
    allowed = offers(event, answers, values)
    faults: dict[str, ZhengtongError] = {}
    for ask in event.uploads(answers, values):
        key, offer = ask.material.key, allowed.get(ask.material.key, Offer())
        if key in given or (offer.commitment and key in committed) or (offer.tolerance and key in promised):
            continue
        if offer.tolerance:
            faults[key] = BadInput(
                f"请上传这份材料，或者承诺在 {offer.tolerance.days} 日内补交",
                f"add this document, or promise it within {offer.tolerance.days} days",
            )
        elif offer.commitment:
            faults[key] = BadInput("请上传这份材料，或者作出承诺", "add this document, or make the commitment")
        elif ask.material.necessity == "required":
            faults[key] = BadInput("请上传这份材料", "please add this document")
    return faults


def stands_for(
    event: LifeEvent, answers: Answers, values: Values, *, given: Collection[str], promised: Collection[str],
    committed: Collection[str], now_us: int,
) -> Instead:  # fmt: skip
    """What stands for missing documents, with the end of each promise. Raises `FormFaults` for what is not enough.

    What was promised and brought all the same is no promise.
    """
    faults = missing_documents(event, answers, values, given=given, promised=promised, committed=committed)
    if faults:
        raise FormFaults(faults)
    if not promised and not committed:
        return Instead()
    tolerated: dict[str, int] = {}
    chosen: set[str] = set()
    for key, offer in offers(event, answers, values).items():
        if key in given:
            continue
        if offer.commitment and key in committed:
            chosen.add(key)
        elif offer.tolerance and key in promised:
            end = due(offer.tolerance.unit, offer.tolerance.days, [Segment(now_us)], calendar())
            assert end is not None  # noqa: S101 -- a term that nothing pauses has an end
            tolerated[key] = end.at_us
    return Instead(tolerated, frozenset(chosen))
