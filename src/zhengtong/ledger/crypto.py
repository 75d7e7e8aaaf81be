# SPDX-License-Identifier: Apache-2.0
"""Hash and signature behind one door: Ed25519 or SM2, SHA-256 or SM3, chosen once for a log.

The private key lies in `STATE/keys`, made on first use, readable by its owner only. It belongs to a machine's
administrator; who holds it can sign a second history, which is why checkpoints are published outside.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zhengtong.errors import BadInput, Refused, Unavailable
from zhengtong.ledger import sm2
from zhengtong.ledger.rules import notes
from zhengtong.ledger.verifier import ED25519, SM2, PublicKey, digest

SUITES = ("ed25519-sha256", "ed25519-sm3", "sm2-sm3", "sm2-sha256")


@dataclass(frozen=True)
class CryptoProvider:
    """`suite` is "signature-hash"; `kind` and `public` are the public key as `verifier.PublicKey` has it."""

    suite: str
    kind: bytes
    public: bytes
    sign: Callable[[bytes], bytes]

    @classmethod
    def from_state(cls, state: Path, suite: str = SUITES[0]) -> CryptoProvider:
        """The provider whose key lies in `state`/keys, made now if there is none.

        Raises `BadInput` for an unknown suite or a file that is no key, `Refused` for a key others can read,
        `Unavailable` where libcrypto has no SM2.
        """
        if suite not in SUITES:
            raise BadInput("未知的密码套件", "the suite is unknown", found=suite, expected=" | ".join(SUITES))
        scheme = suite.partition("-")[0]
        path = state / "keys" / f"log-{scheme}.key"
        try:
            secret = _read_or_make(path, _new_ed25519 if scheme == "ed25519" else sm2.generate)
            if scheme == "sm2":
                pair = sm2.PrivateKey(secret)
                return cls(suite, SM2, pair.point, pair.sign)
            key = Ed25519PrivateKey.from_private_bytes(secret)
        except sm2.NoSm2 as error:
            raise Unavailable("本机不支持 SM2", "SM2 is not to be had on this machine", found=str(error)) from None
        except ValueError:
            raise BadInput("密钥文件损坏", "the key file is damaged", where=path.name) from None
        return cls(suite, ED25519, key.public_key().public_bytes_raw(), key.sign)

    @property
    def hash_name(self) -> str:
        return self.suite.partition("-")[2]

    def hash(self, data: bytes) -> bytes:
        return digest(self.hash_name, data)

    def public_key(self, name: str) -> PublicKey:
        return PublicKey(notes.check_origin(name), self.kind, self.public)

    def key_file(self, name: str) -> str:
        """The small text file others keep: the log's public key under its name, with its id."""
        return f"# 政通 Zhengtong: 日志公钥 public key of a log, {self.suite}\n{self.public_key(name).text()}\n"

    def note(self, text: str, name: str) -> str:
        """`text` signed as a note in the name of the log."""
        return notes.signed(text, name=name, key_id=self.public_key(name).id, signature=self.sign(text.encode()))


def _new_ed25519() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )


def _read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes of a key file. Two processes starting at once agree: the first to link its file wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise Refused(
            "私钥文件可被他人读取",
            "others can read the private key",
            where=path.name,
            found=oct(mode),
            expected="0o600",
        )
    return path.read_bytes()
