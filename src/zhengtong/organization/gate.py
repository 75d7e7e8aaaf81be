# SPDX-License-Identifier: Apache-2.0
"""The door of every page: may this reader come in at all? Authority over one object is asked again with the object."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest

from zhengtong.acts.authority import rules
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.city.text import Text
from zhengtong.errors import Refused
from zhengtong.organization.models import Account
from zhengtong.organization.queries import actor


def gate(request: HttpRequest, permission: str, arguments: Mapping[str, object]) -> None:
    """Raise `Refused` unless the reader holds one of the roles some rule of `permission` names."""
    allowed = rules().get(permission, ())
    if not any(actor(request).holds(rule.role) for rule in allowed):
        roles = ", ".join(sorted({rule.role for rule in allowed})) or "–"
        raise Refused("您没有打开这个页面所需的角色", "you do not hold a role this page is for", expected=roles)


def reader(request: HttpRequest) -> object:
    """The signed-in person's name, with the department where there is one."""
    assert isinstance(request.user, Account)  # noqa: S101  # the registry asks for signed-in people only
    department = actor(request).department
    if not department:
        return request.user.name
    short = city().get(Department, department)
    name = short.short or short.name
    return Text(zh=f"{name.zh} · {request.user.name}", en=f"{name.en} · {request.user.name}")
