# SPDX-License-Identifier: Apache-2.0
"""Issuers: who makes the certificate of a granted step where the city does not.

The house's own issuer is the default: the notice of the grant, signed. Where the service's file names a system
(`output.issuer`), the output is ordered of it through the outbox, over the signed protocol of external systems, and
asked for until its number arrives; when the output is revoked here, the issuer is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.outbox import SECOND, Again, handles
from zhengtong.acts.perform import perform
from zhengtong.errors import Conflict, NotFound
from zhengtong.services.actions.record_issued import RecordIssued
from zhengtong.services.casework import CaseWork, open_case
from zhengtong.services.engine.external import Declined, Granted, Pending
from zhengtong.services.external_work import ORDER
from zhengtong.services.models import Output
from zhengtong.services.systems import client

POLL_US = 3 * SECOND


def _ordered(number: str) -> tuple[Output, CaseWork, str, str]:
    """The output, its case, its issuer, and the reference by which both houses know it. Raises `NotFound`."""
    output = Output.objects.filter(number=number).select_related("step__case").first()
    if output is None:
        raise NotFound("没有这个结果", "there is no such output", found=number[:64])
    work = open_case(output.step.case.number, output.step.key, lock=False)
    issuer = work.definition.services[output.step.key].output.issuer or ""
    return output, work, issuer, f"{output.step.reference}{ORDER}"


@handles("services.issue")
def issue(payload: Mapping[str, Any]) -> Again | None:
    """Order the output of its issuer, then ask until it has answered. Ordering again changes nothing."""
    output, work, issuer, reference = _ordered(payload["output"])
    if output.status != "being_issued":
        return None
    remote = client(issuer)
    try:
        outcome = remote.poll(reference)
    except NotFound:
        outcome = remote.push(reference, output.key, _asked(output, work))
    if isinstance(outcome, Pending):
        return Again(POLL_US)
    answer = RecordIssued(output.number, issuer)
    if isinstance(outcome, Granted):
        issued_us = int(outcome.issued_at.timestamp() * 1_000_000)
        answer = RecordIssued(output.number, issuer, outcome.output, issued_us)
    elif isinstance(outcome, Declined):
        answer = RecordIssued(output.number, issuer, reason=outcome.reason)
    try:
        perform(answer, SYSTEM, f"issued/{reference}")
    except Conflict:  # revoked here while the answer was on its way; the revocation tells the issuer
        output.refresh_from_db()
        if output.status == "being_issued":
            raise
    return None


def _asked(output: Output, work: CaseWork) -> dict[str, object]:
    """Our number, and only the elements that the granted service needed."""
    elements = work.definition.services[output.step.key].elements
    values = {key: work.form.values[key] for key in elements if key in work.form.values}
    return {"grant": output.number, "values": values}


@handles("services.end_issued")
def end_issued(payload: Mapping[str, Any]) -> None:
    """Tell the issuer that what it issued is revoked or cancelled. What it never had it need not end."""
    _, _, issuer, reference = _ordered(payload["output"])
    try:
        client(issuer).end(reference, str(payload["reason"]))
    except NotFound:
        return
