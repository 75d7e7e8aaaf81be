# SPDX-License-Identifier: Apache-2.0
"""Outputs (结果) a granted step issues; an external system's own number is kept beside ours.

Where the city's file names an issuer, granting only orders the output: it is `being_issued` until the issuer's own
number arrives, which is never made up here.
"""

from __future__ import annotations

from zhengtong.acts.perform import Act
from zhengtong.services.casework import CaseWork, calendar
from zhengtong.services.models import Output


def issue_output(act: Act, work: CaseWork, step: str, issuer_number: str = "") -> Output:
    """Issue the output of a step that was just granted."""
    service = work.definition.services[step]
    year = calendar().date_of(act.now_us).year
    serial = act.next_number(f"output/{service.output.key}/{year}")
    output = Output(
        step=work.steps[step],
        number=f"{service.output.key}-{year}-{serial:06d}",
        key=service.output.key,
        issued_us=act.now_us,
        issuer_number=issuer_number,
        status="being_issued" if service.output.issuer and not issuer_number else "valid",
    )
    if output.status == "being_issued":
        act.post("services.issue", {"output": output.number})
    act.record("output_issued", output, [work.case_ref], {"key": output.key, "service": step})
    return output
