# SPDX-License-Identifier: Apache-2.0
"""What an API token may be used for. A scope only narrows: authority is asked as for anybody else.

An account's roles say what it may do at all; a token is issued for the part of it that one system needs.
"""

from __future__ import annotations

from collections.abc import Iterable

from zhengtong.errors import BadInput

SCOPES = {
    "cases.read": ("查看办件、环节和文书", "read cases, steps and notices"),
    "cases.write": ("提交、补正、撤回办件，上传材料", "submit, correct and withdraw cases, upload documents"),
    "steps.act": ("办理本部门的环节", "act on the steps of its department"),
    "figures.read": ("查看统计数字", "read figures"),
}


def check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes in order, once each. Raises `BadInput` for none, or one that does not exist."""
    found = tuple(sorted(set(scopes)))
    unknown = [scope for scope in found if scope not in SCOPES]
    if unknown or not found:
        raise BadInput(
            "请选择令牌的用途", "choose what the token is for",
            found=", ".join(unknown) or None, expected=", ".join(SCOPES),
        )  # fmt: skip
    return found
