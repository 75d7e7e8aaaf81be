# SPDX-License-Identifier: Apache-2.0
"""What may be done to a case: the acts that `flow.apply` knows, each with the instant it happened, in µs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

DeliveryWay = Literal["in_person", "post", "electronic", "left", "public"]
"""直接、邮寄、电子、留置、公告送达: the ways of service that procedural law knows."""


@dataclass(frozen=True)
class Submit:
    """The applicant files the case: steps that wait for nothing become pending.

    `tolerated` are documents promised for later (容缺), each with the end of its promise in µs; `committed` those that
    a commitment stands for (告知承诺).
    """

    at_us: int
    tolerated: Mapping[str, int] = field(default_factory=dict)
    committed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Accept:
    """受理. `deemed` when the law says so because no correction was asked in time (行政许可法 art. 32): no fact is
    added then, the limits derive it from silence. `system` names the external system that accepted."""

    step: str
    at_us: int
    deemed: bool = False
    system: str = ""


@dataclass(frozen=True)
class NotAccept:
    """不予受理: the matter needs no licence or is not this department's."""

    step: str
    at_us: int
    code: str


@dataclass(frozen=True)
class AskCorrection:
    """一次性告知补正: everything that must be corrected, at once."""

    step: str
    at_us: int
    items: tuple[str, ...]


@dataclass(frozen=True)
class SupplyCorrection:
    """The applicant answers every open request for correction."""

    at_us: int


@dataclass(frozen=True)
class Pause:
    """Time excluded by law (hearing, inspection, expert review: 行政许可法 art. 45), told in writing; `days` are the
    working days the notice announces, 0 where it names none."""

    step: str
    at_us: int
    code: str
    days: int = 0


@dataclass(frozen=True)
class Resume:
    step: str
    at_us: int


@dataclass(frozen=True)
class Decide:
    """准予 or 不予, with a reason code when refused. `system` names the external system that decided. `parts` are the
    sub-items granted where the output has any; none named grants them all."""

    step: str
    at_us: int
    granted: bool
    code: str = ""
    system: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdraw:
    """The applicant withdraws what is not decided yet."""

    at_us: int


@dataclass(frozen=True)
class AskExtension:
    """The department asks its head for `days` more, in the unit of its limit."""

    step: str
    at_us: int
    days: int


@dataclass(frozen=True)
class Extend:
    """延长期限: the request is approved by a holder of the role `approver` (行政许可法 art. 42)."""

    step: str
    at_us: int
    approver: str


@dataclass(frozen=True)
class RefuseExtension:
    step: str
    at_us: int


@dataclass(frozen=True)
class Transfer:
    """The step goes to the department `to`; where that one must agree, it is asked. Clocks run on."""

    step: str
    at_us: int
    to: str


@dataclass(frozen=True)
class SignTransfer:
    """签收: the department that was asked takes the step over."""

    step: str
    at_us: int


@dataclass(frozen=True)
class ReturnTransfer:
    """退回: it does not; the step stays where it was."""

    step: str
    at_us: int


@dataclass(frozen=True)
class ScheduleInspection:
    """一同勘验: one appointment for all departments that share the inspection; `days` working days until it."""

    inspection: str
    at_us: int
    days: int = 0


@dataclass(frozen=True)
class RecordInspection:
    """What one department found at the inspection; a later record replaces an earlier one until the decision."""

    step: str
    at_us: int
    passed: bool


@dataclass(frozen=True)
class SupplyPromised:
    """The applicant supplies documents promised for later."""

    at_us: int
    materials: frozenset[str]


@dataclass(frozen=True)
class MissPromise:
    """Time alone: a promised document did not come by its day. `at_us` is that instant, however late it is recorded."""

    step: str
    at_us: int
    material: str


@dataclass(frozen=True)
class CheckCommitment:
    """The department checked afterwards what the applicant committed to."""

    step: str
    at_us: int
    material: str
    kept: bool


@dataclass(frozen=True)
class Deliver:
    """送达: the applicant has the result (行政许可法 art. 44)."""

    step: str
    at_us: int


@dataclass(frozen=True)
class Revoke:
    """撤销 (行政许可法 art. 69): what was granted is taken back; `cancel` (注销, art. 70) ends the output without a
    fault of the grant."""

    step: str
    at_us: int
    code: str
    cancel: bool = False


FlowAct = (
    Submit | Accept | NotAccept | AskCorrection | SupplyCorrection | Pause | Resume | Decide | Withdraw | AskExtension
    | Extend | RefuseExtension | Transfer | SignTransfer | ReturnTransfer | ScheduleInspection | RecordInspection
    | SupplyPromised | MissPromise | CheckCommitment | Deliver | Revoke
)  # fmt: skip
