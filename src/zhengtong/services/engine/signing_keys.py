# SPDX-License-Identifier: Apache-2.0
"""The city's own small certificate authority for notices, made once and kept in the state folder.

    <keys>/notices/  root.pem  root-key.pem  signer.pem  signer-key.pem      (folder 700, keys 600)

A city with an electronic seal service puts its own four files there instead. `root-key.pem` is needed only to
certify the next signer and belongs off the machine; nothing here reads it after the first day.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from zhengtong.errors import BadInput, Contradicted, WrongUse

ROOT_YEARS, SIGNER_YEARS = 20, 5


@dataclass(frozen=True)
class NoticeSigner:
    """Who signs: the private key, its certificate, and the root that certified it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    root: x509.Certificate

    @property
    def name(self) -> str:
        value = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        return value if isinstance(value, str) else value.decode()


def load_or_make_signer(keys: Path, city: str, *, valid_from: datetime) -> NoticeSigner:
    """The signer kept under `keys`, made on the first call; several processes may make that call at once.

    `city` names the certificates (`明州市`); `valid_from` (with a zone) is when they begin to be valid: a
    demo that signs a simulated past gives its first day. Both count only on the first call. Raises
    Contradicted when the files do not belong together or others may read a key; BadInput when one is
    malformed.
    """
    folder = keys / "notices"
    if not folder.exists():
        _make(folder, city, valid_from)
    return load_signer(folder)


def load_signer(folder: Path) -> NoticeSigner:
    """The signer in `folder`, checked: key and certificate agree, and the root certified it."""
    key_file = folder / "signer-key.pem"
    try:
        mode = stat.S_IMODE(key_file.stat().st_mode)
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate((folder / "signer.pem").read_bytes())
        root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            "签名密钥或证书不可读",
            "a signing key or certificate cannot be read",
            where=folder.name,
            found=type(error).__name__,
        ) from error
    if mode & 0o077:
        raise Contradicted(
            "签名密钥可被他人读取，拒绝使用", "others may read the signing key; it is not used",
            where=key_file.name, found=oct(mode), expected="0o600",
        )  # fmt: skip
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadInput(
            "签名密钥须为 ECDSA",
            "the signing key must be ECDSA",
            where=key_file.name,
            found=type(key).__name__,
        )
    if key.public_key() != certificate.public_key():
        raise Contradicted(
            "签名密钥与证书不匹配", "the signing key does not belong to the certificate", where=folder.name
        )
    try:
        certificate.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError):
        raise Contradicted(
            "签名证书不是由这个根证书签发的",
            "the root did not issue the signing certificate",
            where=folder.name,
        ) from None
    return NoticeSigner(key, certificate, root)


def _make(folder: Path, city: str, valid_from: datetime) -> None:
    if valid_from.tzinfo is None:
        raise WrongUse(
            "证书起始时间须带时区", "a certificate's first moment needs a zone", found=valid_from.isoformat()
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    root_key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name(city, f"{city}政务通知书根证书")
    root = _certify(root_name, root_name, root_key.public_key(), root_key, first=valid_from, authority=True)
    signer_name = _name(city, f"{city}政务通知书签名")
    signer = _certify(signer_name, root_name, signer_key.public_key(), root_key, first=valid_from, authority=False)
    # Written aside and renamed as a whole: a reader sees all four files or none, and of two makers one wins.
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".notices-"))
    try:
        for name, key in (("root-key.pem", root_key), ("signer-key.pem", signer_key)):
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            _write(aside / name, pem, 0o600)
        for name, certificate in (("root.pem", root), ("signer.pem", signer)):
            _write(aside / name, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        aside.rename(folder)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        if not folder.is_dir():
            raise


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _name(city: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, city),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certify(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signing: ec.EllipticCurvePrivateKey,
    *,
    first: datetime,
    authority: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(first + timedelta(days=366 * (ROOT_YEARS if authority else SIGNER_YEARS)))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    return builder.sign(signing, hashes.SHA256())
