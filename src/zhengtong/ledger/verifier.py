# SPDX-License-Identifier: Apache-2.0
"""Check evidence of a Zhengtong log without trusting whoever runs it.

    python verifier.py BUNDLE --key KEYFILE --checkpoint NOTEFILE

One file, the standard library and `cryptography`: copy it anywhere (for logs with SM2 keys, `sm2.py` beside it).
The key and the checkpoint are what you trust, fetched by a way of your own; nothing in the bundle replaces them.

    proven        the record is in the tree of the checkpoint you trust, unchanged since it was recorded   exit 0
    promised      the log signed that it will be; not, or not yet, shown to be in the published tree       exit 1
    contradicted  something does not agree: the record, a signature, a proof                               exit 1
    (malformed)   this is no bundle, key or checkpoint at all                                              exit 2

Proofs follow RFC 9162, checkpoints and signatures the C2SP signed note. `rules/tree.py` proves and checks the same
tree for the application; the checks stand here a second time on purpose, so that this file stays alone.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "zhengtong-proof/1"
LEAF_VERSION = b"\x01"
ED25519 = b"\x01"
SM2 = b"\xffzhengtong.sm2.1\n"
"""Signature type bytes of the C2SP signed note; 0xff opens the range for types named by their users."""


class Said(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Malformed(Said, ValueError):
    """This is no bundle, key or checkpoint at all."""


class Contradiction(Said):
    """Something does not agree."""


@dataclass
class Verdict:
    """`state` is proven, promised or contradicted; `reasons` are pairs (zh, en); `event` the record checked."""

    state: str
    reasons: list[tuple[str, str]] = field(default_factory=list)
    event: dict[str, Any] | None = None
    index: int | None = None
    size: int | None = None
    overdue: bool = False


@dataclass(frozen=True)
class PublicKey:
    """A log's verification key: `name` is the log's origin, `kind` the signature type, `raw` the key's bytes."""

    name: str
    kind: bytes
    raw: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read a key file: lines of comment (#) and one C2SP key `name+id+base64`. Raises `Malformed`."""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        parts = lines[0].split("+", 2) if len(lines) == 1 else []
        if len(parts) == 3:
            raw = unbase64(parts[2])
            for kind, length in ((ED25519, 32), (SM2, 65)):
                if raw.startswith(kind) and len(raw) == len(kind) + length:
                    key = cls(parts[0], kind, raw[len(kind) :])
                    if parts[1] == key.id.hex():
                        return key
        raise Malformed("这不是公钥文件", "this is not a key file")

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart (C2SP signed note); never a substitute for the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.raw).digest()[:4]

    def text(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.kind + self.raw).decode()}"

    def verify(self, message: bytes, signature: bytes) -> bool:
        if self.kind == SM2:
            return _sm2()(self.raw, message, signature)
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def open(self, note: str) -> list[str] | None:
        """The lines of a signed note if this key signed it, else None. Raises `Malformed` if it is no note."""
        text, blank, signatures = note.rpartition("\n\n")
        if not blank or not text or not signatures.endswith("\n"):
            raise Malformed("这不是带签名的文本", "this is not a signed note")
        message = (text + "\n").encode()
        for line in signatures[:-1].split("\n"):
            dash, name, code = [*line.split(" ", 2), "", "", ""][:3]
            if dash != "—" or not code:
                raise Malformed("签名行格式不对", "a signature line is malformed")
            signature = unbase64(code)
            if name == self.name and signature[:4] == self.id and self.verify(message, signature[4:]):
                return text.split("\n")
        return None


@dataclass(frozen=True)
class Checkpoint:
    size: int
    root: bytes
    time_us: int
    hash: str


def open_checkpoint(key: PublicKey, note: str) -> Checkpoint | None:
    """The checkpoint in `note`, or None when `key` did not sign it *as a checkpoint*. Raises `Malformed`."""
    lines = key.open(note)
    if lines is None or lines[0] != key.name or len(lines) != 5:
        return None
    extra = dict(line.partition(" ")[::2] for line in lines[3:])
    return Checkpoint(_number(lines[1]), unbase64(lines[2]), _number(extra.get("time")), hash_name(extra.get("hash")))


def open_promise(key: PublicKey, note: str) -> dict[str, Any] | None:
    """Event id, leaf hash and times (µs recorded, s of delay) in `note`, or None if `key` signed no such promise."""
    lines = key.open(note)
    if lines is None or lines[0] != f"{key.name}/promise":
        return None
    said = dict(line.partition(" ")[::2] for line in lines[1:])
    if set(said) != {"event", "leaf", "time", "within", "hash"}:
        return None
    times = _number(said["time"]), _number(said["within"])
    return {"event": said["event"], "leaf": unbase64(said["leaf"]), "times": times, "hash": hash_name(said["hash"])}


Check = Callable[[Mapping[str, Any], Mapping[str, Any], bytes | None], None]
KINDS: dict[str, Check] = {"event": lambda _bundle, _event, _document: None}
"""What a bundle of each kind must show beyond its event: (bundle, event, attached file); raises `Contradiction`."""


