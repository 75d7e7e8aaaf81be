# SPDX-License-Identifier: Apache-2.0
"""Reasons a department may give: those the city lists for the use in hand."""

from __future__ import annotations

from zhengtong.errors import BadInput
from zhengtong.services.definition import ReasonFile
from zhengtong.services.published import LifeEvent


def reasons_for(event: LifeEvent, use: str) -> list[ReasonFile]:
    return [reason for reason in event.reasons.values() if reason.use == use]


def reason(event: LifeEvent, key: str, use: str) -> ReasonFile:
    """The reason `key`. Raises `BadInput` unless the city lists it for `use`."""
    found = event.reasons.get(key)
    if found is None or found.use != use:
        raise BadInput(
            "请从目录中选择理由", "choose a reason from the list",
            found=key or None, expected=", ".join(r.key for r in reasons_for(event, use)),
        )  # fmt: skip
    return found
