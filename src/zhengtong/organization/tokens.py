# SPDX-License-Identifier: Apache-2.0
"""API tokens as they come with a request: `zt_` and 43 characters (256 random bits)."""

from __future__ import annotations

import secrets
from hashlib import sha256

from zhengtong.acts.perform import now_us
from zhengtong.errors import NotSignedIn
from zhengtong.organization.models import ApiToken
from zhengtong.organization.tries import count_failure, require_patience

PREFIX = "zt_"


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def token_of(secret: str, address: str) -> ApiToken:
    """The valid token of a secret. Raises `NotSignedIn`, the same whatever is wrong; `TooMany` after many guesses."""
    from_there = [("token", address)]
    row = ApiToken.objects.select_related("account").filter(secret_hash=secret_hash(secret)).first()
    if row is not None and row.revoked_us is None and row.expires_us > now_us() and row.account.is_active:
        return row
    require_patience(from_there)
    count_failure(from_there)
    raise NotSignedIn("令牌无效、已过期或已撤销", "the token is unknown, expired or revoked")