def kind(name: str) -> Callable[[Check], Check]:
    """Register the check of a kind of bundle. A name taken twice raises `KeyError`."""
    if name in KINDS:
        raise KeyError(name)
    return lambda check: KINDS.setdefault(name, check)


@kind("document")
def _document(bundle: Mapping[str, Any], event: Mapping[str, Any], document: bytes | None) -> None:
    """A file whose SHA-256 (hex) the event carries under the attribute that the bundle names."""
    if document is None:
        raise Malformed("请同时给出要核验的文件（--document）", "give the file to check as well (--document)")
    if event["attributes"].get(str(bundle.get("attribute"))) != hashlib.sha256(document).hexdigest():
        raise Contradiction("文件与存证时的内容不一致", "the file is not the one that was recorded")


def verify_bundle(
    bundle: str | Mapping[str, Any],
    key: str,
    checkpoint: str | None = None,
    *,
    now_us: int | None = None,
    document: bytes | None = None,
) -> Verdict:
    """Judge a bundle against the text of a trusted key file and of a trusted checkpoint. Raises `Malformed`.

    Without `checkpoint` nothing is ever proven. `now_us` tells whether a promise is overdue.
    """
    trusted = PublicKey.parse(key)
    read = _json(bundle) if isinstance(bundle, str) else bundle
    if not isinstance(read, Mapping) or read.get("format") != FORMAT or str(read.get("kind")) not in KINDS:
        raise Malformed("这不是可识别的存证凭证", "this is no bundle of a known format and kind")
    leaf = _text(read, "leaf")
    event = _json(leaf)
    if not isinstance(event, dict) or not isinstance(event.get("attributes"), dict) or "id" not in event:
        raise Malformed("凭证中没有事件内容", "the bundle holds no event")
    if read.get("promise") is None and read.get("proof") is None:
        raise Malformed("凭证中既无承诺也无证明", "the bundle holds neither a promise nor a proof")
    verdict = Verdict("promised", event=event)
    try:
        if read.get("promise") is not None:
            _check_promise(trusted, read, verdict, now_us)
        if read.get("proof") is not None:
            _check_proof(trusted, read, checkpoint, verdict)
        KINDS[str(read["kind"])](read, event, document)
    except Contradiction as found:
        verdict.state, verdict.reasons = "contradicted", [(found.zh, found.en)]
    return verdict


def _check_promise(trusted: PublicKey, bundle: Mapping[str, Any], verdict: Verdict, now_us: int | None) -> None:
    leaf, event = _text(bundle, "leaf"), verdict.event or {}
    if (promise := open_promise(trusted, _text(bundle, "promise"))) is None:
        raise Contradiction("承诺不是由你信任的密钥签发的", "the key you trust did not sign this promise")
    if promise["event"] != event["id"] or promise["leaf"] != _leaf_hash(promise["hash"], leaf):
        raise Contradiction("记录内容与承诺不一致", "the record is not the one that was promised")
    due = promise["times"][0] + promise["times"][1] * 1_000_000
    verdict.overdue = bundle.get("proof") is None and now_us is not None and now_us > due
    late = ("已超过承诺的封存期限", "the promise is overdue: it should have been sealed by now")
    verdict.reasons = [late if verdict.overdue else ("已承诺存证，尚未证明", "promised, not yet proven")]


def _check_proof(trusted: PublicKey, bundle: Mapping[str, Any], checkpoint: str | None, verdict: Verdict) -> None:
    leaf, index, proof = _text(bundle, "leaf"), bundle.get("index"), _hashes(bundle.get("proof"))
    if not isinstance(index, int) or isinstance(index, bool):
        raise Malformed("凭证中没有叶序号", "the bundle names no leaf index")
    if (own := open_checkpoint(trusted, _text(bundle, "checkpoint"))) is None:
        raise Contradiction("凭证的检查点不是由该密钥签发的", "the key did not sign the bundle's checkpoint")
    verdict.index, verdict.size = index, own.size
    if not included(own, _leaf_hash(own.hash, leaf), index, proof):
        raise Contradiction(
            "记录或其证明被改动过，不在树中", "the record or its proof was changed: it is not in the tree"
        )
    if checkpoint is None:
        verdict.reasons = [("没有给出可信的检查点，只能算作承诺", "no trusted checkpoint was given: a promise only")]
        return
    if (known := open_checkpoint(trusted, checkpoint)) is None:
        raise Contradiction("你给出的检查点不是由该密钥签发的", "the key did not sign the checkpoint you gave")
    linked = _linked(bundle, own, known)
    if linked is False:
        raise Contradiction("日志的历史被改写：检查点不一致", "history was rewritten: the checkpoints disagree")
    if linked:
        verdict.state, verdict.reasons = "proven", [("自记录以来未被改动", "unchanged since recorded")]
        return
    verdict.reasons = [
        ("与可信检查点之间缺少一致性证明，请重新取证", "not linked to the trusted checkpoint: fetch it anew")
    ]


