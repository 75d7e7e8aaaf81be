# SPDX-License-Identifier: Apache-2.0
"""How requests to a department's system and its replies are signed: HMAC-SHA-256 over lines of text.

    request:  zhengtong-request-1 \\n METHOD \\n path?query \\n timestamp \\n nonce \\n hex(SHA-256(body))
    reply:    zhengtong-reply-1   \\n STATUS \\n timestamp \\n nonce of the request \\n hex(SHA-256(body))

Headers `X-Zhengtong-Timestamp` (seconds since 1970), `X-Zhengtong-Nonce` (requests only) and
`X-Zhengtong-Signature` (hex). A reply is bound to its request by the nonce, so an old reply cannot be played
again. `examples/standin` holds an independent implementation of the other side.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SignedHeaders:
    """What a request carries besides its body."""

    timestamp: int
    nonce: str
    signature: str

    def as_headers(self) -> dict[str, str]:
        return {
            "X-Zhengtong-Timestamp": str(self.timestamp),
            "X-Zhengtong-Nonce": self.nonce,
            "X-Zhengtong-Signature": self.signature,
        }


def sign_request(secret: bytes, *, method: str, target: str, body: bytes, at: int, nonce: str) -> SignedHeaders:
    """Headers for a request; `target` is the path as sent, with its query."""
    parts = ("zhengtong-request-1", method, target, str(at), nonce, hashlib.sha256(body).hexdigest())
    return SignedHeaders(at, nonce, _mac(secret, parts))


def check_reply(
    secret: bytes, *, status: int, body: bytes, headers: Mapping[str, str], nonce: str, now: int, skew: int
) -> str | None:
    """None when the reply is the other side's answer to the request with `nonce`, else what is wrong with it."""
    stamp, given = headers.get("X-Zhengtong-Timestamp", ""), headers.get("X-Zhengtong-Signature", "")
    if not given or not stamp:
        return "unsigned"
    parts = ("zhengtong-reply-1", str(status), stamp, nonce, hashlib.sha256(body).hexdigest())
    # Bytes, because compare_digest refuses text beyond ASCII and the header is the other side's.
    if not hmac.compare_digest(_mac(secret, parts).encode(), given.encode()):
        return "wrong signature"
    if not (stamp.isascii() and stamp.isdigit()) or abs(int(stamp) - now) > skew:
        return "clocks differ too much"
    return None


def _mac(secret: bytes, parts: tuple[str, ...]) -> str:
    return hmac.new(secret, "\n".join(parts).encode(), hashlib.sha256).hexdigest()
