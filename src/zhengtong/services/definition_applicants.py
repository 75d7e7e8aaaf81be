# SPDX-License-Identifier: Apache-2.0
"""The city file of the people's side: how long drafts are kept, and what else a term decides for applicants."""

from __future__ import annotations

from zhengtong.city import kinds
from zhengtong.city.kinds import Definition, Key, Kind
from zhengtong.city.text import Text
from zhengtong.services.definition import LimitFile


class ApplicantsFile(Definition):
    """Terms of the people's side. Where one is missing, time alone does nothing: a draft is kept until deleted."""

    key: Key
    name: Text
    drafts: LimitFile | None = None


kinds.register(
    Kind("applicants", "standards/applicants.yaml", ApplicantsFile, Text(zh="申请人规则", en="rules for applicants"))
)