def _linked(bundle: Mapping[str, Any], own: Checkpoint, known: Checkpoint) -> bool | None:
    """Whether both checkpoints are of one growing tree; None if the bundle does not say."""
    if own.hash != known.hash:
        return False
    if own.size == known.size:
        return own.root == known.root
    old, new = sorted((own, known), key=lambda one: one.size)
    link = bundle.get("consistency")
    if not isinstance(link, Mapping) or (link.get("old"), link.get("new")) != (old.size, new.size):
        return None
    return consistent(old, new, _hashes(link.get("proof")))


def hash_name(name: object) -> str:
    if name not in {"sha256", "sm3"}:
        raise Malformed("未知的散列算法", "the hash algorithm is unknown")
    return str(name)


def digest(name: str, data: bytes) -> bytes:
    """SHA-256 or SM3; the latter by `cryptography`, since not every OpenSSL behind hashlib carries it."""
    if name == "sha256":
        return hashlib.sha256(data).digest()
    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(data)
    return sm3.finalize()


def _leaf_hash(name: str, leaf: str) -> bytes:
    return digest(name, b"\x00" + LEAF_VERSION + leaf.encode())


def included(checkpoint: Checkpoint, leaf: bytes, index: int, proof: Sequence[bytes]) -> bool:
    """RFC 9162 §2.1.3.2, for a leaf hash."""
    if not 0 <= index < checkpoint.size:
        return False
    last, found = checkpoint.size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = digest(checkpoint.hash, b"\x01" + other + found)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found = digest(checkpoint.hash, b"\x01" + found + other)
        index, last = index >> 1, last >> 1
    return last == 0 and found == checkpoint.root


def consistent(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> bool:
    """RFC 9162 §2.1.4.2, for two different sizes."""
    if not 0 < old.size < new.size or not proof:
        return False
    path = [old.root, *proof] if old.size & (old.size - 1) == 0 else list(proof)
    index, last = old.size - 1, new.size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            before = digest(old.hash, b"\x01" + other + before)
            after = digest(old.hash, b"\x01" + other + after)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            after = digest(old.hash, b"\x01" + after + other)
        index, last = index >> 1, last >> 1
    return last == 0 and before == old.root and after == new.root


def _sm2() -> Callable[[bytes, bytes, bytes], bool]:
    """SM2 verification, from the house or from `sm2.py` copied beside this file."""
    try:
        from zhengtong.ledger.sm2 import verify
    except ImportError:
        from sm2 import verify  # type: ignore[import-not-found, no-redef]
    return verify


def unbase64(text: object) -> bytes:
    """Strict base64: one text for one value, so that no changed letter can go unnoticed."""
    try:
        read = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        read = b""
    if not read or base64.b64encode(read).decode() != text:
        raise Malformed("不是规范的 base64", "this is not canonical base64")
    return read


def _number(text: object) -> int:
    if isinstance(text, str) and text.isascii() and text.isdecimal() and str(int(text[:17])) == text:
        return int(text)
    raise Malformed("这里应为非负整数", "a non-negative integer belongs here")


def _hashes(value: object) -> list[bytes]:
    if not isinstance(value, list):
        raise Malformed("证明应为散列值列表", "a proof is a list of hashes")
    return [unbase64(entry) for entry in value]


def _text(bundle: Mapping[str, Any], name: str) -> str:
    value = bundle.get(name)
    if not isinstance(value, str) or value != value.encode(errors="ignore").decode():
        raise Malformed(f"凭证缺少 {name}", f"the bundle lacks {name}")
    return value


def _json(text: str) -> Any:
    def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unrepeated)
    except (ValueError, RecursionError):
        raise Malformed("不是有效的 JSON", "this is not valid JSON") from None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="凭证 the bundle to check (JSON)")
    parser.add_argument("--key", type=Path, required=True, help="可信公钥 the log's key, as you trust it")
    parser.add_argument("--checkpoint", type=Path, help="可信检查点 a published checkpoint, as you trust it")
    parser.add_argument("--document", type=Path, help="文件 the file a document bundle speaks of")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出 print JSON")
    chosen = parser.parse_args(arguments)
    try:
        verdict = verify_bundle(
            chosen.bundle.read_text("utf-8"),
            chosen.key.read_text("utf-8"),
            chosen.checkpoint.read_text("utf-8") if chosen.checkpoint else None,
            now_us=time.time_ns() // 1000,
            document=chosen.document.read_bytes() if chosen.document else None,
        )
    except (Malformed, OSError, UnicodeDecodeError) as error:
        zh, en = (error.zh, error.en) if isinstance(error, Malformed) else ("无法读取文件", str(error))
        sys.stderr.write(f"{zh} / {en}\n")
        return 2
    if chosen.json:
        sys.stdout.write(json.dumps(vars(verdict), ensure_ascii=False) + "\n")
    else:
        reasons = "".join(f"  {zh} / {en}\n" for zh, en in verdict.reasons)
        sys.stdout.write(f"{verdict.state}\n{reasons}")
    return 0 if verdict.state == "proven" else 1


if __name__ == "__main__":
    sys.exit(main())
