# SPDX-License-Identifier: Apache-2.0
"""The words that go with an act on a step, kept beside it and never in the record."""

from __future__ import annotations

import uuid

from zhengtong.acts.perform import Act
from zhengtong.errors import BadInput, FormFaults
from zhengtong.services.casework import CaseWork
from zhengtong.services.models import Memo


def words(text: str, *, field: str = "text") -> str:
    """What was said, without blanks around it. Raises `FormFaults` at `field` where nothing was said."""
    said = text.strip()
    if not said:
        raise FormFaults({field: BadInput("请写明理由或情况", "say why, or what was found")})
    return said


def keep_memo(act: Act, work: CaseWork, kind: str, text: str, *, about: str = "", waiting: bool = False) -> Memo:
    """Keep what the actor said about the step of `work`."""
    memo = Memo(
        step=work.step,
        reference=uuid.uuid4().hex,
        kind=kind,
        about=about,
        text=text,
        by=act.actor.id,
        said_us=act.now_us,
        waiting=waiting,
    )
    act.record("memo_kept", memo, [work.case_ref], {"kind": kind})
    return memo


def answer_memo(act: Act, work: CaseWork, kind: str) -> Memo:
    """The memo of `kind` that waited for an answer, which it has now."""
    memo: Memo = work.step.memos.filter(kind=kind, waiting=True).order_by("-id")[0]
    memo.waiting = False
    act.record("memo_answered", memo, [work.case_ref], {"kind": kind})
    return memo
