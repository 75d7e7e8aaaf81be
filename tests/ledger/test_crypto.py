# SPDX-License-Identifier: Apache-2.0
"""Keys, signatures, notes."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhengtong.errors import BadInput, Refused
from zhengtong.ledger import sm2, verifier
from zhengtong.ledger.crypto import SUITES, CryptoProvider
from zhengtong.ledger.rules import notes

NAME = "衡川市/0a1b2c3d"


def note_of(crypto: CryptoProvider, size: int = 7, root: bytes = b"r" * 32, name: str = NAME) -> str:
    text = notes.checkpoint_text(origin=name, size=size, root=root, time_us=5, hash=crypto.hash_name)
    return crypto.note(text, name)


@pytest.fixture(params=SUITES)
def crypto(request: pytest.FixtureRequest, tmp_path: Path) -> CryptoProvider:
    return CryptoProvider.from_state(tmp_path, request.param)


def test_a_note_opens_with_its_key_and_says_what_was_signed(crypto: CryptoProvider) -> None:
    key = verifier.PublicKey.parse(crypto.key_file(NAME))
    opened = verifier.open_checkpoint(key, note_of(crypto))
    assert opened == verifier.Checkpoint(7, b"r" * 32, 5, crypto.hash_name)


def test_one_changed_byte_anywhere_in_a_note_is_refused(crypto: CryptoProvider) -> None:
    key, note = verifier.PublicKey.parse(crypto.key_file(NAME)), note_of(crypto)
    raw = note.encode()
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        try:
            assert verifier.open_checkpoint(key, changed.decode()) is None
        except (verifier.Malformed, UnicodeDecodeError):
            continue


def test_another_key_of_the_same_name_opens_nothing(crypto: CryptoProvider, tmp_path: Path) -> None:
    other = CryptoProvider.from_state(tmp_path / "other", crypto.suite)
    key = verifier.PublicKey.parse(other.key_file(NAME))
    assert verifier.open_checkpoint(key, note_of(crypto)) is None
    relabelled = note_of(crypto).replace(NAME, "别的/1")
    assert verifier.open_checkpoint(verifier.PublicKey.parse(crypto.key_file(NAME)), relabelled) is None


def test_a_signature_does_not_carry_over_to_another_text(crypto: CryptoProvider) -> None:
    """The replay: a good signature line put under a larger tree."""
    key = verifier.PublicKey.parse(crypto.key_file(NAME))
    signature = note_of(crypto).rpartition("\n\n")[2]
    text = notes.checkpoint_text(origin=NAME, size=8, root=b"r" * 32, time_us=5, hash=crypto.hash_name)
    assert verifier.open_checkpoint(key, f"{text}\n{signature}") is None


def test_a_promise_never_passes_for_a_checkpoint_nor_the_other_way(crypto: CryptoProvider) -> None:
    key = verifier.PublicKey.parse(crypto.key_file(NAME))
    text = notes.promise_text(
        origin=NAME, event="e" * 32, leaf=b"l" * 32, time_us=1, within_s=60, hash=crypto.hash_name
    )
    promise = crypto.note(text, NAME)
    assert verifier.open_promise(key, promise) is not None
    assert verifier.open_checkpoint(key, promise) is None
    assert verifier.open_promise(key, note_of(crypto)) is None


def test_a_signed_text_that_names_another_log_first_is_no_checkpoint_of_this_one(crypto: CryptoProvider) -> None:
    key = verifier.PublicKey.parse(crypto.key_file(NAME))
    text = notes.checkpoint_text(origin="other/1", size=7, root=b"r" * 32, time_us=5, hash=crypto.hash_name)
    assert key.open(crypto.note(text, NAME)) is not None, "the signature itself is good"
    assert verifier.open_checkpoint(key, crypto.note(text, NAME)) is None


def test_a_witness_may_sign_beneath(crypto: CryptoProvider, tmp_path: Path) -> None:
    witness = CryptoProvider.from_state(tmp_path / "witness")
    text = note_of(crypto).rpartition("\n\n")[0] + "\n"
    both = note_of(crypto) + witness.note(text, "witness.example").rpartition("\n\n")[2]
    assert verifier.open_checkpoint(verifier.PublicKey.parse(crypto.key_file(NAME)), both) is not None
    assert verifier.PublicKey.parse(witness.key_file("witness.example")).open(both) is not None


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        first = CryptoProvider.from_state(tmp_path)
    finally:
        os.umask(old)
    assert CryptoProvider.from_state(tmp_path).public == first.public
    (path,) = (tmp_path / "keys").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0


def test_processes_starting_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: CryptoProvider.from_state(tmp_path).public, range(32)))
    assert len(set(made)) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["log-ed25519.key"]


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    CryptoProvider.from_state(tmp_path)
    (tmp_path / "keys" / "log-ed25519.key").chmod(0o640)
    with pytest.raises(Refused, match="others can read"):
        CryptoProvider.from_state(tmp_path)


@pytest.mark.parametrize("suite", ["ed25519-sha256", "sm2-sm3"])
def test_a_damaged_key_file_is_named(suite: str, tmp_path: Path) -> None:
    CryptoProvider.from_state(tmp_path, suite)
    path = next((tmp_path / "keys").iterdir())
    path.write_bytes(b"\x30\x03\x02\x01\x05")
    with pytest.raises(BadInput, match="damaged"):
        CryptoProvider.from_state(tmp_path, suite)


def test_an_unknown_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="suite"):
        CryptoProvider.from_state(tmp_path, "rsa-md5")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b", "a/promise", "a\u2028b", "x" * 201])
def test_names_a_note_cannot_carry_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        CryptoProvider.from_state(tmp_path).key_file(name)


@settings(deadline=None, max_examples=300)
@given(st.text())
def test_no_text_but_a_key_file_is_read_as_one(text: str) -> None:
    with pytest.raises(verifier.Malformed):
        verifier.PublicKey.parse(text)


def test_one_changed_letter_in_a_key_file_is_noticed(tmp_path: Path) -> None:
    line = CryptoProvider.from_state(tmp_path).key_file("a").splitlines()[1]
    for place in range(len(line)):
        with pytest.raises(verifier.Malformed):
            verifier.PublicKey.parse(line[:place] + ("B" if line[place] != "B" else "C") + line[place + 1 :])


@pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl program is not here")
def test_openssl_itself_accepts_our_sm2_signatures(tmp_path: Path) -> None:
    key = sm2.PrivateKey(sm2.generate())
    message = "政通人和".encode()
    (tmp_path / "public.der").write_bytes(sm2.HEADER + key.point)
    (tmp_path / "message").write_bytes(message)
    (tmp_path / "signature").write_bytes(key.sign(message))
    command = (
        "openssl pkeyutl -verify -pubin -inkey public.der -keyform DER -rawin -digest sm3 "
        f"-pkeyopt distid:{sm2.IDENTITY.decode()} -in message -sigfile signature"
    )
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True)
    assert "Verified Successfully" in done.stdout, done.stderr
    assert not sm2.verify(key.point, message + b"!", key.sign(message))
    assert not sm2.verify(bytes(65), message, key.sign(message))
