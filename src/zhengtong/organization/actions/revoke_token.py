# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import Conflict, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.models import ApiToken


@dataclass(frozen=True)
class RevokeToken(Action[On]):
    """Take a token back. The next request that carries it is refused."""

    verb: ClassVar[str] = "token.revoke"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("data_bureau", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    token: str

    def target(self, actor: Actor) -> On:
        return On(Subject("token", self.token))

    def run(self, act: Act, target: On) -> Result:
        row = ApiToken.objects.select_for_update().filter(reference=self.token).first()
        if row is None:
            raise NotFound("没有这个令牌", "there is no such token", found=self.token)
        if row.revoked_us is not None:
            raise Conflict("这个令牌已经撤销", "this token was revoked already", where=self.token)
        row.revoked_us = act.now_us
        act.record("token_revoked", row, [ObjectRef("person", row.account.pseudonym)])
        return {"token": row.reference}
