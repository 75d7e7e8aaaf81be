# SPDX-License-Identifier: Apache-2.0
"""Notices (文书) of a case: numbered in the act that causes them, typeset and signed right after it by a process."""

from __future__ import annotations

import uuid

from zhengtong.acts.perform import Act
from zhengtong.services.casework import CaseWork, calendar
from zhengtong.services.engine.notices import NoticeKind, notice_number
from zhengtong.services.models import Notice


def order_notice(act: Act, work: CaseWork, kind: NoticeKind, step: str = "", text: str = "") -> Notice:
    """Issue a notice of `kind` in the name of the step's department (the lead's for the whole case)."""
    department = work.steps[step].department if step else work.definition.event.lead
    issuer = work.definition.departments[department]
    year = calendar().date_of(act.now_us).year
    serial = act.next_number(f"notice/{department}/{kind}/{year}")
    notice = Notice(
        case=work.case,
        step=work.steps[step] if step else None,
        reference=uuid.uuid4().hex,
        number=notice_number((issuer.short or issuer.name).zh, kind, year, serial),
        kind=kind.value,
        department=department,
        issued_us=act.now_us,
        text=text,
    )
    about = {"kind": kind.value, "serial": serial, "year": year}
    act.record("notice_issued", notice, [work.case_ref], about)
    if not work.case.demo:  # a simulated past has thousands; its files are made when somebody opens them
        act.post("services.sign_notice", {"notice": notice.reference})
    return notice
