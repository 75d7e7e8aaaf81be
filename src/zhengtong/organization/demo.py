# SPDX-License-Identifier: Apache-2.0
"""The accounts of the demo city. They are made, and offered at sign-in, only in demo mode."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import bulk, perform
from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.city.identifiers import id_check_character, uscc_check_character
from zhengtong.organization.actions.appoint import Appoint
from zhengtong.organization.actions.give_mandate import GiveMandate
from zhengtong.organization.actions.open_account import OpenAccount
from zhengtong.organization.actions.register_firm import RegisterFirm
from zhengtong.organization.models import Account
from zhengtong.organization.persons import Person
from zhengtong.organization.queries import actor_of

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
        DemoAccount("hotline", "许坐席", "hotline", "office"),
    ]
    surnames = "陈吴郑王冯褚卫蒋沈韩杨朱"
    keys = [d.key for d in city().all(Department) if d.key not in {"government", "office", "service-hall"}]
    people += [
        DemoAccount(f"officer-{key}", f"{surnames[i % len(surnames)]}科员", "officer", key)
        for i, key in enumerate(keys)
    ]
    people += [DemoAccount("owner", "罗店主"), DemoAccount("handler", "丁代办")]
    people += [
        DemoAccount(f"head-{key}", f"{surnames[(i + 5) % len(surnames)]}局长", "head", key)
        for i, key in enumerate(keys)
    ]
    return people


def _make_demo_firm() -> None:
    """A firm whose representative is `owner` and whose handler `handler` applies for it."""
    accounts = Account.objects.filter(username__in=("owner", "handler"))
    person = {a.username: Person(a.name, a.identity_number) for a in accounts}
    body = "92999900MA0DEM001"
    registration = RegisterFirm("明川清溪面馆", body + uscc_check_character(body), person["owner"])
    firm = perform(registration, SYSTEM, "demo/firm").result["firm"]
    owner = actor_of(Account.objects.get(username="owner"))
    perform(GiveMandate(person["handler"], firm), owner, "demo/handler")


def make_demo_accounts() -> int:
    """Make the demo's accounts where they are missing; returns how many were made."""
    hashed = make_password(PASSWORD)
    known = set(Account.objects.filter(demo=True).values_list("username", flat=True))
    missing = [(index, person) for index, person in enumerate(_people()) if person.username not in known]
    with bulk() as batch:
        for index, person in missing:
            batch.perform(_opening(person, index, hashed), SYSTEM, f"demo/account/{person.username}")
            if person.role:
                appointment = Appoint(person.username, person.role, person.department)
                batch.perform(appointment, SYSTEM, f"demo/appoint/{person.username}")
    if missing:
        _make_demo_firm()
    return len(missing)


def _opening(person: DemoAccount, index: int, hashed: str) -> OpenAccount:
    """Residents have a number and a telephone, as a sign-in with a national identity would give them."""
    if person.role:
        return OpenAccount(person.username, person.name, hashed, demo=True)
    body = f"999900199{index % 10}0312{100 + index:03d}"
    number = body + id_check_character(body)
    return OpenAccount(person.username, person.name, hashed, number, f"1380000{1000 + index}", demo=True)
