# SPDX-License-Identifier: Apache-2.0
"""The city file of the people's side: how long drafts are kept, and what else a term decides for applicants."""

from __future__ import annotations

from zhengtong.city import kinds
from zhengtong.city.definition import DepartmentRef
from zhengtong.city.kinds import Definition, Key, Kind
from zhengtong.city.text import Text
from zhengtong.services.definition import LimitFile


class ApplicantsFile(Definition):
    """Terms of the people's side. Where one is missing, time alone does nothing: a draft is kept until deleted."""

    key: Key
    name: Text
    drafts: LimitFile | None = None
    remind: LimitFile | None = None
    served: LimitFile | None = None


class SubscriptionFile(Definition):
    """A department's own system that is told by a signed webhook. Its address and secret are settings, not files."""

    key: Key
    name: Text
    department: DepartmentRef
    of: list[Key] = []


kinds.register(
    Kind("applicants", "standards/applicants.yaml", ApplicantsFile, Text(zh="申请人规则", en="rules for applicants"))
)
kinds.register(
    Kind(
        "subscription",
        "organization/subscriptions.yaml",
        SubscriptionFile,
        Text(zh="通知接口", en="webhook subscription"),
        one_per_file=False,
    )
)
