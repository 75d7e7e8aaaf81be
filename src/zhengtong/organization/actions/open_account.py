# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import BadInput, Conflict
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.organization.models import Account

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")


@dataclass(frozen=True)
class OpenAccount(Action[On]):
    """Let a person sign in. `password_hash` is made by the caller (`make_password`); the password itself comes nowhere.

    The record keeps the pseudonym alone; name and number stay in the account's row.
    """

    verb: ClassVar[str] = "account.open"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    username: str
    name: str
    password_hash: str
    identity_number: str = ""
    mobile: str = ""
    demo: bool = False
    machine: bool = False

    def target(self, actor: Actor) -> On:
        return On(Subject("account"))

    def run(self, act: Act, target: On) -> Result:
        if not USERNAME.fullmatch(self.username) or not self.name.strip():
            raise BadInput(
                "账号由小写字母、数字和 . _ - 组成，并且要有姓名",
                "an account is lower-case letters, digits and . _ -, with a person's name",
                found=self.username, expected=USERNAME.pattern,
            )  # fmt: skip
        if Account.objects.filter(username=self.username).exists():
            raise Conflict("这个账号已经存在", "this account exists already", found=self.username)
        account = Account.objects.create(
            username=self.username,
            name=self.name.strip(),
            password=self.password_hash,
            identity_number=self.identity_number,
            mobile=self.mobile,
            demo=self.demo,
            machine=self.machine,
        )
        about: dict[str, Value] = {"demo": self.demo, **({"machine": True} if self.machine else {})}
        act.emit("account_opened", [ObjectRef("person", account.pseudonym)], about)
        return {"account": account.pseudonym}
