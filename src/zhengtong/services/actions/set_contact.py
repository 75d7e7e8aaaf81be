# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import BadInput, Conflict, FormFaults
from zhengtong.services.models import Contact

SALT = "contact"
GOOD_FOR_S = 3 * 86400


def _own(actor: Actor) -> On:
    return On(Subject("contact", actor.id, owners=frozenset({actor.id})))


@dataclass(frozen=True)
class SetContact(Action[On]):
    """How a person wants to be told. A new address counts once the person has opened the link sent to it."""

    verb: ClassVar[str] = "contact.set"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN),)

    email: str = ""
    wanted: bool = False
    electronic: bool = False
    language: str = "zh-hans"

    def target(self, actor: Actor) -> On:
        return _own(actor)

    def run(self, act: Act, target: On) -> Result:
        email = self.email.strip()
        if email or self.wanted:
            try:
                validate_email(email)
            except ValidationError:
                fault = BadInput("这不是电子邮箱地址", "this is no e-mail address", expected="name@example.org")
                raise FormFaults({"email": fault}) from None
        row = Contact.objects.select_for_update().filter(account=act.actor.id).first() or Contact(account=act.actor.id)
        if row.email != email:
            row.email, row.verified_us = email, None
        row.wanted, row.language = self.wanted, self.language
        row.electronic_us = (row.electronic_us or act.now_us) if self.electronic else None
        about = {"email": bool(email), "wanted": self.wanted, "electronic": self.electronic}
        act.record("contact_set", row, attributes=about)
        if email and row.verified_us is None:
            act.post("services.verify_email", {"account": act.actor.id})
        return {"verified": row.verified_us is not None}


@dataclass(frozen=True)
class VerifyEmail(Action[On]):
    """The link sent to the address was opened by the person it was sent to."""

    verb: ClassVar[str] = "contact.verify"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("resident", Relation.OWN),)

    token: str

    def target(self, actor: Actor) -> On:
        return _own(actor)

    def run(self, act: Act, target: On) -> Result:
        row = Contact.objects.select_for_update().filter(account=act.actor.id).first()
        try:
            said = signing.loads(self.token, salt=SALT, max_age=GOOD_FOR_S)
        except signing.BadSignature:
            said = None
        if row is None or said != {"account": row.account, "email": row.email}:
            zh, en = "链接已失效，请在“通知设置”中重新发送", "the link is no longer good; ask for a new one"
            raise Conflict(zh, en)
        if row.verified_us is None:
            row.verified_us = act.now_us
            act.record("contact_verified", row)
        return {"verified": True}


def token_for(row: Contact) -> str:
    return signing.dumps({"account": row.account, "email": row.email}, salt=SALT)
