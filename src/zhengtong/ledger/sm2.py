# SPDX-License-Identifier: Apache-2.0
"""SM2 signatures (GB/T 32918.2) with SM3, through OpenSSL's libcrypto ≥ 3: `cryptography` offers SM3 but not SM2.

Keys and signatures are what OpenSSL makes of them: private keys PKCS#8-free DER (`i2d_PrivateKey`), public keys the
65 bytes of the uncompressed point, signatures DER. The signer identity is GM/T 0009-2012's default.
`verifier.py` takes `verify` from here, also when both files are copied out of the house.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

IDENTITY = b"1234567812345678"
HEADER = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""DER of a SubjectPublicKeyInfo for curve SM2, up to the 65 bytes of the point."""

_Pointer = ctypes.c_void_p
_Size = ctypes.c_size_t


class NoSm2(OSError):
    """This machine's libcrypto is missing, older than 3, or refuses SM2."""


def verify(point: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (DER) over `message` is by the key whose uncompressed point is given. Raises `NoSm2`."""
    lib = _libcrypto()
    der = HEADER + point
    start = ctypes.c_char_p(der)
    key = lib.d2i_PUBKEY(None, ctypes.byref(start), ctypes.c_long(len(der)))
    if not key:
        return False
    try:
        with _context(lib, key, "EVP_DigestVerifyInit") as context:
            size = _Size(len(signature)), _Size(len(message))
            return bool(lib.EVP_DigestVerify(context, signature, size[0], message, size[1]) == 1)
    finally:
        lib.EVP_PKEY_free(_Pointer(key))


def generate() -> bytes:
    """A new private key as DER. Raises `NoSm2`."""
    lib = _libcrypto()
    context = _Pointer(lib.EVP_PKEY_CTX_new_from_name(None, b"SM2", None))
    key = _Pointer()
    made = lib.EVP_PKEY_keygen_init(context) == 1 and lib.EVP_PKEY_keygen(context, ctypes.byref(key)) == 1
    lib.EVP_PKEY_CTX_free(context)
    if not made:
        raise NoSm2("libcrypto made no SM2 key")
    try:
        return _export(lib.i2d_PrivateKey, key)
    finally:
        lib.EVP_PKEY_free(key)


class PrivateKey:
    """A private key held by libcrypto. Raises `NoSm2`; `ValueError` if the DER is no key on curve SM2."""

    def __init__(self, der: bytes) -> None:
        self._lib = _libcrypto()
        start = ctypes.c_char_p(der)
        self._key = _Pointer(self._lib.d2i_AutoPrivateKey(None, ctypes.byref(start), ctypes.c_long(len(der))))
        if not self._key:
            raise ValueError("not a private key")
        public = _export(self._lib.i2d_PUBKEY, self._key)
        if not public.startswith(HEADER) or len(public) != len(HEADER) + 65:
            raise ValueError("not a key on curve SM2")
        self.point = public[len(HEADER) :]

    def sign(self, message: bytes) -> bytes:
        with _context(self._lib, self._key.value or 0, "EVP_DigestSignInit") as context:
            room = ctypes.create_string_buffer(128)
            length = _Size(len(room))
            if self._lib.EVP_DigestSign(context, room, ctypes.byref(length), message, _Size(len(message))) != 1:
                raise NoSm2("libcrypto did not sign")
            return room.raw[: length.value]

    def __del__(self) -> None:
        if getattr(self, "_key", None):
            self._lib.EVP_PKEY_free(self._key)


@cache
def _libcrypto() -> ctypes.CDLL:
    name = ctypes.util.find_library("crypto")
    library = ctypes.CDLL(name) if name else None
    if library is None or not hasattr(library, "EVP_PKEY_CTX_new_from_name"):
        raise NoSm2("SM2 needs OpenSSL's libcrypto, version 3 or later")
    for call in (
        "d2i_PUBKEY",
        "d2i_AutoPrivateKey",
        "EVP_MD_CTX_new",
        "EVP_PKEY_CTX_new",
        "EVP_PKEY_CTX_new_from_name",
        "EVP_sm3",
    ):
        getattr(library, call).restype = _Pointer
    return library


@contextmanager
def _context(lib: ctypes.CDLL, key: int, start: str) -> Iterator[_Pointer]:
    """A digest context set up for SM3 and the default identity; OpenSSL 3 takes no identity unless it is told."""
    context = _Pointer(lib.EVP_MD_CTX_new())
    inner = _Pointer(lib.EVP_PKEY_CTX_new(_Pointer(key), None))
    try:
        named = lib.EVP_PKEY_CTX_set1_id(inner, IDENTITY, ctypes.c_int(len(IDENTITY))) == 1
        lib.EVP_MD_CTX_set_pkey_ctx(context, inner)
        sm3 = _Pointer(lib.EVP_sm3())
        if not named or getattr(lib, start)(context, None, sm3, None, _Pointer(key)) != 1:
            raise NoSm2("this libcrypto refuses SM2")
        yield context
    finally:
        lib.EVP_MD_CTX_free(context)
        lib.EVP_PKEY_CTX_free(inner)


def _export(call: ctypes._NamedFuncPointer, key: _Pointer) -> bytes:
    """DER of a key: OpenSSL tells the length first, then writes into our room."""
    room = ctypes.create_string_buffer(call(key, None))
    start = ctypes.cast(room, ctypes.c_char_p)
    call(key, ctypes.byref(start))
    return room.raw
