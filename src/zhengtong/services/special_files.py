# SPDX-License-Identifier: Apache-2.0
"""Parts of this room's city files: lengths of time, and what may go beside a service's main line.

Each has to be declared before anybody can use it: a service whose file names no transfer is never transferred, a
document without a rule of tolerance is never left for later.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from zhengtong.city.definition import DepartmentRef, RoleRef
from zhengtong.city.kinds import Definition, Key, Reference
from zhengtong.city.text import Text
from zhengtong.services.rules.publicity import PublicNotice
from zhengtong.services.rules.regimes import Extension, Source

Days = Annotated[int, Field(ge=0, le=3660)]
Unit = Literal["working_days", "calendar_days", "hours"]
ServiceRef = Annotated[str, Reference("service")]
ReasonRef = Annotated[str, Reference("reason")]


class LimitFile(Definition):
    """A length of time: `near` says from how many units before its end it counts as near."""

    days: Days
    unit: Unit = "working_days"
    near: Days | None = None
    source: Text | None = None
    verified: bool = False


class FeeFile(Definition):
    """收费: what the person pays for a service, in whole fen; 0 is free. `per` says what one fee is for."""

    fen: Annotated[int, Field(ge=0, le=1_000_000_000)]
    per: Text | None = None
    source: Text
    verified: bool = False


class ExtensionFile(Definition):
    """How much longer a limit may become, in its own unit: `days` in all, approved by the role `approver`."""

    days: Days
    approver: RoleRef | None = None
    approver_name: Text | None = None
    times: Annotated[int, Field(ge=1, le=9)] = 1
    source: Text | None = None
    verified: bool = False

    @model_validator(mode="before")
    @classmethod
    def _named_only(cls, data: Any) -> Any:
        """Files and published versions of before named the approver in words; such a rule informs and extends nothing,
        because nobody could tell who may approve."""
        if isinstance(data, dict) and not isinstance(data.get("approver"), str | None):
            return {**data, "approver": None, "approver_name": data["approver"]}
        return data

    def compiled(self) -> Extension:
        source = Source(self.source.zh, self.verified) if self.source else None
        return Extension(self.days, self.approver or "", source, self.times)


class ToleranceFile(Definition):
    """容缺: how long the document may be missing from the day of application, and what happens when it stays away.

    `refuse`: nothing is granted before it comes. `revoke`: it may be granted meanwhile, and is revoked for it.
    """

    days: Annotated[int, Field(ge=1, le=3660)]
    unit: Literal["working_days", "calendar_days"] = "working_days"
    unsupplied: Literal["refuse", "revoke"]
    source: Text
    verified: bool = False


class CommitmentFile(Definition):
    """告知承诺: the words an applicant may commit to instead of bringing the document."""

    text: Text
    source: Text
    verified: bool = False


class PartFile(Definition):
    """A sub-item of an output that is granted or refused for itself."""

    key: Key
    name: Text


class TransferFile(Definition):
    """Departments that may take the step over; `agree`: only when they sign for it."""

    to: Annotated[list[DepartmentRef], Field(min_length=1)]
    agree: bool = True
    source: Text | None = None
    verified: bool = False


class PublicityFile(Definition):
    """公示: so long the matter is made public, from acceptance, before anything may be granted."""

    days: Annotated[int, Field(ge=1, le=366)]
    unit: Literal["working_days", "calendar_days"] = "calendar_days"
    source: Text
    verified: bool = False

    def compiled(self) -> PublicNotice:
        return PublicNotice(self.days, self.unit)


class InspectionFile(Definition):
    """一同勘验: one visit for several services; the lead department arranges it, each records what it found."""

    key: Key
    name: Text
    services: Annotated[list[ServiceRef], Field(min_length=1)]
    lead: DepartmentRef
