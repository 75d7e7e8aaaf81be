# SPDX-License-Identifier: Apache-2.0
"""Private keys under a passphrase: scrypt (RFC 7914, N = 2^15, r = 8, p = 1) and AES-256-GCM.

A box is a version byte, 16 bytes of salt, 12 of nonce, then the sealed bytes with their tag.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from zhengtong.errors import BadInput

VERSION = b"\x01"
SALT, NONCE = 16, 12
SHORTEST = 12
"""Characters of a passphrase. A backup can be tried offline for ever; shorter ones are found."""


def lock(content: bytes, passphrase: str) -> bytes:
    """Raises `BadInput` for a passphrase that is too short to protect anything."""
    if len(passphrase) < SHORTEST:
        raise BadInput(
            "口令太短，保护不了密钥", "the passphrase is too short to protect the keys",
            found=len(passphrase), expected=f"≥ {SHORTEST}",
        )  # fmt: skip
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    return VERSION + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, content, VERSION)


def unlock(box: bytes, passphrase: str) -> bytes:
    """Raises `BadInput` where the passphrase is another one or the box was changed: the two cannot be told apart."""
    salt, nonce, sealed = box[1 : 1 + SALT], box[1 + SALT : 1 + SALT + NONCE], box[1 + SALT + NONCE :]
    try:
        if box[:1] != VERSION:
            raise InvalidTag
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, VERSION)
    except (InvalidTag, ValueError):
        raise BadInput(
            "口令不对，或备份中的密钥已损坏", "the passphrase is another one, or the keys in the backup are damaged"
        ) from None


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
