# SPDX-License-Identifier: Apache-2.0
"""The accounts of the demo city. They are made, and offered at sign-in, only in demo mode."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.city.identifiers import id_check_character
from zhengtong.organization.models import Account, Appointment

PASSWORD = "mingchuan-demo"  # noqa: S105  # a demo's password is public on purpose


@dataclass(frozen=True)
class DemoAccount:
    username: str
    name: str
    role: str = ""
    department: str = ""


def _people() -> list[DemoAccount]:
    people = [
        DemoAccount("parent", "林晓梅"),
        DemoAccount("neighbour", "周立群"),
        DemoAccount("clerk", "何窗口", "clerk", "service-hall"),
        DemoAccount("office", "蒋督查", "government_office", "office"),
        DemoAccount("leader", "沈市长", "leader"),
        DemoAccount("bureau", "梁数据", "data_bureau", "data"),
        DemoAccount("auditor", "秦审计", "auditor"),
    ]
    surnames = "陈吴郑王冯褚卫蒋沈韩杨朱"
    keys = [d.key for d in city().all(Department) if d.key not in {"government", "office", "service-hall"}]
    people += [
        DemoAccount(f"officer-{key}", f"{surnames[i % len(surnames)]}科员", "officer", key)
        for i, key in enumerate(keys)
    ]
    return people


def make_demo_accounts() -> int:
    """Make the demo's accounts where they are missing; returns how many were made."""
    hashed = make_password(PASSWORD)
    made = 0
    for index, person in enumerate(_people()):
        account, created = Account.objects.get_or_create(
            username=person.username,
            defaults={"name": person.name, "password": hashed, "demo": True},
        )
        if not created:
            continue
        made += 1
        if person.role:
            Appointment.objects.create(account=account, role=person.role, department=person.department)
        else:
            body = f"999900199{index % 10}0312{100 + index:03d}"
            account.identity_number = body + id_check_character(body)
            account.mobile = f"1380000{1000 + index}"
            account.save(update_fields=["identity_number", "mobile"])
    return made
