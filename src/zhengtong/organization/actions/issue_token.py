# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import BadInput, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.models import Account, ApiToken
from zhengtong.organization.rules.scopes import check_scopes

DAY_US = 86_400_000_000
HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class IssueToken(Action[On]):
    """Let another system into the API as its machine account, for `days`. The secret itself comes nowhere near here.

    Never for a person's account: a token would let whoever issues it act in that person's name.
    """

    verb: ClassVar[str] = "token.issue"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("data_bureau", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    username: str
    secret_hash: str
    scopes: tuple[str, ...]
    days: int

    def target(self, actor: Actor) -> On:
        return On(Subject("token"))

    def run(self, act: Act, target: On) -> Result:
        account = Account.objects.filter(username=self.username, machine=True, is_active=True).first()
        if account is None:
            raise NotFound(
                "没有这个系统账号；令牌只发给系统账号，不发给个人",
                "there is no such machine account; tokens are issued to machines, never to persons",
                found=self.username,
            )
        longest = settings.ZHENGTONG_TOKEN_DAYS
        if not 1 <= self.days <= longest:
            raise BadInput("令牌的有效天数不对", "a token cannot be valid for so long", where="days",
                           found=self.days, expected=f"1 – {longest}")  # fmt: skip
        if not HASH.fullmatch(self.secret_hash):
            raise BadInput("缺少令牌的散列值", "the hash of the secret is missing", expected=HASH.pattern)
        row = ApiToken(
            reference=uuid.uuid4().hex,
            account=account,
            secret_hash=self.secret_hash,
            scopes=list(check_scopes(self.scopes)),
            issued_us=act.now_us,
            expires_us=act.now_us + self.days * DAY_US,
        )
        about = {"scopes": row.scopes, "expires_us": row.expires_us}
        act.record("token_issued", row, [ObjectRef("person", account.pseudonym)], about)
        return {"token": row.reference}
