# SPDX-License-Identifier: Apache-2.0
"""Persons who come to the counter: found by their number, or entered without a sign-in of their own."""

from __future__ import annotations

from dataclasses import dataclass

from zhengtong.organization.models import Account


@dataclass(frozen=True)
class Person:
    """A natural person as identified at the counter. `identity_number` is checked by the caller."""

    name: str
    identity_number: str
    mobile: str = ""


def pseudonym_of(person: Person) -> str:
    """The person's pseudonym; enters an account without a password for one who has none yet."""
    account = Account.objects.filter(identity_number=person.identity_number).order_by("id").first()
    if account is None:
        account = Account(name=person.name, identity_number=person.identity_number, mobile=person.mobile)
        account.username = f"person-{account.pseudonym[:16]}"
        account.set_unusable_password()
        account.save()
    return account.pseudonym
