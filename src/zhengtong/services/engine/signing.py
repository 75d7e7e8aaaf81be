# SPDX-License-Identifier: Apache-2.0
"""Signing a notice so that a changed byte shows, and checking such a signature offline.

The city signs with a certificate of its own authority (ECDSA P-256, SHA-256, PAdES baseline B). There is no
time-stamping authority: `signed_at` is what the signer says. The SHA-256 of the signed file goes into the
ledger, which proves both when the file existed and that it is this very file; pass it to `verify_pdf` where
it is known.
"""

from __future__ import annotations

import hashlib
import hmac
import io
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, pem
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.keys.internal import (
    translate_pyca_cryptography_cert_to_asn1,
    translate_pyca_cryptography_key_to_asn1,
)
from pyhanko.pdf_utils.decode_limits import DecodeLimits
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.general import CMSExtractionError, SigningError
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    validate_pdf_signature,
)
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from zhengtong.errors import BadInput, WrongUse
from zhengtong.services.engine.signing_keys import NoticeSigner

FIELD = "ZhengtongNotice"
REASON = "政务通知书 Government notice"
MAX_BYTES = 32 << 20


@dataclass(frozen=True)
class SignedPdf:
    """The signed file and the hex SHA-256 of all its bytes, the digest the ledger carries."""

    pdf: bytes
    sha256: str


@dataclass(frozen=True)
class Why:
    """One reason a file does not verify: a stable code and a sentence in each language."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class SignatureReport:
    """`valid` only when every check passed; `intact` when the signed bytes are unchanged, whoever signed
    them.

    `signer` is the certificate's common name and `signed_at` the signer's own clock; both are None when
    unreadable, and both are claims of the file unless `valid`.
    """

    valid: bool
    intact: bool
    signer: str | None
    signed_at: datetime | None
    sha256: str
    why: tuple[Why, ...] = ()


_WHYS = {
    why.code: why
    for why in (
        Why("unreadable", "文件不是可读的 PDF", "the file is not a readable PDF"),
        Why("too_large", "文件过大，没有核验", "the file is too large and was not checked"),
        Why("unsigned", "文件没有数字签名", "the file carries no digital signature"),
        Why("several", "文件有不止一个签名，不是本系统出具的样式", "the file carries more than one signature"),
        Why("changed", "签名之后文件内容被改动", "the content was changed after signing"),
        Why("appended", "签名之后文件被追加了内容", "something was appended after signing"),
        Why("container", "签名数据本身被改动", "the signature's own container was changed"),
        Why("untrusted", "签名证书不受所信任的根证书认证", "the trusted root does not certify the signer at that time"),
        Why("weak", "签名方式不符合要求", "the signature is not of the required kind"),
        Why("not_recorded", "文件与存证记录的摘要不一致", "the file is not the one whose digest was recorded"),
    )
}  # fmt: skip


class _DatedSigner(signers.PdfSigner):
    """pyHanko reads the clock when a session starts; the time of a notice is given by who issues it."""

    when: datetime

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.when
        return session


def sign_pdf(pdf: bytes, signer: NoticeSigner, when: datetime) -> SignedPdf:
    """Sign `pdf` as `signer` at `when` (with a zone). No network is used.

    Raises WrongUse when `when` has no zone or lies outside the certificate's validity; BadInput when `pdf`
    cannot be signed (malformed, or signed already).
    """
    if when.tzinfo is None:
        raise WrongUse("签名时间须带时区", "the time of signing needs a zone", found=when.isoformat())
    first, last = signer.certificate.not_valid_before_utc, signer.certificate.not_valid_after_utc
    if not first <= when <= last:
        raise WrongUse(
            "签名时间不在签名证书的有效期内",
            "the time of signing is outside the certificate's validity",
            found=when.isoformat(),
            expected=f"{first.isoformat()} – {last.isoformat()}",
        )
    maker = _DatedSigner(
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            reason=REASON,
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        _cms_signer(signer),
        new_field_spec=fields.SigFieldSpec(sig_field_name=FIELD),
    )
    maker.when = when
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=True)
        if writer.prev.embedded_signatures:
            raise BadInput("这份文件已经签名", "the file is signed already")
        done = maker.sign_pdf(writer).getvalue()
    except (PdfError, SigningError, ValueError) as error:
        raise BadInput("这份文件不能签名", "the file cannot be signed", found=str(error)[:200]) from error
    return SignedPdf(done, hashlib.sha256(done).hexdigest())


def _cms_signer(signer: NoticeSigner) -> signers.SimpleSigner:
    # Only the signer's certificate travels in the file: whoever verifies brings the root, and what is not
    # there cannot be changed there.
    return signers.SimpleSigner(
        signing_cert=translate_pyca_cryptography_cert_to_asn1(signer.certificate),
        signing_key=translate_pyca_cryptography_key_to_asn1(signer.key),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )


def verify_pdf(pdf: bytes, trust_root: bytes, *, sha256: str | None = None) -> SignatureReport:
    """Check a signed notice against `trust_root`, the city's root certificate as PEM; `sha256` from the
    ledger if known.

    Never raises for what the file holds: a broken file is a report with `why`. Raises BadInput for a
    malformed root.
    """
    root = _certificate(trust_root)
    digest = hashlib.sha256(pdf).hexdigest()
    whys: list[str] = []
    if sha256 is not None and not hmac.compare_digest(digest, sha256.lower()):
        whys.append("not_recorded")
    if len(pdf) > MAX_BYTES:
        return _report(digest, [*whys, "too_large"])
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True, decode_limits=DecodeLimits())
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            return _report(digest, [*whys, "several" if signatures else "unsigned"])
        return _judge(pdf, signatures[0], root, digest, whys)
    # What pyHanko and asn1crypto raise while reading hostile bytes (the tests flip them all); anything else
    # is a fault.
    except (CMSExtractionError, SignatureValidationError):
        return _report(digest, [*whys, "container"])
    except (PdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError):
        return _report(digest, [*whys, "unreadable"])


def _judge(
    pdf: bytes, signature: EmbeddedPdfSignature, root: asn1_x509.Certificate, digest: str, whys: list[str]
) -> SignatureReport:
    claimed = signature.self_reported_timestamp
    context = ValidationContext(
        trust_roots=[root],
        allow_fetching=False,
        moment=claimed,
        best_signature_time=claimed,
        revocation_mode="soft-fail",
    )
    status: PdfSignatureStatus = validate_pdf_signature(signature, context)
    if not status.intact or not status.valid:
        whys.append("changed")
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        whys.append("appended")
    if not _canonical_container(pdf, signature):
        whys.append("container")
    if claimed is None or not status.trusted:
        whys.append("untrusted")
    if status.md_algorithm != "sha256" or not status.bottom_line:
        whys.append("weak")
    name = signature.signer_cert.subject.native.get("common_name")
    return _report(digest, whys, intact=status.intact and status.valid, signer=name, signed_at=claimed)


def _canonical_container(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """The gap that a signature cannot cover holds exactly the signature's DER in hex, then zeros, as we wrote it.

    Inside the DER, what the signature does not cover either (versions, the outer list of digests, unsigned
    attributes, further certificates) is compared with the only values we write.
    """
    first, head, second, _tail = (int(number) for number in signature.byte_range)
    gap = pdf[first + head : second]
    content = cms.ContentInfo.load(signature.pkcs7_content)
    written = content.dump(force=True).hex().upper().encode()
    signed, info = content["content"], signature.signer_info
    return (
        first == 0
        and gap[:1] == b"<"
        and gap[-1:] == b">"
        and gap[1 : 1 + len(written)] == written
        and not gap[1 + len(written) : -1].strip(b"0")
        and (signed["version"].native, info["version"].native) == ("v1", "v1")
        and [algorithm.native["algorithm"] for algorithm in signed["digest_algorithms"]] == ["sha256"]
        and not any(algorithm["parameters"].contents for algorithm in signed["digest_algorithms"])
        and len(signed["certificates"]) == len(signed["signer_infos"]) == 1
        and not signed["crls"]
        and not info["unsigned_attrs"]
    )


def _certificate(trust_root: bytes) -> asn1_x509.Certificate:
    try:
        _, _, der = pem.unarmor(trust_root)
        certificate = asn1_x509.Certificate.load(der, strict=True)
        certificate.native  # noqa: B018  asn1crypto parses lazily: this is the parse
    except (ValueError, TypeError) as error:
        raise BadInput(
            "根证书不是 PEM 格式的证书",
            "the trusted root is not a certificate in PEM",
            found=str(error)[:120],
        ) from error
    return certificate


def _report(
    digest: str,
    codes: list[str],
    *,
    intact: bool = False,
    signer: str | None = None,
    signed_at: datetime | None = None,
) -> SignatureReport:
    return SignatureReport(
        valid=not codes,
        intact=intact,
        signer=signer,
        signed_at=signed_at,
        sha256=digest,
        why=tuple(_WHYS[code] for code in codes),
    )


def root_pem(signer: NoticeSigner) -> bytes:
    """The public root certificate to publish, as PEM: what a verifier needs besides the file."""
    return signer.root.public_bytes(serialization.Encoding.PEM)
